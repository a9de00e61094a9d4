/* epoll.c: the poller over epoll(7): edge-triggered for our own descriptors, level-triggered for listeners and foreign ones.
 * Touches epoll, eventfd and the clock. The kernel is given slot and generation, never a pointer; a wait never ends
 * before its deadline without a reason. */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/readiness/poller.h"
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/posix/system.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441 /* on every processor */
#endif
#define SECOND     UINT64_C(1000000000)
#define WAKE_EVENT (((uint64_t)1 << 32) | EDDYI_SLOT_WAKE)

struct eddyi_poller {
    const eddy_allocator *allocator;
    int epoll, wake;
    atomic_bool woken;   /* a wake is on its way: more of them need no system call */
    bool no_nanoseconds; /* epoll_pwait2 is not there; found out once */
    struct epoll_event *events;
    int capacity;
};

static int last_error(void)
{
    return eddyi_error_from_system(errno);
}

static int epoll_probe(void)
{
    int fd = EDDYI_CALL(epoll_create1, -1, (EPOLL_CLOEXEC));
    if (fd < 0)
        return last_error();
    (void)close(fd); /* no EDDYI_CALL here and below: whatever close says, the descriptor is gone */
    return 0;
}

/* ---- what is watched ---- */

static struct epoll_event describe(eddyi_event event, bool level)
{
    uint32_t mask = 0;
    if (event.bits & EDDYI_IN)
        mask |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
    if (level && (event.bits & EDDYI_IN))
        mask &= ~(uint32_t)EPOLLPRI; /* it would be told as long as it holds */
    if (event.bits & EDDYI_OUT)
        mask |= EPOLLOUT;
    if (!level || mask == 0) /* errors are told always: with nothing watched, once is enough */
        mask |= EPOLLET;
    return (struct epoll_event){.events = mask, .data.u64 = event.slot | (uint64_t)event.generation << 32};
}

static int control(int epoll, int operation, eddy_fd fd, struct epoll_event event)
{
    if (EDDYI_CALL(epoll_ctl, -1, (epoll, operation, (int)fd, &event)) < 0)
        return errno == ENOSPC ? EDDY_ENOMEM : last_error(); /* ENOSPC: the user's limit of watches */
    return 0;
}

static int epoll_add(eddyi_poller *poller, eddy_fd fd, eddyi_event event, bool level)
{
    return control(poller->epoll, EPOLL_CTL_ADD, fd, describe(event, level));
}

static int epoll_change(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    int rc = control(poller->epoll, EPOLL_CTL_MOD, fd, describe(event, true));
    return rc == EDDY_ENOENT ? EDDY_EBADF : rc; /* the number names another file now */
}

static void epoll_remove(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    struct epoll_event ignored = describe(event, true);
    eddyi_calls_count(EDDYI_INJECT_epoll_ctl);
    /* no EDDYI_CALL: it cannot fail for memory */
    (void)epoll_ctl(poller->epoll, EPOLL_CTL_DEL, (int)fd, &ignored);
}

static int watch_wake(int epoll, int wake)
{
    /* Edge-triggered, so that nobody need empty it: each write is an edge of its own. */
    return control(epoll, EPOLL_CTL_ADD, wake,
                   (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.u64 = WAKE_EVENT});
}

/* ---- open, renew, close ---- */

