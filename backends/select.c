/* select.c: the poller over select(2): everything level-triggered, for every descriptor number that the kernel takes.
 * Touches select, a pipe and the clock. The sets are our own and grow in add; nothing is ever written past their end,
 * and a descriptor that went bad is told to its owner instead of failing every wait. */
#include <fcntl.h>
#include <string.h>
#include <sys/select.h>

#include "backends/identity.h"
#include "backends/readiness/poller.h"
#include "backends/wake_pipe.h"
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/posix/system.h"

/* Where the kernel looks at as many words as the number of descriptors asks for, the sets may be larger than fd_set. */
#ifndef EDDYI_SELECT_LIMIT
#ifdef __linux__
#define EDDYI_SELECT_LIMIT INT32_MAX
#else
#define EDDYI_SELECT_LIMIT FD_SETSIZE
#endif
#endif

typedef __typeof__(((fd_set *)0)->fds_bits[0]) word; /* what fd_set is an array of */
enum { WORD_BITS = (int)(8 * sizeof(word)), FIRST_WORDS = (int)(sizeof(fd_set) / sizeof(word)) };
enum { READ, WRITE, SETS };

typedef struct entry { /* one descriptor number */
    uint32_t slot, generation;
    eddyi_identity identity;
    bool used;
} entry;

struct eddyi_poller {
    const eddy_allocator *allocator;
    word *watched[SETS], *found[SETS]; /* one block: watched[READ] owns it */
    entry *entries;
    int words, top; /* numbers from `top` on are not watched */
    int turn;       /* where the next scan begins: full batches shall not starve high numbers */
    eddyi_wake_pipe wake;
};

static int last_error(void)
{
    return eddyi_error_from_system(errno);
}

/* ---- sets ---- */

static bool has(const word *set, int fd)
{
    return ((unsigned long)set[fd / WORD_BITS] >> (fd % WORD_BITS)) & 1;
}

static void put(word *set, int fd, bool on)
{
    unsigned long bit = 1ul << (fd % WORD_BITS), old = (unsigned long)set[fd / WORD_BITS];
    set[fd / WORD_BITS] = (word)(on ? old | bit : old & ~bit);
}

static bool watches(const eddyi_poller *poller, int fd)
{
    return has(poller->watched[READ], fd) || has(poller->watched[WRITE], fd);
}

static void watch(eddyi_poller *poller, int fd, uint32_t bits)
{
    put(poller->watched[READ], fd, bits & EDDYI_IN);
    put(poller->watched[WRITE], fd, bits & EDDYI_OUT);
    if (bits != 0 && fd >= poller->top)
        poller->top = fd + 1;
    while (poller->top > 0 && !watches(poller, poller->top - 1))
        poller->top--;
}

/* Room for the number `fd`, or EDDY_ENOMEM and nothing has changed. */
static int grow(eddyi_poller *poller, int fd)
{
    size_t words = poller->words == 0 ? (size_t)FIRST_WORDS : (size_t)poller->words, set_size, size;
    if (poller->words > 0 && fd / WORD_BITS < poller->words)
        return 0;
    while (words <= (size_t)(fd / WORD_BITS))
        words *= 2;
    if (!eddyi_multiply(&set_size, words, sizeof(word)) || !eddyi_multiply(&size, set_size, (size_t)2 * SETS))
        return EDDY_ENOMEM;
    word *block = eddyi_allocate_zero(poller->allocator, size);
    if (block == NULL)
        return EDDY_ENOMEM;
    size_t count = words * (size_t)WORD_BITS;
    entry *entries = NULL;
    if (eddyi_multiply(&size, count, sizeof *entries))
        entries = eddyi_reallocate(poller->allocator, poller->entries, size);
    if (entries == NULL) {
        eddyi_release(poller->allocator, block);
        return EDDY_ENOMEM;
    }
    size_t old_count = (size_t)poller->words * (size_t)WORD_BITS;
    memset(entries + old_count, 0, (count - old_count) * sizeof *entries);
    word *old = poller->watched[READ];
    for (size_t i = 0; i < SETS; i++) {
        if (old != NULL)
            memcpy(block + i * words, poller->watched[i], (size_t)poller->words * sizeof(word));
        poller->watched[i] = block + i * words;
        poller->found[i] = block + (SETS + i) * words;
    }
    eddyi_release(poller->allocator, old);
    poller->entries = entries;
    poller->words = (int)words;
    return 0;
}

/* ---- what is watched ---- */

static int select_add(eddyi_poller *poller, eddy_fd descriptor, eddyi_event event, bool level)
{
    eddyi_identity identity;
    int fd = (int)descriptor;
    (void)level;
    if (fd >= EDDYI_SELECT_LIMIT)
        return EDDY_EINVAL;
    int rc = eddyi_identify(fd, &identity);
    if (rc == 0)
        rc = grow(poller, fd);
    if (rc < 0)
        return rc;
    entry *e = &poller->entries[fd];
    if (e->used && eddyi_is_same_file(e->identity, identity))
        return EDDY_EEXIST;
    *e = (entry){.slot = event.slot, .generation = event.generation, .identity = identity, .used = true};
    watch(poller, fd, event.bits);
    return 0;
}

static int select_change(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    watch(poller, (int)fd, event.bits);
    return 0;
}

static void select_remove(eddyi_poller *poller, eddy_fd fd, eddyi_event event)
{
    (void)event;
    watch(poller, (int)fd, 0);
    poller->entries[fd].used = false;
}

