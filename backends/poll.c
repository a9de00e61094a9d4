/* poll.c: the poller over poll(2): everything level-triggered, any descriptor number, a cost per descriptor that is waited for.
 * Touches poll, a pipe and the clock. Only what somebody asks for is shown to the kernel, which tells hang-ups of anything it
 * sees; and no wait ends before its deadline without a reason. */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "backends/identity.h"
#include "backends/readiness/poller.h"
#include "backends/wake_pipe.h"
#include "core/base/memory.h"
#include "core/platform.h"

/* ppoll waits for nanoseconds; poll rounds up to milliseconds. */
#ifndef EDDYI_POLL_MILLISECONDS
#if defined(__linux__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#define EDDYI_POLL_MILLISECONDS 0
#else
#define EDDYI_POLL_MILLISECONDS 1
#endif
#endif

#ifndef POLLRDHUP /* not everywhere; there an end shows as something to read */
#define POLLRDHUP 0
#endif

enum { FIRST_ROOM = 64 };

typedef struct entry { /* one descriptor number */
    uint32_t slot, generation;
    eddyi_identity identity;
    int place; /* in `watched`, if that is where its number stands */
    bool used;
} entry;

struct eddyi_poller {
    const eddy_allocator *allocator;
    struct pollfd
        *watched; /* without gaps, in any order: a sparse set (Briggs and Torczon 1993) with the entries */
    entry *entries;
    int room; /* numbers below it have an entry, and there are as many places */
    int count;
    int turn; /* where the next look at the answers begins: full batches shall starve nobody */
    eddyi_wake_pipe wake;
};

static int last_error(void)
{
    return eddyi_error_from_system(errno);
}

/* ---- what is watched ---- */

/* Room for the number `fd`, or EDDY_ENOMEM and what is there stays as it is. */
static int grow(eddyi_poller *poller, int fd)
{
    size_t room = poller->room > 0 ? (size_t)poller->room : FIRST_ROOM, watched_size, entries_size;
    while (room <= (size_t)fd)
        room *= 2;
    if (room == (size_t)poller->room)
        return 0;
    if (room > INT32_MAX || !eddyi_multiply(&watched_size, room, sizeof *poller->watched) ||
        !eddyi_multiply(&entries_size, room, sizeof *poller->entries))
        return EDDY_ENOMEM;
    struct pollfd *watched = eddyi_reallocate(poller->allocator, poller->watched, watched_size);
    if (watched == NULL)
        return EDDY_ENOMEM;
    poller->watched = watched;
    entry *entries = eddyi_reallocate(poller->allocator, poller->entries, entries_size);
    if (entries == NULL)
        return EDDY_ENOMEM;
    memset(entries + poller->room, 0, (room - (size_t)poller->room) * sizeof *entries);
    poller->entries = entries;
    poller->room = (int)room;
    return 0;
}

static struct pollfd *find(eddyi_poller *poller, int fd)
{
    int place = poller->entries[fd].place;
    return place < poller->count && poller->watched[place].fd == fd ? &poller->watched[place] : NULL;
}

static void watch(eddyi_poller *poller, int fd, uint32_t bits)
{
    struct pollfd *p = find(poller, fd);
    if (bits == 0) {
        if (p != NULL) {
            *p = poller->watched[--poller->count];
            poller->entries[p->fd].place = (int)(p - poller->watched);
        }
        return;
    }
    if (p == NULL) {
        poller->entries[fd].place = poller->count;
        p = &poller->watched[poller->count++];
    }
    int events = (bits & EDDYI_IN ? POLLIN | POLLRDHUP : 0) | (bits & EDDYI_OUT ? POLLOUT : 0);
    *p = (struct pollfd){.fd = fd, .events = (short)events};
}

static int poll_add(eddyi_poller *poller, eddy_fd descriptor, eddyi_event event, bool level)
{
    eddyi_identity identity;
    int fd = (int)descriptor;
    (void)level;
    int rc = eddyi_identify(fd, &identity);
    if (rc == 0)
        rc = grow(poller, fd);
    if (rc < 0)
        return rc;
    entry *e = &poller->entries[fd];
    if (e->used && eddyi_is_same_file(e->identity, identity))
        return EDDY_EEXIST;
    e->slot = event.slot;
    e->generation = event.generation;
    e->identity = identity;
    e->used = true;
    watch(poller, fd, event.bits);
    return 0;
}

static int poll_change(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    watch(poller, (int)fd, event.bits);
    return 0;
}

static void poll_remove(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    (void)event;
    watch(poller, (int)fd, 0);
    poller->entries[fd].used = false;
}

/* ---- open and close ---- */

static int poll_probe(void)
{
    return 0;
}

static void poll_close(eddyi_poller *poller)
{
    eddyi_wake_pipe_close(&poller->wake);
    eddyi_release(poller->allocator, poller->watched);
    eddyi_release(poller->allocator, poller->entries);
    eddyi_release(poller->allocator, poller);
}

