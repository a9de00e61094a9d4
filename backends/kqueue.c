/* kqueue.c: the poller over kqueue(2) of macOS and the BSDs: streams by EV_CLEAR, listeners and foreign descriptors by level.
 * Touches kqueue, a pipe where EVFILT_USER is missing, and the clock. The kernel is given the generation and knows the number; the
 * table here knows the slot. What changes is given to the kernel by the call that waits. */
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#include "backends/identity.h"
#include "backends/readiness/poller.h"
#include "backends/wake_pipe.h"
#include "core/base/memory.h"
#include "core/platform.h"

#define SECOND UINT64_C(1000000000)

#ifndef EVFILT_USER /* OpenBSD, NetBSD before 10: no kernel has this one, so open finds that it needs a pipe */
#define EVFILT_USER  (-64)
#define NOTE_TRIGGER 0
#endif
#ifndef EV_OOBAND /* all but macOS: urgent data is not told, so a short read never proves that a stream is drained */
#define EV_OOBAND 0
#endif
typedef __typeof__(((struct kevent *)0)->udata) user_data; /* void *; intptr_t on NetBSD before 10 */
#ifdef __NetBSD__
typedef size_t event_count; /* how many, to kevent */
#else
typedef int event_count;
#endif

enum { READ, WRITE, FILTERS };
enum { FIRST_ROOM = 64, MOST_CHANGES = 64 };

typedef struct entry { /* one descriptor number */
    uint32_t slot, generation;
    eddyi_identity identity;
    uint8_t filters; /* EDDYI_IN, EDDYI_OUT: the kernel has such a filter of it */
    uint8_t broken; /* it refused one because the other end is gone: it is asked again when that is watched */
    uint8_t wanted, armed; /* level-triggered: what is to be watched, and what the kernel was told */
    uint8_t unsure;        /* of these nobody knows whether the kernel was told: it is told again */
    bool used, dirty;      /* dirty: its number stands in `dirty` */
} entry;

struct eddyi_poller {
    const eddy_allocator *allocator;
    int queue;
    eddyi_wake_pipe wake; /* not open: the kernel has EVFILT_USER, and `woken` means that one is on its way */
    bool guest;           /* somebody waits for our descriptor, so the kernel must know at once */
    struct kevent *events;
    int capacity;
    entry *entries;
    int *dirty; /* numbers whose `wanted` may differ from `armed`; room for all */
    int room, dirty_count;
};

static int last_error(void)
{
    return eddyi_error_from_system(errno);
}

static const struct timespec at_once = {0};

static struct kevent describe(uintptr_t ident, int filter, unsigned flags, uint32_t generation)
{
    struct kevent event;
    EV_SET(&event, ident, (short)filter, (unsigned short)flags, 0, 0, (user_data)(uintptr_t)generation);
    return event;
}

static struct kevent describe_filter(const entry *e, int fd, int which, unsigned flags)
{
    return describe((uintptr_t)fd, which == READ ? EVFILT_READ : EVFILT_WRITE, flags, e->generation);
}

static uint8_t bit_of(int which)
{
    return which == READ ? EDDYI_IN : EDDYI_OUT;
}

static int which_of(const struct kevent *event)
{
    return event->filter == EVFILT_READ ? READ : WRITE;
}

static int new_queue(void)
{
    int fd = EDDYI_CALL(kqueue, -1, ());
    if (fd < 0)
        return last_error();
    if (EDDYI_CALL(fcntl, -1, (fd, F_SETFD, FD_CLOEXEC)) < 0) {
        int rc = last_error();
        (void)close(fd); /* no EDDYI_CALL here and below: whatever close says, the descriptor is gone */
        return rc;
    }
    return fd;
}

static int kqueue_probe(void)
{
    int fd = new_queue();
    if (fd < 0)
        return fd;
    (void)close(fd); /* no EDDYI_CALL */
    return 0;
}

/* ---- what is watched ---- */

/* Room for the number `fd`, or EDDY_ENOMEM and what is there stays as it is. */
static int grow(eddyi_poller *poller, int fd)
{
    size_t room = poller->room > 0 ? (size_t)poller->room : FIRST_ROOM, entries_size, dirty_size;
    while (room <= (size_t)fd)
        room *= 2;
    if (room == (size_t)poller->room)
        return 0;
    if (room > INT32_MAX || !eddyi_multiply(&entries_size, room, sizeof *poller->entries) ||
        !eddyi_multiply(&dirty_size, room, sizeof *poller->dirty))
        return EDDY_ENOMEM;
    int *dirty = eddyi_reallocate(poller->allocator, poller->dirty, dirty_size);
    if (dirty == NULL)
        return EDDY_ENOMEM;
    poller->dirty = dirty;
    entry *entries = eddyi_reallocate(poller->allocator, poller->entries, entries_size);
    if (entries == NULL)
        return EDDY_ENOMEM;
    memset(entries + poller->room, 0, (room - (size_t)poller->room) * sizeof *entries);
    poller->entries = entries;
    poller->room = (int)room;
    return 0;
}

