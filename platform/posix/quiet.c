/* quiet.c: a SIGPIPE of one's own is blocked and taken back, unless one was waiting before.
 * Touches the calling thread's signal mask. */
#include "platform/posix/quiet.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static sigset_t broken_pipe(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    return set;
}

void eddyi_quiet_begin(eddyi_quiet *quiet)
{
    sigset_t set = broken_pipe(), waiting;
    (void)sigemptyset(&waiting);
    (void)pthread_sigmask(SIG_BLOCK, &set, &quiet->before);
    if (sigismember(&quiet->before, SIGPIPE) == 1) /* else it would have been delivered */
        (void)sigpending(&waiting);
    quiet->waited = sigismember(&waiting, SIGPIPE) == 1;
}

void eddyi_quiet_end(const eddyi_quiet *quiet, bool broken)
{
    const struct timespec at_once = {0};
    sigset_t set = broken_pipe();
    int error = errno;
    if (broken && !quiet->waited)
        while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    (void)pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
    errno = error;
}

void eddyi_quiet_descriptor(int fd, bool on)
{
    (void)fd;
    (void)on;
}