static int epoll_open(eddyi_poller **out, const eddyi_backend_config *config)
{
    const eddy_allocator *allocator = config->allocator;
    size_t size;
    if (!eddyi_multiply(&size, config->batch, sizeof(struct epoll_event)))
        return EDDY_EINVAL;
    eddyi_poller *poller = eddyi_allocate_zero(allocator, sizeof *poller);
    if (poller == NULL)
        return EDDY_ENOMEM;
    int rc = EDDY_ENOMEM;
    poller->allocator = allocator;
    poller->epoll = poller->wake = -1;
    poller->capacity = (int)config->batch;
    atomic_init(&poller->woken, false);
    poller->events = eddyi_allocate(allocator, size);
    if (poller->events == NULL)
        goto out;
    poller->epoll = EDDYI_CALL(epoll_create1, -1, (EPOLL_CLOEXEC));
    if (poller->epoll < 0) {
        rc = last_error();
        goto out;
    }
    poller->wake = EDDYI_CALL(eventfd, -1, (0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (poller->wake < 0) {
        rc = last_error();
        goto out;
    }
    rc = watch_wake(poller->epoll, poller->wake);
    if (rc < 0)
        goto out;
    *out = poller;
    return 0;
out:
    if (poller->wake >= 0)
        (void)close(poller->wake); /* no EDDYI_CALL */
    if (poller->epoll >= 0)
        (void)close(poller->epoll); /* no EDDYI_CALL */
    eddyi_release(allocator, poller->events);
    eddyi_release(allocator, poller);
    return rc;
}

static void epoll_close(eddyi_poller *poller)
{
    (void)close(poller->wake);  /* no EDDYI_CALL */
    (void)close(poller->epoll); /* no EDDYI_CALL */
    eddyi_release(poller->allocator, poller->events);
    eddyi_release(poller->allocator, poller);
}

/* The number stays, so who polls it goes on; who keeps it in an epoll set of his own has to add it again. */
static int epoll_renew(eddyi_poller *poller)
{
    int fresh = EDDYI_CALL(epoll_create1, -1, (EPOLL_CLOEXEC));
    if (fresh < 0)
        return last_error();
    int rc = watch_wake(fresh, poller->wake);
    if (rc == 0 && dup3(fresh, poller->epoll, O_CLOEXEC) < 0)
        rc = last_error();
    (void)close(fresh); /* no EDDYI_CALL */
    return rc;
}

/* ---- wait and wake ---- */

/* The call itself, for the C libraries that have it are few; the kernel's own timespec, which has 64 bits everywhere. */
static int wait_exactly(eddyi_poller *poller, uint64_t timeout, int capacity)
{
    const struct {
        int64_t seconds, nanoseconds;
    } exact = {(int64_t)(timeout / SECOND), (int64_t)(timeout % SECOND)};
    return (int)EDDYI_CALL_AS(epoll_pwait2, syscall, -1,
                              (SYS_epoll_pwait2, poller->epoll, poller->events, capacity,
                               timeout == UINT64_MAX ? NULL : &exact, NULL, (size_t)0));
}

static int wait_once(eddyi_poller *poller, uint64_t timeout, int capacity)
{
    if (!poller->no_nanoseconds) {
        int rc = wait_exactly(poller, timeout, capacity);
        if (rc >= 0 || (errno != ENOSYS && errno != EPERM))
            return rc;
        poller->no_nanoseconds = true; /* an old kernel, or a filter of system calls */
    }
    int milliseconds = timeout == UINT64_MAX ? -1 : (int)((timeout + 999999) / 1000000);
    return EDDYI_CALL(epoll_wait, -1, (poller->epoll, poller->events, capacity, milliseconds));
}

static uint32_t bits_of(uint32_t mask)
{
    uint32_t bits = 0;
    if (mask & EPOLLIN)
        bits |= EDDYI_IN;
    if (mask & EPOLLOUT)
        bits |= EDDYI_OUT;
    if (mask & EPOLLPRI)
        bits |= EDDYI_IN | EDDYI_EVENT_URGENT;
    if (mask & EPOLLRDHUP)
        bits |= EDDYI_IN | EDDYI_END_IN;
    if (mask & EPOLLHUP)
        bits |= EDDYI_IN | EDDYI_OUT | EDDYI_END_IN | EDDYI_END_OUT;
    if (mask & EPOLLERR)
        bits |= EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK;
    return bits;
}

static void translate(eddyi_poller *poller, eddyi_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t data = poller->events[i].data.u64;
        events[i] = (eddyi_event){.slot = (uint32_t)data,
                                  .generation = (uint32_t)(data >> 32),
                                  .bits = bits_of(poller->events[i].events)};
        /* From here on a wake writes again. One that came before ends this wait, and what it announces is visible. */
        if (events[i].slot == EDDYI_SLOT_WAKE)
            (void)atomic_exchange(&poller->woken, false);
    }
}

static int epoll_wait_until(eddyi_poller *poller, uint64_t deadline, eddyi_event *events, int capacity)
{
    if (capacity > poller->capacity)
        capacity = poller->capacity;
    for (;;) {
        int count = wait_once(poller, eddyi_readiness_left(deadline), capacity);
        if (count < 0 && errno != EINTR)
            return last_error();
        if (count > 0) {
            translate(poller, events, count);
            return count;
        }
        if (eddyi_readiness_passed(deadline))
            return 0;
    }
}

static void epoll_wake(eddyi_poller *poller)
{
    if (atomic_exchange(&poller->woken, true))
        return;
    int saved = errno;
    uint64_t one = 1;
    /* no EDDYI_CALL: runs in signal handlers, and the counter cannot overflow */
    ssize_t written = write(poller->wake, &one, sizeof one);
    (void)written;
    errno = saved;
}

static eddy_fd epoll_pollable(eddyi_poller *poller)
{
    return poller->epoll;
}

static const eddyi_poller_ops epoll_poller = {
    .name = "epoll",
    .description = "epoll(7) of Linux",
    .edge = true,
    .probe = epoll_probe,
    .open = epoll_open,
    .close = epoll_close,
    .add = epoll_add,
    .change = epoll_change,
    .remove = epoll_remove,
    .wait = epoll_wait_until,
    .wake = epoll_wake,
    .renew = epoll_renew,
    .pollable = epoll_pollable,
};

static int open_backend(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    return eddyi_readiness_open(out, config, kinds, &epoll_poller);
}

extern const eddyi_backend_ops eddyi_backend_epoll;
const eddyi_backend_ops eddyi_backend_epoll = {
    .name = "epoll",
    .description = "epoll(7) of Linux: cost per ready descriptor, not per watched one",
    .caps = EDDYI_CAP_TRY_FIRST | EDDYI_CAP_IN_PLACE,
    .probe = epoll_probe,
    .open = open_backend,
    .close = eddyi_readiness_close,
    .attach = eddyi_readiness_attach,
    .detach = eddyi_readiness_detach,
    .submit = eddyi_readiness_submit,
    .cancel = eddyi_readiness_cancel,
    .wait = eddyi_readiness_wait,
    .wake = eddyi_readiness_wake,
    .pollable = eddyi_readiness_pollable,
};
