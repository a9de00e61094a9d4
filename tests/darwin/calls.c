/* calls.c: what calls.h declares.
 * Touches sockets, fcntl, signals, and a thread for each timer. */
#include "darwin/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#undef socket
#undef socketpair

static int settle(int fd, bool non_blocking, bool close_on_exec)
{
    if (fd >= 0 && non_blocking)
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (fd >= 0 && close_on_exec)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int test_socket(int domain, int type, int protocol)
{
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    return settle(socket(domain, type & ~flags, protocol), type & SOCK_NONBLOCK, type & SOCK_CLOEXEC);
}

int test_socketpair(int domain, int type, int protocol, int ends[2])
{
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC, rc = socketpair(domain, type & ~flags, protocol, ends);
    for (int i = 0; rc == 0 && i < 2; i++)
        (void)settle(ends[i], type & SOCK_NONBLOCK, type & SOCK_CLOEXEC);
    return rc;
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return settle(accept(fd, address, size), flags & SOCK_NONBLOCK, flags & SOCK_CLOEXEC);
}

int pipe2(int ends[2], int flags)
{
    int rc = pipe(ends);
    for (int i = 0; rc == 0 && i < 2; i++)
        (void)settle(ends[i], flags & O_NONBLOCK, flags & O_CLOEXEC);
    return rc;
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    sigset_t pending;
    int number;
    (void)info;
    (void)timeout;
    (void)sigpending(&pending);
    for (int i = 1; i < NSIG; i++)
        if (sigismember(set, i) == 1 && sigismember(&pending, i) == 1 && sigwait(set, &number) == 0)
            return number;
    errno = EAGAIN;
    return -1;
}

/* ---- timers ---- */

struct test_timer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t over;
    int signal;
    bool started, deleted;
    struct itimerspec when;
};

static void *run(void *arg)
{
    timer_t timer = arg;
    struct timespec next = timer->when.it_value;
    (void)pthread_mutex_lock(&timer->mutex);
    while (!timer->deleted) {
        int rc = pthread_cond_timedwait_relative_np(&timer->over, &timer->mutex, &next);
        if (rc != ETIMEDOUT)
            continue;
        (void)kill(getpid(), timer->signal);
        next = timer->when.it_interval;
        if (next.tv_sec == 0 && next.tv_nsec == 0)
            break;
    }
    (void)pthread_mutex_unlock(&timer->mutex);
    return NULL;
}

int timer_create(clockid_t clock, struct sigevent *event, timer_t *out)
{
    timer_t timer = calloc(1, sizeof *timer);
    (void)clock;
    if (timer == NULL)
        return -1;
    timer->signal = event->sigev_signo;
    (void)pthread_mutex_init(&timer->mutex, NULL);
    (void)pthread_cond_init(&timer->over, NULL);
    *out = timer;
    return 0;
}

/* The signal is for the threads that the test has: the timer's own blocks all. */
int timer_settime(timer_t timer, int flags, const struct itimerspec *when, struct itimerspec *before)
{
    sigset_t all, mask;
    (void)flags;
    (void)before;
    timer->when = *when;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &mask);
    timer->started = pthread_create(&timer->thread, NULL, run, timer) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return timer->started ? 0 : -1;
}

int timer_delete(timer_t timer)
{
    (void)pthread_mutex_lock(&timer->mutex);
    timer->deleted = true;
    (void)pthread_cond_signal(&timer->over);
    (void)pthread_mutex_unlock(&timer->mutex);
    if (timer->started)
        (void)pthread_join(timer->thread, NULL);
    (void)pthread_cond_destroy(&timer->over);
    (void)pthread_mutex_destroy(&timer->mutex);
    free(timer);
    return 0;
}
