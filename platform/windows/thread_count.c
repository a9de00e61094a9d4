/* thread_count.c: how many threads the process has, by a snapshot of all threads of the system: slow, and asked for seldom.
 * Touches the tool help library. */
#include "core/platform.h"
#include "platform/windows/system.h"

#include <tlhelp32.h>

unsigned eddyi_process_thread_count(void)
{
    unsigned count = 0;
    THREADENTRY32 thread = {.dwSize = sizeof thread};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (all == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(all, &thread); more; more = Thread32Next(all, &thread))
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    (void)CloseHandle(all);
    return count;
}
