/* child.c: a child after its birth: waited for, signalled, reaped.
 * Touches waitid and kill. Its number is used only while it is not reaped, so it is nobody else's. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

const int eddyi_signal_terminate = SIGTERM, eddyi_signal_kill = SIGKILL;

static int code_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
}

static int reap(const eddyi_child *child, int how, int *returncode)
{
    siginfo_t info;
    int rc;
    do {
        info.si_pid = 0;
        rc = EDDYI_CALL(waitid, -1, (P_PID, (id_t)child->pid, &info, WEXITED | how));
    } while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return eddyi_error_from_system(errno);
    if (info.si_pid == 0)
        return 0;
    *returncode = code_of(&info);
    return 1;
}

int eddyi_child_reap(const eddyi_child *child, int *returncode)
{
    return reap(child, WNOHANG, returncode);
}

void eddyi_child_await(const eddyi_child *child)
{
    siginfo_t info;
    /* no EDDYI_CALL: who waits here has no other way, and nobody to tell */
    while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        continue;
}

int eddyi_child_signal(const eddyi_child *child, int number)
{
    int rc = eddyi_child_signal_by((int)child->descriptor, number);
    if (rc < 0 && errno == ENOSYS)
        rc = EDDYI_CALL(kill, -1, (child->pid, number));
    if (rc == 0 || errno == ESRCH) /* somebody else reaped it */
        return 0;
    return eddyi_error_from_system(errno);
}

bool eddyi_child_kill_and_reap(const eddyi_child *child, int *returncode)
{
    /* no EDDYI_CALL: clean-up goes on whatever a test has planned */
    if (kill(child->pid, SIGKILL) < 0 && errno != ESRCH)
        return eddyi_child_reap(child, returncode) != 0;
    siginfo_t info = {.si_pid = 0};
    int rc;
    while ((rc = waitid(P_PID, (id_t)child->pid, &info, WEXITED)) < 0 && errno == EINTR)
        continue;
    if (rc == 0)
        *returncode = code_of(&info);
    return true;
}

void eddyi_child_close(eddyi_child *child)
{
    if (child->descriptor >= 0)
        (void)close((int)child->descriptor); /* no EDDYI_CALL: whatever it says, it is gone */
    child->descriptor = -1;
}