/* Both filters in one call, each with a receipt. One that the descriptor does not have (a queue is not written to) is no error, nor
 * is one whose other end is gone: the try of the op itself tells. */
static int register_filters(eddyi_poller *poller, entry *e, int fd, bool level)
{
    struct kevent changes[FILTERS], receipts[FILTERS];
    int failure = 0;
    for (int i = 0; i < FILTERS; i++) {
        unsigned way = !level ? EV_CLEAR | EV_OOBAND : (e->wanted & bit_of(i)) ? 0u : EV_DISABLE;
        changes[i] = describe_filter(e, fd, i, EV_ADD | EV_RECEIPT | way);
    }
    /* As many receipts as there is room for: kernels that have events ready as well cannot give them to us here. */
    int count = EDDYI_CALL(kevent, -1, (poller->queue, changes, FILTERS, receipts, FILTERS, &at_once));
    if (count < 0)
        return last_error();
    for (int i = 0; i < count; i++) {
        int error = (int)receipts[i].data;
        uint8_t bit = bit_of(which_of(&receipts[i]));
        if (error == 0)
            e->filters |= bit;
        else if (error == EPIPE || error == EBADF) /* NetBSD says the latter */
            e->broken |= bit;
        if (error != 0 && failure != ENOMEM)
            failure = error;
    }
    e->armed = e->wanted & e->filters;
    return e->filters == 0 || failure == ENOMEM ? eddyi_error_from_system(failure) : 0;
}

/* In one call; a filter that is not there any more is no error. */
static void unregister_filters(eddyi_poller *poller, const entry *e, int fd)
{
    struct kevent changes[FILTERS], receipts[FILTERS];
    for (int i = 0; i < FILTERS; i++)
        changes[i] = describe_filter(e, fd, i, EV_DELETE | EV_RECEIPT);
    /* no EDDYI_CALL: it cannot fail for memory */
    (void)kevent(poller->queue, changes, FILTERS, receipts, FILTERS, &at_once);
}

static int kqueue_add(eddyi_poller *poller, eddy_fd descriptor, eddyi_event event, bool level)
{
    eddyi_identity identity;
    int fd = (int)descriptor;
    int rc = eddyi_identify(fd, &identity);
    if (rc == 0)
        rc = grow(poller, fd);
    if (rc < 0)
        return rc;
    entry *e = &poller->entries[fd];
    if (e->used && eddyi_is_same_file(e->identity, identity))
        return EDDY_EEXIST;
    entry fresh = {.slot = event.slot,
                   .generation = event.generation,
                   .identity = identity,
                   .wanted = (uint8_t)event.bits,
                   .used = true,
                   .dirty = e->dirty};
    rc = register_filters(poller, &fresh, fd, level);
    if (rc < 0) {
        unregister_filters(poller, &fresh, fd);
        return rc;
    }
    *e = fresh;
    return 0;
}

/* ---- changes wait for the call that waits ---- */

static uint8_t changes_of(const entry *e)
{
    return (e->wanted ^ e->armed) | e->unsure;
}

static void mark(eddyi_poller *poller, int fd)
{
    entry *e = &poller->entries[fd];
    if (e->dirty || changes_of(e) == 0)
        return;
    e->dirty = true;
    poller->dirty[poller->dirty_count++] = fd;
}

/* EV_ENABLE and not EV_ADD, which would take what has the number by now for what had it. */
static struct kevent change_of(entry *e, int fd, int which)
{
    uint8_t bit = bit_of(which);
    unsigned flags = (e->wanted & bit) ? EV_ENABLE : EV_DISABLE;
    if (e->broken & bit)
        flags = (e->wanted & bit) ? EV_ADD : EV_DELETE;
    e->armed = (uint8_t)((e->armed & ~bit) | (e->wanted & bit));
    e->unsure &= (uint8_t)~bit;
    return describe_filter(e, fd, which, flags);
}

