/* main_thread.c: on Linux the main thread's id is the process's id (gettid(2)).
 * Touches the system call. */
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

bool eddyi_is_main_thread(void);

bool eddyi_is_main_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}
