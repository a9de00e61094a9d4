/* main_thread.c: on Linux the main thread's id is the process's id (gettid(2)).
 * Touches the system call. */
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/posix/this_thread.h"

bool eddyi_is_main_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}
