/* ring.c: io_uring_setup(2) and io_uring_enter(2): the rings that are shared with the kernel, without liburing.
 * Touches the mapped rings: the kernel's counters are read and written as the manual pages say, with acquire and release. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/io_uring/inside.h"

#ifdef EDDY_VALGRIND
#include <poll.h>
#include <time.h>
#include <valgrind/valgrind.h>
#endif

#ifndef SYS_io_uring_setup /* the same on every processor */
#define SYS_io_uring_setup    425
#define SYS_io_uring_enter    426
#define SYS_io_uring_register 427
#endif

#define SECOND UINT64_C(1000000000)

enum {
    NEEDED = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG |
             IORING_FEAT_RSRC_TAGS, /* of the same kernel as polls that go on */
    ANSWERS_PER_ENTRY = 8,
    KNOWN_OPERATIONS = 64
};

/* ---- opening ---- */

static int setup(uint32_t entries, uint32_t flags, struct io_uring_params *out)
{
    memset(out, 0, sizeof *out);
    out->flags = flags | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
    out->cq_entries = entries * ANSWERS_PER_ENTRY;
    return (int)EDDYI_CALL_AS(io_uring_setup, syscall, -1, (SYS_io_uring_setup, entries, out));
}

/* The best that the kernel knows. Work that is done only when it is asked for interrupts nobody's other calls. */
static int setup_best(uint32_t entries, bool deferred, struct io_uring_params *out)
{
    static const uint32_t ways[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                        IORING_SETUP_TASKRUN_FLAG,
                                    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, 0};
    int fd = -1;
    for (size_t i = deferred ? 0 : 1; i < sizeof ways / sizeof ways[0] && fd < 0; i++) {
        fd = setup(entries, ways[i], out);
        if (fd < 0 && errno != EINVAL)
            break;
    }
    return fd;
}

static void *map(const eddyi_ring *ring, size_t size, off_t offset)
{
    void *mapped = EDDYI_CALL(
        mmap, MAP_FAILED, (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, offset));
    return mapped != MAP_FAILED ? mapped : NULL;
}

static _Atomic(uint32_t) *counter(const eddyi_ring *ring, uint32_t offset)
{
    return (_Atomic(uint32_t) *)(void *)((char *)ring->shared + offset);
}

static int map_rings(eddyi_ring *ring, const struct io_uring_params *p)
{
    size_t sq = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    ring->shared_size = sq > cq ? sq : cq;
    ring->entries_size = p->sq_entries * sizeof(struct io_uring_sqe);
    ring->shared = map(ring, ring->shared_size, IORING_OFF_SQ_RING);
    if (ring->shared == NULL)
        return EDDY_ENOMEM;
    ring->entries = map(ring, ring->entries_size, IORING_OFF_SQES);
    if (ring->entries == NULL)
        return EDDY_ENOMEM;
    ring->sq_head = counter(ring, p->sq_off.head);
    ring->sq_tail_shared = counter(ring, p->sq_off.tail);
    ring->sq_flags = counter(ring, p->sq_off.flags);
    ring->cq_head = counter(ring, p->cq_off.head);
    ring->cq_tail = counter(ring, p->cq_off.tail);
    ring->sq_room = p->sq_entries;
    ring->sq_mask = p->sq_entries - 1;
    ring->cq_mask = p->cq_entries - 1;
    ring->answers = (struct io_uring_cqe *)(void *)((char *)ring->shared + p->cq_off.cqes);
    uint32_t *array = (uint32_t *)(void *)((char *)ring->shared + p->sq_off.array);
    for (uint32_t i = 0; i < p->sq_entries; i++)
        array[i] = i;
    return 0;
}

int eddyi_ring_open(eddyi_ring *out, uint32_t entries, bool deferred)
{
    struct io_uring_params params;
    eddyi_ring ring = {.fd = setup_best(entries, deferred, &params)};
    if (ring.fd < 0)
        return eddyi_error_from_system(errno);
    int rc = (params.features & NEEDED) == NEEDED ? map_rings(&ring, &params) : EDDY_ENOSYS;
    if (rc < 0) {
        eddyi_ring_close(&ring);
        return rc;
    }
    ring.deferred = (params.flags & IORING_SETUP_DEFER_TASKRUN) != 0;
    ring.tells_work = (params.flags & IORING_SETUP_TASKRUN_FLAG) != 0;
    *out = ring;
    return 0;
}

void eddyi_ring_close(eddyi_ring *ring)
{
    if (ring->entries != NULL)
        (void)munmap(ring->entries, ring->entries_size);
    if (ring->shared != NULL)
        (void)munmap(ring->shared, ring->shared_size);
    if (ring->fd >= 0)
        (void)close(ring->fd); /* no EDDYI_CALL: whatever close says, the descriptor is gone */
    *ring = (eddyi_ring){.fd = -1};
}