/* At most `room` of them; what is left waits for the next call. */
static int take_changes(eddyi_poller *poller, struct kevent *changes, int room)
{
    int count = 0;
    while (poller->dirty_count > 0 && count < room) {
        int fd = poller->dirty[poller->dirty_count - 1];
        entry *e = &poller->entries[fd];
        uint8_t differing = changes_of(e);
        if (differing & EDDYI_IN) {
            changes[count++] = change_of(e, fd, READ);
        } else if (differing & EDDYI_OUT) {
            changes[count++] = change_of(e, fd, WRITE);
        } else {
            e->dirty = false;
            poller->dirty_count--;
        }
    }
    return count;
}

/* The call failed, and the kernel may have taken them or not: an interrupted one did. Each may be told twice, so whatever is wanted when
 * the next call is made is told, even if it was so before. */
static void put_back(eddyi_poller *poller, const struct kevent *changes, int count)
{
    for (int i = 0; i < count; i++) {
        poller->entries[changes[i].ident].unsure |= bit_of(which_of(&changes[i]));
        mark(poller, (int)changes[i].ident);
    }
}

static void kqueue_wake(eddyi_poller *);

/* A guest's own wait must see what changed; what fails is left for ours, which tells the owner. */
static void change_now(eddyi_poller *poller)
{
    struct kevent change;
    while (take_changes(poller, &change, 1) == 1) {
        if (EDDYI_CALL(kevent, -1, (poller->queue, &change, 1, NULL, 0, &at_once)) < 0) {
            put_back(poller, &change, 1);
            kqueue_wake(poller);
            return;
        }
    }
}

static int kqueue_change(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    entry *e = &poller->entries[fd];
    if (e->filters == 0)
        return EDDY_EBADF;                                      /* a change was refused */
    e->wanted = (uint8_t)event.bits & (e->filters | e->broken); /* what has no such filter never gets ready */
    mark(poller, (int)fd);
    if (poller->guest)
        change_now(poller);
    return 0;
}

static void kqueue_remove(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    entry *e = &poller->entries[fd];
    (void)event;
    unregister_filters(poller, e, (int)fd);
    e->used = false;
    e->wanted = e->armed = e->unsure = 0; /* it may stand among the dirty ones still */
}

/* ---- open and close ---- */

static int open_wake(eddyi_poller *poller)
{
    struct kevent user = describe(0, EVFILT_USER, EV_ADD | EV_CLEAR, 0);
    if (EDDYI_CALL(kevent, -1, (poller->queue, &user, 1, NULL, 0, &at_once)) == 0)
        return 0;
    if (errno == ENOMEM)
        return EDDY_ENOMEM;
    int rc = eddyi_wake_pipe_open(&poller->wake);
    if (rc < 0)
        return rc;
    const eddyi_event event = {.slot = EDDYI_SLOT_WAKE, .bits = EDDYI_IN};
    return kqueue_add(poller, poller->wake.ends[0], event, true);
}

static void kqueue_close(eddyi_poller *poller)
{
    eddyi_wake_pipe_close(&poller->wake);
    if (poller->queue >= 0)
        (void)close(poller->queue); /* no EDDYI_CALL */
    eddyi_release(poller->allocator, poller->dirty);
    eddyi_release(poller->allocator, poller->entries);
    eddyi_release(poller->allocator, poller->events);
    eddyi_release(poller->allocator, poller);
}

static int kqueue_open(eddyi_poller **out, const eddyi_backend_config *config)
{
    size_t size;
    int rc = EDDY_ENOMEM;
    if (!eddyi_multiply(&size, config->batch, sizeof(struct kevent)))
        return EDDY_EINVAL;
    eddyi_poller *poller = eddyi_allocate_zero(config->allocator, sizeof *poller);
    if (poller == NULL)
        return rc;
    poller->allocator = config->allocator;
    poller->queue = -1;
    eddyi_wake_pipe_init(&poller->wake);
    poller->capacity = (int)config->batch;
    poller->events = eddyi_allocate(config->allocator, size);
    if (poller->events == NULL)
        goto out;
    rc = poller->queue = new_queue();
    if (rc < 0)
        goto out;
    rc = open_wake(poller);
    if (rc < 0)
        goto out;
    *out = poller;
    return 0;
out:
    kqueue_close(poller);
    return rc;
}

/* ---- wait and wake ---- */

static uint32_t bits_of(const struct kevent *event)
{
    uint32_t bits = EDDYI_OUT;
    if (which_of(event) == READ) {
        bits = EDDYI_IN;
        if (EV_OOBAND == 0 || (event->flags & EV_OOBAND))
            bits |= EDDYI_EVENT_URGENT;
        if (event->flags & EV_EOF) /* there may be data before it */
            bits |= EDDYI_END_IN;
    } else if (event->flags & EV_EOF) {
        bits |=
            EDDYI_IN | EDDYI_END_OUT | EDDYI_EVENT_ASK; /* who waits for a pipe's reader to go is told, too */
    }
    if ((event->flags & EV_EOF) && event->fflags != 0) /* the socket's error */
        bits |= EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK;
    return bits;
}

