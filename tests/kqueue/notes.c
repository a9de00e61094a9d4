/* notes.c: the filters: adding, changing and deleting one, and what it has to tell.
 * Touches epoll, poll, fstat and pidfd. What it says of a descriptor is what the descriptor says at that moment; an event that is not true
 * any more is not told. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulation.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int set_of(const note *n)
{
    return n->event.filter == EVFILT_READ ? READ : WRITE;
}

static bool on_descriptor(short filter)
{
    return filter == EVFILT_READ || filter == EVFILT_WRITE;
}

note **note_bucket(queue *q, uintptr_t ident)
{
    return &q->notes[ident % BUCKETS];
}

note *note_find(queue *q, uintptr_t ident, short filter)
{
    note *n = *note_bucket(q, ident);
    while (n != NULL && (n->event.ident != ident || n->event.filter != filter))
        n = n->next;
    return n;
}

/* ---- the row of those that may have something to tell ---- */

void note_activate(queue *q, note *n)
{
    if (n->active || !n->enabled)
        return;
    n->active = true;
    n->later = NULL;
    *q->last = n;
    q->last = &n->later;
}

static void deactivate(queue *q, note *n)
{
    if (!n->active)
        return;
    note **link = &q->first;
    while (*link != n)
        link = &(*link)->later;
    *link = n->later;
    if (q->last == &n->later)
        q->last = link;
    n->active = false;
}

/* ---- standing in the kernel's set ---- */

static int watch(queue *q, note *n)
{
    struct epoll_event event = {.events = EPOLLET, .data.ptr = n};
    event.events |= set_of(n) == READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
    if (set_of(n) == READ && (n->event.flags & EV_OOBAND))
        event.events |= EPOLLPRI;
    /* Told that nothing has changed it looks whether the descriptor is ready, and begins a new edge if so. */
    int how = n->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(q->sets[set_of(n)], how, (int)n->event.ident, &event) < 0)
        return errno;
    n->watched = true;
    return 0;
}

static void unwatch(queue *q, note *n)
{
    struct epoll_event ignored = {0};
    if (n->watched)
        (void)epoll_ctl(q->sets[set_of(n)], EPOLL_CTL_DEL, (int)n->event.ident, &ignored);
    n->watched = false;
    deactivate(q, n);
}

void note_free(queue *q, note *n)
{
    note **link = note_bucket(q, n->event.ident);
    if (on_descriptor(n->event.filter)) {
        if (emulation_chance(emulation_faults.stale)) {
            q->stale = n->event;
            q->has_stale = true;
        }
        unwatch(q, n);
    }
    deactivate(q, n);
    if (n->process >= 0)
        (void)__real_close(n->process);
    if (q->user == n)
        q->user = NULL;
    while (*link != n)
        link = &(*link)->next;
    *link = n->next;
    free(n);
}

/* ---- changes ---- */

/* What kernels refuse: FreeBSD the writing of a pipe that nobody reads; all the writing of a queue. Regular files, which are always ready
 * there, are refused here as well: nobody asks for them. */
static int suits(queue *q, note *n)
{
    struct stat file;
    int fd = (int)n->event.ident;
    struct pollfd state = {.fd = fd, .events = POLLOUT};
    if (fstat(fd, &file) < 0)
        return EBADF;
    if (S_ISREG(file.st_mode) || (n->event.filter == EVFILT_WRITE && queue_of(fd) != NULL))
        return EINVAL;
    if (n->event.filter == EVFILT_WRITE && S_ISFIFO(file.st_mode) && poll(&state, 1, 0) > 0 &&
        (state.revents & POLLERR))
        return EPIPE;
    return queue_open(q);
}

static int add_process(queue *q, note *n)
{
    struct epoll_event event = {.events = EPOLLIN};
    n->process = (int)syscall(SYS_pidfd_open, (pid_t)n->event.ident, 0);
    if (n->process < 0)
        return errno;
    event.data.fd = n->process;
    return epoll_ctl(q->fd, EPOLL_CTL_ADD, n->process, &event) == 0 ? 0 : errno;
}

static int prepare(queue *q, note *n)
{
    int error;
    switch (n->event.filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
        error = suits(q, n);
        if (error == 0 && n->enabled) {
            error = watch(q, n);
            if (error == EPERM) /* a device that never waits */
                error = EINVAL;
        }
        return error;
    case EVFILT_PROC:
        return add_process(q, n);
    case EVFILT_USER: /* one a queue */
        error = emulation_faults.no_user || q->user != NULL ? EINVAL : queue_open(q);
        if (error == 0)
            q->user = n;
        return error;
    default:
        return EINVAL;
    }
}

static int add(queue *q, const struct kevent *change)
{
    note *n = calloc(1, sizeof *n);
    if (n == NULL)
        return ENOMEM;
    n->event = *change;
    n->event.flags &= (unsigned short)(EV_CLEAR | EV_ONESHOT | EV_OOBAND);
    if (!on_descriptor(change->filter))
        n->event.fflags &= NOTE_EXIT;
    n->enabled = !(change->flags & EV_DISABLE);
    n->process = -1;
    atomic_init(&n->triggered, false);
    n->next = *note_bucket(q, change->ident);
    *note_bucket(q, change->ident) = n;
    int error = prepare(q, n);
    if (error != 0) {
        int before = emulation_faults.stale;
        emulation_faults.stale = 0; /* it never told anything */
        note_free(q, n);
        emulation_faults.stale = before;
    }
    return error;
}

