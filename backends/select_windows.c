/* select_windows.c: the poller over Winsock's select: everything level-triggered, for any number of sockets and nothing but sockets.
 * Touches select, a bell and the clock. A set is a list of sockets here, so it has room for as many as were added; nothing is ever written past its
 * end, and a socket that went bad is told to its owner instead of failing every wait. */
#include <stdatomic.h>
#include <string.h>

#include "backends/readiness/poller.h"
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"

#define SECOND UINT64_C(1000000000)
#define SLICE  (UINT64_C(86400) * SECOND)

enum {
    READ,
    WRITE,
    FAILED,
    SETS
}; /* FAILED: connections that could not be made are told there, and only there */
enum { FIRST_COUNT = 64 };

typedef struct entry { /* one slot */
    SOCKET socket;
    uint32_t generation;
    uint8_t bits;  /* watched */
    uint8_t found; /* by the wait that is being told */
    bool used;
} entry;

typedef struct set { /* as fd_set, of any length */
    u_int count;
    SOCKET sockets[];
} set;

struct eddyi_poller {
    const eddy_allocator *allocator;
    entry *entries;  /* by slot */
    uint32_t *slots; /* by socket / 4, for handles are multiples of 4: slot + 1, 0: none */
    set *sets[SETS];
    uint32_t count, top; /* of entries; those from `top` on are not used */
    uint32_t slot_count;
    uint32_t turn; /* where the next scan begins: full batches shall not starve the others */
    eddy_fd bell;
    atomic_bool woken; /* the bell has been rung: more need no system call */
};

static int last_error(void)
{
    return eddyi_error_from_system(eddyi_last_error());
}

static size_t place_of(SOCKET socket)
{
    return (size_t)socket / 4;
}

/* ---- tables ---- */

static int grow_entries(eddyi_poller *poller, uint32_t slot)
{
    size_t count = poller->count == 0 ? FIRST_COUNT : poller->count, size, sets;
    if (slot < poller->count)
        return 0;
    while (count <= slot)
        count *= 2;
    /* One more socket than slots: the bell. */
    if (!eddyi_multiply(&size, count, sizeof(entry)) || !eddyi_multiply(&sets, count + 2, sizeof(SOCKET)))
        return EDDY_ENOMEM;
    for (int i = 0; i < SETS; i++) {
        set *grown = eddyi_reallocate(poller->allocator, poller->sets[i], sets);
        if (grown == NULL)
            return EDDY_ENOMEM;
        poller->sets[i] = grown;
    }
    entry *entries = eddyi_reallocate(poller->allocator, poller->entries, size);
    if (entries == NULL)
        return EDDY_ENOMEM;
    memset(entries + poller->count, 0, (count - poller->count) * sizeof *entries);
    poller->entries = entries;
    poller->count = (uint32_t)count;
    return 0;
}

static int grow_slots(eddyi_poller *poller, SOCKET socket)
{
    size_t count = poller->slot_count == 0 ? FIRST_COUNT : poller->slot_count, size;
    if (place_of(socket) < poller->slot_count)
        return 0;
    while (count <= place_of(socket))
        count *= 2;
    if (count > UINT32_MAX || !eddyi_multiply(&size, count, sizeof *poller->slots))
        return EDDY_ENOMEM;
    uint32_t *slots = eddyi_reallocate(poller->allocator, poller->slots, size);
    if (slots == NULL)
        return EDDY_ENOMEM;
    memset(slots + poller->slot_count, 0, (count - poller->slot_count) * sizeof *slots);
    poller->slots = slots;
    poller->slot_count = (uint32_t)count;
    return 0;
}

static entry *entry_of(const eddyi_poller *poller, SOCKET socket)
{
    uint32_t slot = place_of(socket) < poller->slot_count ? poller->slots[place_of(socket)] : 0;
    return slot != 0 ? &poller->entries[slot - 1] : NULL;
}

/* ---- what is watched ---- */

/* Whether it is a socket, and connects or sends datagrams: everything else never waits, or cannot be waited for here. */
static int check(SOCKET socket)
{
    int type, size = sizeof type;
    if (EDDYI_CALL(getsockopt, SOCKET_ERROR, (socket, SOL_SOCKET, SO_TYPE, (char *)&type, &size)) == 0)
        return 0;
    if (eddyi_last_error() != WSAENOTSOCK)
        return last_error();
    SetLastError(ERROR_SUCCESS);
    return GetFileType((HANDLE)socket) == FILE_TYPE_UNKNOWN && GetLastError() != ERROR_SUCCESS ? EDDY_EBADF
                                                                                               : EDDY_EPERM;
}

