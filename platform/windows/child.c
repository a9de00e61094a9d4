/* child.c: a child after its birth: waited for, told to end, forgotten.
 * Touches process handles. The handle is the child itself: its number cannot become another's while we hold it. The system's own pool waits for all
 * children together and rings the bell of each that has ended. */
#include <signal.h>

#include "platform/windows/spawn.h"

#ifndef SIGKILL
#define SIGKILL 9
#endif
#ifndef SIGBREAK
#define SIGBREAK 21
#endif

const int eddyi_signal_terminate = SIGTERM, eddyi_signal_kill = SIGKILL;

static HANDLE process_of(const eddyi_child *child)
{
    return (HANDLE)child->process;
}

static int code_of(const eddyi_child *child)
{
    DWORD code = 255;
    (void)GetExitCodeProcess(process_of(child), &code);
    return (code & ~0x7fu) == EDDYI_ENDED_BY ? -(int)(code & 0x7f) : (int)code;
}

/* ---- the end ---- */

static void CALLBACK has_ended(void *bell, BOOLEAN timed_out)
{
    (void)timed_out;
    eddyi_bell_ring((eddy_fd)bell);
}

int eddyi_child_watch(eddyi_child *child)
{
    HANDLE watch;
    eddy_fd bell;
    child->descriptor = -1;
    int rc = eddyi_bell_open(&bell);
    if (rc < 0)
        return rc;
    if (!EDDYI_CALL_AS(pidfd_open, RegisterWaitForSingleObject, FALSE,
                       (&watch, process_of(child), has_ended, (void *)bell, INFINITE,
                        WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD))) {
        rc = eddyi_error_from_system(eddyi_last_error());
        (void)eddyi_platform_net.close(NULL, bell);
        return rc;
    }
    child->descriptor = bell;
    child->watch = (intptr_t)watch;
    return 0;
}

void eddyi_child_close(eddyi_child *child)
{
    if (child->descriptor < 0)
        return;
    (void)UnregisterWaitEx((HANDLE)child->watch,
                           INVALID_HANDLE_VALUE); /* when it returns nobody rings any more */
    (void)closesocket((SOCKET)child->descriptor); /* no EDDYI_CALL: ours */
    child->descriptor = -1;
}

int eddyi_child_reap(const eddyi_child *child, int *returncode)
{
    DWORD state = EDDYI_CALL_AS(waitid, WaitForSingleObject, WAIT_FAILED, (process_of(child), 0));
    if (state == WAIT_TIMEOUT)
        return 0;
    if (state == WAIT_FAILED)
        return eddyi_error_from_system(eddyi_last_error());
    *returncode = code_of(child);
    (void)CloseHandle(process_of(child));
    return 1;
}

void eddyi_child_await(const eddyi_child *child)
{
    (void)WaitForSingleObject(process_of(child), INFINITE);
}

/* ---- signals ---- */

int eddyi_child_signal(const eddyi_child *child, int number)
{
    BOOL done;
    if (number == 0 || WaitForSingleObject(process_of(child), 0) == WAIT_OBJECT_0)
        return number >= 0 ? 0 : EDDY_EINVAL;
    if (number == SIGTERM || number == SIGKILL || number == SIGINT)
        done =
            EDDYI_CALL_AS(kill, TerminateProcess, FALSE, (process_of(child), EDDYI_ENDED_BY | (UINT)number));
    else if (number == SIGBREAK) /* heard by a child in a process group of its own */
        done = EDDYI_CALL_AS(kill, GenerateConsoleCtrlEvent, FALSE, (CTRL_BREAK_EVENT, (DWORD)child->pid));
    else
        return EDDY_EINVAL;
    if (done || WaitForSingleObject(process_of(child), 0) == WAIT_OBJECT_0)
        return 0;
    return eddyi_error_from_system(eddyi_last_error());
}

bool eddyi_child_kill_and_reap(const eddyi_child *child, int *returncode)
{
    /* no EDDYI_CALL: clean-up goes on whatever a test has planned */
    if (!TerminateProcess(process_of(child), EDDYI_ENDED_BY | SIGKILL) &&
        WaitForSingleObject(process_of(child), 0) != WAIT_OBJECT_0)
        return false;
    (void)WaitForSingleObject(process_of(child),
                              INFINITE); /* it ends when its last call of the system's has */
    *returncode = code_of(child);
    (void)CloseHandle(process_of(child));
    return true;
}