/* An EV_ADD of what is there changes the user's word, and neither drops nor sets EV_CLEAR. */
static int modify(queue *q, note *n, const struct kevent *change)
{
    bool enable = (change->flags & EV_ENABLE) || ((change->flags & EV_ADD) && !(change->flags & EV_DISABLE));
    n->event.udata = change->udata;
    if (change->flags & EV_DISABLE) {
        n->enabled = false;
        if (on_descriptor(n->event.filter))
            unwatch(q, n);
        return 0;
    }
    if (!enable)
        return 0;
    n->enabled = true;
    return on_descriptor(n->event.filter) ? watch(q, n) : 0;
}

int note_change(queue *q, const struct kevent *change)
{
    note *n = note_find(q, change->ident, change->filter);
    if (n == NULL)
        return (change->flags & EV_ADD) ? add(q, change) : ENOENT;
    if (change->flags & EV_DELETE) {
        note_free(q, n);
        return 0;
    }
    return modify(q, n, change);
}

/* ---- what it has to tell ---- */

static bool is_socket(const struct stat *file)
{
    return S_ISSOCK(file->st_mode);
}

/* Of a pipe's two ends each has one direction. */
static bool has_direction(int fd, const struct stat *file, int access)
{
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    return !S_ISFIFO(file->st_mode) || mode == O_RDWR || mode == access;
}

/* Linux says of a socket that was never connected that it hangs up; others say nothing. */
static bool is_fresh(const struct stat *file, short revents)
{
    return is_socket(file) && (revents & POLLHUP) && !(revents & (POLLRDHUP | POLLERR));
}

/* Kernels give the socket's pending error and leave it there. Here it cannot be seen without being taken: so that there is one. */
enum { SOME_ERROR = EIO };

static bool look_at_reading(const note *n, struct kevent *out)
{
    int fd = (int)n->event.ident, bytes = 0;
    struct stat file;
    struct pollfd state = {.fd = fd, .events = POLLIN | POLLRDHUP | POLLPRI};
    if (fstat(fd, &file) < 0 || poll(&state, 1, 0) <= 0 || is_fresh(&file, state.revents) ||
        !has_direction(fd, &file, O_RDONLY))
        return false;
    bool urgent = (state.revents & POLLPRI) && (n->event.flags & EV_OOBAND);
    if (!urgent && !(state.revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)))
        return false;
    if (ioctl(fd, FIONREAD, &bytes) < 0)
        bytes = 1;
    out->data = bytes;
    out->flags |= urgent ? EV_OOBAND : 0u;
    out->flags |= (state.revents & (POLLRDHUP | POLLHUP)) ? EV_EOF : 0u;
    if ((state.revents & POLLERR) && is_socket(&file)) {
        out->flags |= EV_EOF;
        out->fflags = SOME_ERROR;
    }
    return true;
}

static bool look_at_writing(const note *n, struct kevent *out)
{
    int fd = (int)n->event.ident;
    struct stat file;
    struct pollfd state = {.fd = fd, .events = POLLOUT};
    if (fstat(fd, &file) < 0 || poll(&state, 1, 0) <= 0 || !has_direction(fd, &file, O_WRONLY))
        return false;
    if (is_socket(&file)) {
        struct pollfd end = {.fd = fd, .events = POLLRDHUP};
        (void)poll(&end, 1, 0);
        if (is_fresh(&file, (short)(state.revents | end.revents)))
            return false;
    }
    out->data = 1;
    out->flags |= (state.revents & (POLLHUP | POLLERR)) ? EV_EOF : 0u;
    if ((state.revents & POLLERR) && is_socket(&file))
        out->fflags = SOME_ERROR;
    return true;
}

static bool look_at_process(const note *n, struct kevent *out)
{
    siginfo_t info = {.si_pid = 0};
    struct pollfd state = {.fd = n->process, .events = POLLIN};
    if (poll(&state, 1, 0) <= 0)
        return false;
    if (waitid((idtype_t)P_PIDFD, (id_t)n->process, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        out->data = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    out->fflags = NOTE_EXIT;
    out->flags |= EV_EOF | EV_ONESHOT;
    return true;
}

bool note_look(const note *n, struct kevent *out)
{
    *out = n->event;
    out->flags &= (unsigned short)~EV_OOBAND;
    switch (n->event.filter) {
    case EVFILT_READ:
        return look_at_reading(n, out);
    case EVFILT_WRITE:
        return look_at_writing(n, out);
    case EVFILT_PROC:
        return look_at_process(n, out);
    default:
        return true;
    }
}

void note_told(queue *q, note *n)
{
    deactivate(q, n);
    if ((n->event.flags & EV_ONESHOT) || n->event.filter == EVFILT_PROC) {
        note_free(q, n);
        return;
    }
    if (on_descriptor(n->event.filter) && !(n->event.flags & EV_CLEAR))
        (void)watch(q, n);
}