static int select_add(eddyi_poller *poller, eddy_fd descriptor, eddyi_event event, bool level)
{
    SOCKET socket = (SOCKET)descriptor;
    (void)level;
    int rc = check(socket);
    if (rc == 0)
        rc = grow_entries(poller, event.slot);
    if (rc == 0)
        rc = grow_slots(poller, socket);
    if (rc < 0)
        return rc;
    entry *old = entry_of(poller, socket);
    if (old != NULL && old->used)
        return EDDY_EEXIST;
    poller->entries[event.slot] =
        (entry){.socket = socket, .generation = event.generation, .bits = (uint8_t)event.bits, .used = true};
    poller->slots[place_of(socket)] = event.slot + 1;
    if (event.slot >= poller->top)
        poller->top = event.slot + 1;
    return 0;
}

static int select_change(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    (void)fd;
    poller->entries[event.slot].bits = (uint8_t)event.bits;
    return 0;
}

static void select_remove(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    poller->entries[event.slot] = (entry){.used = false};
    poller->slots[place_of((SOCKET)fd)] = 0;
    while (poller->top > 0 && !poller->entries[poller->top - 1].used)
        poller->top--;
}

/* ---- open and close ---- */

static int select_probe(void)
{
    return 0;
}

static void select_close(eddyi_poller *poller)
{
    if (poller->bell >= 0)
        (void)closesocket((SOCKET)poller->bell); /* no EDDYI_CALL: whatever it says, it is gone */
    for (int i = 0; i < SETS; i++)
        eddyi_release(poller->allocator, poller->sets[i]);
    eddyi_release(poller->allocator, poller->slots);
    eddyi_release(poller->allocator, poller->entries);
    eddyi_release(poller->allocator, poller);
}

static int select_open(eddyi_poller **out, const eddyi_backend_config *config)
{
    eddyi_poller *poller = eddyi_allocate_zero(config->allocator, sizeof *poller);
    if (poller == NULL)
        return EDDY_ENOMEM;
    poller->allocator = config->allocator;
    poller->bell = -1;
    atomic_init(&poller->woken, false);
    int rc = grow_entries(poller, 0);
    if (rc == 0)
        rc = eddyi_bell_open(&poller->bell);
    if (rc < 0)
        select_close(poller);
    else
        *out = poller;
    return rc;
}

/* ---- wait and wake ---- */

static void silence(eddyi_poller *poller)
{
    eddyi_bell_silence(poller->bell);
    /* Afterwards: a wake between the two rings nothing and is answered by this wait, which ends early. */
    (void)atomic_exchange(&poller->woken, false);
}

static void put(set *to, SOCKET socket)
{
    to->sockets[to->count++] = socket;
}

static void fill_sets(eddyi_poller *poller)
{
    for (int i = 0; i < SETS; i++)
        poller->sets[i]->count = 0;
    put(poller->sets[READ], (SOCKET)poller->bell);
    for (uint32_t i = 0; i < poller->top; i++) {
        const entry *e = &poller->entries[i];
        if (e->bits & EDDYI_IN)
            put(poller->sets[READ], e->socket);
        if (e->bits & EDDYI_OUT) {
            put(poller->sets[WRITE], e->socket);
            put(poller->sets[FAILED], e->socket);
        }
    }
}

static bool note_found(eddyi_poller *poller)
{
    static const uint8_t bits[SETS] = {EDDYI_IN, EDDYI_OUT, EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK};
    bool rung = false;
    for (int i = 0; i < SETS; i++) {
        const set *found = poller->sets[i];
        for (u_int n = 0; n < found->count; n++) {
            entry *e = entry_of(poller, found->sockets[n]);
            rung = rung || found->sockets[n] == (SOCKET)poller->bell;
            if (e != NULL)
                e->found |= bits[i];
        }
    }
    return rung;
}