int eddyi_ring_operations(const eddyi_ring *ring, uint64_t *out)
{
    union {
        struct io_uring_probe head; /* its operations lie behind it */
        unsigned char
            room[sizeof(struct io_uring_probe) + KNOWN_OPERATIONS * sizeof(struct io_uring_probe_op)];
    } probe;
    const struct io_uring_probe_op *ops = probe.head.ops;
    uint64_t known = 0;
    memset(&probe, 0, sizeof probe);
    if (EDDYI_CALL_AS(io_uring_register, syscall, -1,
                      (SYS_io_uring_register, ring->fd, IORING_REGISTER_PROBE, &probe, KNOWN_OPERATIONS)) < 0)
        return eddyi_error_from_system(errno);
    for (uint32_t i = 0; i < probe.head.ops_len && i < KNOWN_OPERATIONS; i++)
        if (ops[i].flags & IO_URING_OP_SUPPORTED)
            known |= UINT64_C(1) << i;
    *out = known;
    return 0;
}

/* ---- entries and answers ---- */

uint32_t eddyi_ring_unsubmitted(const eddyi_ring *ring)
{
    return ring->sq_tail - atomic_load_explicit(ring->sq_head, memory_order_acquire);
}

struct io_uring_sqe *eddyi_ring_entry(eddyi_ring *ring)
{
    if (eddyi_ring_unsubmitted(ring) >= ring->sq_room)
        return NULL;
    struct io_uring_sqe *entry = &ring->entries[ring->sq_tail++ & ring->sq_mask];
    memset(entry, 0, sizeof *entry);
    return entry;
}

const struct io_uring_cqe *eddyi_ring_answer(const eddyi_ring *ring)
{
    uint32_t head = atomic_load_explicit(ring->cq_head, memory_order_relaxed);
    if (head == atomic_load_explicit(ring->cq_tail, memory_order_acquire))
        return NULL;
    return &ring->answers[head & ring->cq_mask];
}

void eddyi_ring_answered(eddyi_ring *ring)
{
    uint32_t head = atomic_load_explicit(ring->cq_head, memory_order_relaxed);
    atomic_store_explicit(ring->cq_head, head + 1, memory_order_release);
}

bool eddyi_ring_has_work(const eddyi_ring *ring)
{
    uint32_t flags = atomic_load_explicit(ring->sq_flags, memory_order_relaxed);
    return !ring->tells_work || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

bool eddyi_ring_lost_answers(const eddyi_ring *ring)
{
    return (atomic_load_explicit(ring->sq_flags, memory_order_relaxed) & IORING_SQ_CQ_OVERFLOW) != 0;
}

/* ---- entering ---- */

static long enter(const eddyi_ring *ring, uint32_t submit, uint32_t wanted, uint64_t nanoseconds)
{
    struct __kernel_timespec time = {.tv_sec = (int64_t)(nanoseconds / SECOND),
                                     .tv_nsec = (long long)(nanoseconds % SECOND)};
    struct io_uring_getevents_arg more = {0};
    if (wanted > 0 && nanoseconds != UINT64_MAX)
        more.ts = (uint64_t)(uintptr_t)&time;
    return EDDYI_CALL_AS(io_uring_enter, syscall, -1,
                         (SYS_io_uring_enter, ring->fd, submit, wanted,
                          IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &more, sizeof more));
}

#ifdef EDDY_VALGRIND
/* Valgrind does not know that the call waits, and would stop every thread meanwhile: it knows that poll does. */
static long enter_under_valgrind(const eddyi_ring *ring, uint32_t submit, uint64_t nanoseconds)
{
    struct pollfd ready = {.fd = ring->fd, .events = POLLIN};
    struct timespec time = {(time_t)(nanoseconds / SECOND), (long)(nanoseconds % SECOND)};
    long rc = enter(ring, submit, 0, 0);
    if (rc < 0 || nanoseconds == 0 || eddyi_ring_answer(ring) != NULL)
        return rc;
    rc = ppoll(&ready, 1, nanoseconds == UINT64_MAX ? NULL : &time, NULL);
    return rc < 0 ? rc : enter(ring, 0, 0, 0);
}
#endif

int eddyi_ring_enter(eddyi_ring *ring, uint64_t nanoseconds)
{
    uint32_t submit = eddyi_ring_unsubmitted(ring);
    atomic_store_explicit(ring->sq_tail_shared, ring->sq_tail, memory_order_release);
#ifdef EDDY_VALGRIND
    if (RUNNING_ON_VALGRIND)
        return enter_under_valgrind(ring, submit, nanoseconds) < 0 ? errno : 0;
#endif
    return enter(ring, submit, nanoseconds != 0 ? 1 : 0, nanoseconds) < 0 ? errno : 0;
}
