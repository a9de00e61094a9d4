/* main_thread.c: which thread is the main one: the one in which the library was loaded.
 * Touches nothing else. */
#include "platform/windows/system.h"
#include "platform/windows/this_thread.h"

static DWORD loader;

EDDYI_AT_LOAD(remember_loader)
{
    loader = GetCurrentThreadId();
}

bool eddyi_is_main_thread(void)
{
    return loader == GetCurrentThreadId();
}