/* A change that the kernel did not take: the other end is gone still, or the number is another file's by now, or nobody's. The
 * owner asks for itself; nothing is watched. */
static uint32_t refused(eddyi_poller *poller, const struct kevent *event)
{
    entry *e = &poller->entries[event->ident];
    uint8_t bit = bit_of(which_of(event));
    if (e->generation == (uint32_t)(uintptr_t)event->udata) {
        e->armed &= (uint8_t)~bit;
        if (!(e->broken & bit))
            e->filters = e->armed = e->unsure = 0;
        e->wanted = 0;
        mark(poller, (int)event->ident);
    }
    return EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK | EDDYI_EVENT_DROPPED;
}

/* From here on a wake tells the kernel again. One that came before ends this wait, and what it announces is visible. */
static void wake_came(eddyi_poller *poller)
{
    if (poller->wake.ends[0] >= 0)
        eddyi_wake_pipe_empty(&poller->wake);
    else
        (void)atomic_exchange(&poller->wake.woken, false);
}

static void translate(eddyi_poller *poller, eddyi_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        const struct kevent *event = &poller->events[i];
        if (event->filter == EVFILT_USER) {
            events[i] = (eddyi_event){.slot = EDDYI_SLOT_WAKE};
            wake_came(poller);
            continue;
        }
        events[i] = (eddyi_event){.slot = poller->entries[event->ident].slot,
                                  .generation = (uint32_t)(uintptr_t)event->udata};
        events[i].bits = (event->flags & EV_ERROR) ? refused(poller, event) : bits_of(event);
        if (events[i].slot == EDDYI_SLOT_WAKE)
            wake_came(poller);
    }
}

/* An error takes room among the events, so there are never more changes than that. */
static int wait_once(eddyi_poller *poller, uint64_t timeout, int capacity)
{
    struct kevent changes[MOST_CHANGES];
    int changed = take_changes(poller, changes, capacity < MOST_CHANGES ? capacity : MOST_CHANGES);
    if (poller->dirty_count > 0)
        timeout = 0; /* there are more */
    struct timespec limit = {.tv_sec = (time_t)(timeout / SECOND), .tv_nsec = (long)(timeout % SECOND)};
    int count = EDDYI_CALL(kevent, -1,
                           (poller->queue, changes, (event_count)changed, poller->events,
                            (event_count)capacity, timeout == UINT64_MAX ? NULL : &limit));
    if (count < 0)
        put_back(poller, changes, changed);
    return count;
}

static int kqueue_wait(eddyi_poller *poller, uint64_t deadline, eddyi_event *events, int capacity)
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
        if ((count < 0 || poller->dirty_count == 0) && eddyi_readiness_passed(deadline))
            return 0;
    }
}

static void kqueue_wake(eddyi_poller *poller)
{
    if (poller->wake.ends[0] >= 0) {
        eddyi_wake_pipe_ring(&poller->wake);
        return;
    }
    if (atomic_exchange(&poller->wake.woken, true))
        return;
    int saved = errno;
    struct kevent user = describe(0, EVFILT_USER, 0, 0);
    user.fflags = NOTE_TRIGGER;
    /* no EDDYI_CALL: runs in signal handlers, and nothing can be missing */
    (void)kevent(poller->queue, &user, 1, NULL, 0, &at_once);
    errno = saved;
}

static eddy_fd kqueue_pollable(eddyi_poller *poller)
{
    poller->guest = true;
    change_now(poller);
    return poller->queue;
}

static const eddyi_poller_ops kqueue_poller = {
    .name = "kqueue",
    .description = "kqueue(2)",
    .edge = true,
    .probe = kqueue_probe,
    .open = kqueue_open,
    .close = kqueue_close,
    .add = kqueue_add,
    .change = kqueue_change,
    .remove = kqueue_remove,
    .wait = kqueue_wait,
    .wake = kqueue_wake,
    .pollable = kqueue_pollable,
};

static int open_backend(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    return eddyi_readiness_open(out, config, kinds, &kqueue_poller);
}

extern const eddyi_backend_ops eddyi_backend_kqueue;
const eddyi_backend_ops eddyi_backend_kqueue = {
    .name = "kqueue",
    .description = "kqueue(2) of macOS and the BSDs: cost per ready descriptor, not per watched one",
    .caps = EDDYI_CAP_TRY_FIRST | EDDYI_CAP_IN_PLACE,
    .probe = kqueue_probe,
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
