/* fault.c: telling a stack overflow from other crashes.
 * Touches the handlers of memory faults. Whatever is found, the crash stays a crash: who had a handler before gets it. */
#include "core/platform.h"

int eddyi_fault_install(eddyi_fault_describe_fn describe)
{
    /* Fill in: once a process. In the handler ask `describe` with the address that faulted; if it knows it, write its line to standard
     * error; then let what was there before run. */
    (void)describe;
    return EDDY_ENOSYS;
}

int eddyi_fault_thread_enter(void)
{
    /* Fill in: the handler needs a stack of its own, for the thread's is what overflowed. One that the thread has already is kept; calls nest. */
    return EDDY_ENOSYS;
}

void eddyi_fault_thread_leave(void)
{
}