static int poll_open(eddyi_poller **out, const eddyi_backend_config *config)
{
    eddyi_poller *poller = eddyi_allocate_zero(config->allocator, sizeof *poller);
    if (poller == NULL)
        return EDDY_ENOMEM;
    poller->allocator = config->allocator;
    eddyi_wake_pipe_init(&poller->wake);
    int rc = eddyi_wake_pipe_open(&poller->wake), end = (int)poller->wake.ends[0];
    if (rc == 0)
        rc = grow(poller, end);
    if (rc < 0) {
        poll_close(poller);
        return rc;
    }
    poller->entries[end].slot = EDDYI_SLOT_WAKE;
    watch(poller, end, EDDYI_IN);
    *out = poller;
    return 0;
}

/* ---- wait and wake ---- */

static uint32_t bits_of(int revents)
{
    uint32_t bits = 0;
    if (revents & POLLIN)
        bits |= EDDYI_IN;
    if (revents & POLLOUT)
        bits |= EDDYI_OUT;
    if (revents & POLLRDHUP)
        bits |= EDDYI_IN | EDDYI_END_IN;
    if (revents & POLLHUP)
        bits |= EDDYI_IN | EDDYI_OUT | EDDYI_END_IN | EDDYI_END_OUT;
    if (revents & (POLLERR | POLLNVAL))
        bits |= EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK;
    if (revents & POLLNVAL)
        bits |= EDDYI_EVENT_DROPPED;
    return bits;
}

/* Downwards and around. A number that is not open any more loses its place to the last one, whose answer was taken already or is
 * told again. */
static int collect(eddyi_poller *poller, eddyi_event *events, int capacity, int answers)
{
    int count = 0, at = poller->turn;
    for (int left = poller->count; left > 0 && answers > 0 && count < capacity; left--) {
        if (at <= 0 || at > poller->count)
            at = poller->count;
        struct pollfd *p = &poller->watched[--at];
        const entry *e = &poller->entries[p->fd];
        uint32_t bits = bits_of(p->revents);
        if (bits == 0)
            continue;
        answers--;
        events[count++] = (eddyi_event){.slot = e->slot, .generation = e->generation, .bits = bits};
        if (e->slot == EDDYI_SLOT_WAKE) {
            if (bits & EDDYI_EVENT_DROPPED)
                return EDDY_EBADF;
            eddyi_wake_pipe_empty(&poller->wake);
        } else if (bits & EDDYI_EVENT_DROPPED) {
            watch(poller, p->fd, 0);
        }
    }
    poller->turn = at;
    return count;
}

static int poll_once(eddyi_poller *poller, uint64_t timeout)
{
    nfds_t count = (nfds_t)poller->count;
#if EDDYI_POLL_MILLISECONDS
    int milliseconds = timeout == UINT64_MAX ? -1 : (int)((timeout + 999999) / 1000000);
    return EDDYI_CALL(poll, -1, (poller->watched, count, milliseconds));
#else
    struct timespec exact = {.tv_sec = (time_t)(timeout / 1000000000),
                             .tv_nsec = (long)(timeout % 1000000000)};
    return EDDYI_CALL_AS(poll, ppoll, -1,
                         (poller->watched, count, timeout == UINT64_MAX ? NULL : &exact, NULL));
#endif
}

static int poll_wait(eddyi_poller *poller, uint64_t deadline, eddyi_event *events, int capacity)
{
    for (;;) {
        int answers = poll_once(poller, eddyi_readiness_left(deadline));
        if (answers > 0)
            return collect(poller, events, capacity, answers);
        if (answers < 0 && errno != EINTR)
            return last_error();
        if (eddyi_readiness_passed(deadline))
            return 0;
    }
}

static void poll_wake(eddyi_poller *poller)
{
    eddyi_wake_pipe_ring(&poller->wake);
}

static const eddyi_poller_ops poll_poller = {
    .name = "poll",
    .description = "poll(2)",
    .probe = poll_probe,
    .open = poll_open,
    .close = poll_close,
    .add = poll_add,
    .change = poll_change,
    .remove = poll_remove,
    .wait = poll_wait,
    .wake = poll_wake,
};

static int open_backend(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    return eddyi_readiness_open(out, config, kinds, &poll_poller);
}

extern const eddyi_backend_ops eddyi_backend_poll;
const eddyi_backend_ops eddyi_backend_poll = {
    .name = "poll",
    .description =
        "poll(2): any POSIX system and any descriptor number, at a cost per descriptor that is waited for",
    .caps = EDDYI_CAP_TRY_FIRST | EDDYI_CAP_IN_PLACE,
    .probe = poll_probe,
    .open = open_backend,
    .close = eddyi_readiness_close,
    .attach = eddyi_readiness_attach,
    .detach = eddyi_readiness_detach,
    .submit = eddyi_readiness_submit,
    .cancel = eddyi_readiness_cancel,
    .wait = eddyi_readiness_wait,
    .wake = eddyi_readiness_wake,
};
