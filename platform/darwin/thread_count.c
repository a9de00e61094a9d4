/* thread_count.c: how many threads the process has (PROC_PIDTASKINFO, libproc.h).
 * Touches that call alone. */
#include <libproc.h>
#include <unistd.h>

#include "core/platform.h"

unsigned eddyi_process_thread_count(void)
{
    struct proc_taskinfo info;
    int size = proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &info, (int)sizeof info);
    return size == (int)sizeof info ? (unsigned)info.pti_threadnum : 0;
}