/* ---- open and close ---- */

static int select_probe(void)
{
    return 0;
}

static void select_close(eddyi_poller *poller)
{
    eddyi_wake_pipe_close(&poller->wake);
    eddyi_release(poller->allocator, poller->watched[READ]);
    eddyi_release(poller->allocator, poller->entries);
    eddyi_release(poller->allocator, poller);
}

static int select_open(eddyi_poller **out, const eddyi_backend_config *config)
{
    eddyi_poller *poller = eddyi_allocate_zero(config->allocator, sizeof *poller);
    if (poller == NULL)
        return EDDY_ENOMEM;
    poller->allocator = config->allocator;
    eddyi_wake_pipe_init(&poller->wake);
    int rc = eddyi_wake_pipe_open(&poller->wake), end = (int)poller->wake.ends[0];
    if (rc == 0)
        rc = end >= EDDYI_SELECT_LIMIT ? EDDY_EMFILE : grow(poller, end);
    if (rc < 0) {
        select_close(poller);
        return rc;
    }
    poller->entries[end].slot = EDDYI_SLOT_WAKE;
    watch(poller, end, EDDYI_IN);
    *out = poller;
    return 0;
}

/* ---- wait and wake ---- */

static int collect(eddyi_poller *poller, eddyi_event *events, int capacity)
{
    int count = 0, top = poller->top;
    int start = poller->turn < top ? poller->turn : 0;
    for (int i = 0; i < top && count < capacity; i++) {
        int fd = start + i < top ? start + i : start + i - top;
        if (fd % WORD_BITS == 0 && poller->found[READ][fd / WORD_BITS] == 0 &&
            poller->found[WRITE][fd / WORD_BITS] == 0 && fd + WORD_BITS <= top && i + WORD_BITS <= top) {
            i += WORD_BITS - 1; /* a whole word of silence */
            continue;
        }
        uint32_t bits = (has(poller->found[READ], fd) ? (uint32_t)EDDYI_IN : 0u) |
                        (has(poller->found[WRITE], fd) ? (uint32_t)EDDYI_OUT : 0u);
        if (bits == 0)
            continue;
        const entry *e = &poller->entries[fd];
        events[count++] = (eddyi_event){.slot = e->slot, .generation = e->generation, .bits = bits};
        poller->turn = fd + 1;
        if (e->slot == EDDYI_SLOT_WAKE)
            eddyi_wake_pipe_empty(&poller->wake);
    }
    return count;
}

/* Some watched number is not open any more: find out which, tell their owners, and ask no more of them. */
static int collect_bad(eddyi_poller *poller, eddyi_event *events, int capacity)
{
    int count = 0;
    for (int fd = 0; fd < poller->top && count < capacity; fd++) {
        if (!watches(poller, fd) || EDDYI_CALL(fcntl, -1, (fd, F_GETFD)) >= 0 || errno != EBADF)
            continue;
        const entry *e = &poller->entries[fd];
        if (e->slot == EDDYI_SLOT_WAKE)
            return EDDY_EBADF;
        events[count++] = (eddyi_event){.slot = e->slot,
                                        .generation = e->generation,
                                        .bits = EDDYI_IN | EDDYI_OUT | EDDYI_EVENT_ASK | EDDYI_EVENT_DROPPED};
        watch(poller, fd, 0);
    }
    return count > 0 ? count : EDDY_EBADF;
}

static int select_once(eddyi_poller *poller, uint64_t timeout)
{
    uint64_t microseconds = timeout == UINT64_MAX ? 0 : (timeout + 999) / 1000;
    struct timeval limit = {.tv_sec = (time_t)(microseconds / 1000000),
                            .tv_usec = (suseconds_t)(microseconds % 1000000)};
    for (int i = 0; i < SETS; i++)
        memcpy(poller->found[i], poller->watched[i], (size_t)poller->words * sizeof(word));
    return EDDYI_CALL(select, -1,
                      (poller->top, (fd_set *)(void *)poller->found[READ],
                       (fd_set *)(void *)poller->found[WRITE], NULL, timeout == UINT64_MAX ? NULL : &limit));
}

static int select_wait(eddyi_poller *poller, uint64_t deadline, eddyi_event *events, int capacity)
{
    for (;;) {
        int count = select_once(poller, eddyi_readiness_left(deadline));
        if (count > 0)
            return collect(poller, events, capacity);
        if (count < 0 && errno == EBADF)
            return collect_bad(poller, events, capacity);
        if (count < 0 && errno != EINTR)
            return last_error();
        if (eddyi_readiness_passed(deadline))
            return 0;
    }
}

static void select_wake(eddyi_poller *poller)
{
    eddyi_wake_pipe_ring(&poller->wake);
}

static const eddyi_poller_ops select_poller = {
    .name = "select",
    .description = "select(2)",
    .probe = select_probe,
    .open = select_open,
    .close = select_close,
    .add = select_add,
    .change = select_change,
    .remove = select_remove,
    .wait = select_wait,
    .wake = select_wake,
};

static int open_backend(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    return eddyi_readiness_open(out, config, kinds, &select_poller);
}

extern const eddyi_backend_ops eddyi_backend_select;
const eddyi_backend_ops eddyi_backend_select = {
    .name = "select",
    .description = "select(2): everywhere, at a cost per watched descriptor",
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
