/* kevent.c: the call: changes first, then events.
 * Touches epoll and ppoll. As FreeBSD does it: a change that fails is an event while there is room, else the answer; with such events, or
 * receipts, nothing else is told; changes were made even if the wait was interrupted. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "emulation.h"

enum { MANY = 64 };

/* ---- EVFILT_USER: any thread, any signal handler ---- */

static int trigger(queue *q)
{
    uint64_t one = 1;
    if (q->user == NULL) {
        errno = ENOENT;
        return -1;
    }
    atomic_store(&q->user->triggered, true);
    return write(q->bell, &one, sizeof one) < 0 && errno != EAGAIN ? -1 : 0;
}

static void answer_bell(queue *q)
{
    uint64_t count;
    if (read(q->bell, &count, sizeof count) < 0)
        return;
    if (q->user != NULL && atomic_exchange(&q->user->triggered, false))
        note_activate(q, q->user);
}

/* ---- what the kernel has ---- */

static void collect_set(queue *q, int set)
{
    struct epoll_event found[MANY];
    int count;
    do {
        count = epoll_wait(set, found, MANY, 0);
        for (int i = 0; i < count; i++)
            note_activate(q, found[i].data.ptr);
    } while (count == MANY);
}

static void collect(queue *q)
{
    struct epoll_event found[MANY];
    int count = epoll_wait(q->fd, found, MANY, 0);
    for (int i = 0; i < count; i++) {
        int fd = found[i].data.fd;
        if (fd == q->sets[READ] || fd == q->sets[WRITE]) {
            collect_set(q, fd);
        } else if (fd == q->bell) {
            answer_bell(q);
        } else {
            for (int b = 0; b < BUCKETS; b++)
                for (note *n = q->notes[b]; n != NULL; n = n->next)
                    if (n->process == fd)
                        note_activate(q, n);
        }
    }
}

/* What found no room must be seen by who polls the queue: then the set is told again. */
static void keep_visible(queue *q)
{
    uint64_t one = 1;
    if (q->first != NULL && q->bell >= 0)
        (void)!write(q->bell, &one, sizeof one);
}

static int deliver(queue *q, struct kevent *events, int room)
{
    int count = 0;
    if (emulation_faults.batch > 0 && room > emulation_faults.batch)
        room = emulation_faults.batch;
    if (q->has_stale && count < room) {
        events[count] = q->stale;
        events[count++].data = 1;
        q->has_stale = false;
        emulation_stale_told++;
    }
    for (note *n = q->first; n != NULL && count < room; n = q->first) {
        bool tells = note_look(n, &events[count]);
        count += tells;
        if (tells) {
            note_told(q, n);
        } else { /* not true any more: the next edge says so */
            q->first = n->later;
            if (q->first == NULL)
                q->last = &q->first;
            n->active = false;
        }
    }
    keep_visible(q);
    return count;
}

/* ---- the call ---- */

static int make_changes(queue *q, const struct kevent *changes, int change_count, struct kevent *events,
                        int room)
{
    int count = 0;
    for (int i = 0; i < change_count; i++) {
        bool triggers = changes[i].filter == EVFILT_USER && (changes[i].fflags & NOTE_TRIGGER);
        int error = note_change(q, &changes[i]);
        if (error == 0 && triggers)
            error = trigger(q) < 0 ? errno : 0;
        if (error == 0 && !(changes[i].flags & EV_RECEIPT))
            continue;
        if (count == room) {
            errno = error;
            return error != 0 ? -1 : count;
        }
        events[count] = changes[i];
        events[count].flags = (unsigned short)EV_ERROR;
        events[count++].data = error;
    }
    return count;
}

static uint64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int wait_for(int fd, uint64_t deadline)
{
    struct pollfd state = {.fd = fd, .events = POLLIN};
    uint64_t before = now(), left = deadline > before ? deadline - before : 0;
    struct timespec limit = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    return ppoll(&state, 1, deadline == UINT64_MAX ? NULL : &limit, NULL);
}

static int look(int fd, struct kevent *events, int room)
{
    emulation_lock();
    queue *q = queue_of(fd);
    int count = -1;
    if (q != NULL) {
        collect(q);
        count = deliver(q, events, room);
    } else {
        errno = EBADF;
    }
    emulation_unlock();
    return count;
}

int kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
           const struct timespec *timeout)
{
    queue *q = queue_of(fd);
    if (q == NULL) {
        errno = EBADF;
        return -1;
    }
    if (change_count == 1 && event_count == 0 && changes->filter == EVFILT_USER &&
        (changes->fflags & NOTE_TRIGGER))
        return trigger(q);
    emulation_lock();
    int count = make_changes(q, changes, change_count, events, event_count);
    bool waits =
        timeout == NULL || timeout->tv_sec > 0 || timeout->tv_nsec > 0; /* nothing else can be interrupted */
    bool interrupted = event_count > 0 && count == 0 && waits && emulation_chance(emulation_faults.interrupt);
    emulation_unlock();
    if (count != 0 || event_count == 0)
        return count;
    if (interrupted) {
        errno = EINTR;
        return -1;
    }
    uint64_t deadline = UINT64_MAX;
    if (timeout != NULL)
        deadline = now() + (uint64_t)timeout->tv_sec * 1000000000u + (uint64_t)timeout->tv_nsec;
    for (;;) {
        count = look(fd, events, event_count);
        if (count != 0 || now() >= deadline)
            return count;
        if (wait_for(fd, deadline) < 0)
            return -1;
    }
}