static int collect(eddyi_poller *poller, eddyi_event *events, int capacity)
{
    int count = 0;
    uint32_t start = poller->turn;
    if (note_found(poller)) {
        silence(poller);
        events[count++] = (eddyi_event){.slot = EDDYI_SLOT_WAKE, .bits = EDDYI_IN};
    }
    for (uint32_t i = 0; i < poller->top; i++) {
        uint32_t slot = start + i < poller->top ? start + i : start + i - poller->top;
        entry *e = &poller->entries[slot];
        if (e->found != 0 && count < capacity) {
            events[count++] = (eddyi_event){.slot = slot, .generation = e->generation, .bits = e->found};
            poller->turn = slot + 1;
        }
        e->found = 0;
    }
    return count;
}

/* Some watched socket is none any more: find out which, tell their owners, and ask no more of them. */
static int collect_bad(eddyi_poller *poller, eddyi_event *events, int capacity)
{
    int count = 0, type, size = sizeof type;
    for (uint32_t i = 0; i < poller->top && count < capacity; i++) {
        entry *e = &poller->entries[i];
        if (e->bits == 0 ||
            EDDYI_CALL(getsockopt, SOCKET_ERROR, (e->socket, SOL_SOCKET, SO_TYPE, (char *)&type, &size)) == 0)
            continue;
        events[count++] = (eddyi_event){.slot = i,
                                        .generation = e->generation,
                                        .bits = EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK | EDDYI_EVENT_DROPPED};
        e->bits = 0;
    }
    return count > 0 ? count : EDDY_EBADF;
}

static int select_once(eddyi_poller *poller, uint64_t timeout)
{
    uint64_t microseconds = timeout == UINT64_MAX ? 0 : (timeout + 999) / 1000;
    struct timeval limit = {.tv_sec = (long)(microseconds / 1000000),
                            .tv_usec = (long)(microseconds % 1000000)};
    if (poller->turn >= poller->top)
        poller->turn = 0;
    fill_sets(poller);
    return EDDYI_CALL(select, SOCKET_ERROR,
                      (0, (fd_set *)(void *)poller->sets[READ], (fd_set *)(void *)poller->sets[WRITE],
                       (fd_set *)(void *)poller->sets[FAILED], timeout == UINT64_MAX ? NULL : &limit));
}

static int select_wait(eddyi_poller *poller, uint64_t deadline, eddyi_event *events, int capacity)
{
    for (;;) {
        uint64_t timeout = deadline;
        if (deadline != 0 && deadline != UINT64_MAX) {
            uint64_t now = eddyi_clock_now();
            timeout = deadline > now ? deadline - now : 0;
            if (timeout > SLICE)
                timeout = SLICE;
        }
        int count = select_once(poller, timeout);
        if (count > 0)
            return collect(poller, events, capacity);
        if (count < 0 && eddyi_last_error() == WSAENOTSOCK)
            return collect_bad(poller, events, capacity);
        if (count < 0 && eddyi_last_error() != WSAEINTR)
            return last_error();
        if (deadline == 0 || (deadline != UINT64_MAX && eddyi_clock_now() >= deadline))
            return 0;
    }
}

static void select_wake(eddyi_poller *poller)
{
    if (!atomic_exchange(&poller->woken, true))
        eddyi_bell_ring(poller->bell);
}

static const eddyi_poller_ops select_poller = {
    .name = "select",
    .description = "select of Winsock",
    .probe = select_probe,
    .open = select_open,
    .close = select_close,
    .add = select_add,
    .change = select_change,
    .remove = select_remove,
    .wait = select_wait,
    .wake = select_wake,
};

/* Pipes are no sockets here: they are left out, and so are children. */
static int open_backend(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    int rc = eddyi_readiness_open(out, config, kinds, &select_poller);
    if (rc == 0)
        *kinds &= ~(UINT32_C(1) << EDDYI_READ | UINT32_C(1) << EDDYI_WRITE | UINT32_C(1) << EDDYI_SENDFILE);
    return rc;
}

extern const eddyi_backend_ops eddyi_backend_select;
const eddyi_backend_ops eddyi_backend_select = {
    .name = "select",
    .description = "select: sockets only, at a cost per watched socket",
    .caps = EDDYI_CAP_TRY_FIRST | EDDYI_CAP_IN_PLACE,
    .probe = select_probe,
    .open = open_backend,
    .close = eddyi_readiness_close,
    .attach = eddyi_readiness_attach,
    .detach = eddyi_readiness_detach,
    .submit = eddyi_readiness_submit,
    .cancel = eddyi_readiness_cancel,
    .wait = eddyi_readiness_wait,
    .wake = eddyi_readiness_wake,
};
