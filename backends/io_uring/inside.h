/* inside.h: the inside of the backend over io_uring(7), shared by its files.
 * Touches backend.h, the readiness layer's table of slots, and the kernel's header. One thread, but for `wake`.
 *
 * What the kernel does well it does by itself: receives, and accepts that go on. Everything else is *tried* first and then asked about: the ring
 * tells when it is worth another try. An op that the kernel has is HANDED: its scratch area and its buffers are lent on until its answer was
 * taken from the ring. The kernel runs nothing of ours but inside `io_uring_enter` of the ring's own thread (DEFER_TASKRUN), where it can. */
#ifndef EDDYI_URING_INSIDE_H
#define EDDYI_URING_INSIDE_H

#include <linux/io_uring.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "backends/identity.h"
#include "backends/readiness/slots.h"
#include "core/base/list.h"
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/posix/system.h"

/* ---- ring.c: the two rings that are shared with the kernel ---- */

typedef struct eddyi_ring {
    int fd;           /* -1: closed */
    bool deferred;    /* the kernel runs nothing of it outside of `enter`, and only in one thread */
    bool tells_work;  /* it sets a flag when an `enter` would find something */
    uint32_t sq_tail; /* ours: entries up to it are written; the kernel sees them at the next `enter` */
    uint32_t sq_room, sq_mask, cq_mask;
    _Atomic(uint32_t) *sq_head, *sq_tail_shared, *sq_flags, *cq_head, *cq_tail;
    struct io_uring_sqe *entries;
    struct io_uring_cqe *answers;
    void *shared;
    size_t shared_size, entries_size;
} eddyi_ring;

/* As many entries as that, or the next power of two. `deferred`: the best way, where the kernel knows it; but who waits for the descriptor of such a
 * ring is not woken. 0 or why not: EDDY_ENOSYS, EDDY_EPERM, EDDY_ENOMEM, EDDY_EMFILE. */
int eddyi_ring_open(eddyi_ring *, uint32_t entries, bool deferred);
void eddyi_ring_close(eddyi_ring *);
/* A bit for each of the kernel's operations (IORING_OP_...) below 64 that it knows. */
int eddyi_ring_operations(const eddyi_ring *, uint64_t *out);
struct io_uring_sqe *eddyi_ring_entry(eddyi_ring *); /* all zero; NULL: the ring is full */
uint32_t eddyi_ring_unsubmitted(const eddyi_ring *);
const struct io_uring_cqe *eddyi_ring_answer(const eddyi_ring *); /* the oldest; NULL: there is none */
void eddyi_ring_answered(eddyi_ring *);                           /* it was read */
bool eddyi_ring_has_work(const eddyi_ring *);                     /* an `enter` would bring answers */
bool eddyi_ring_lost_answers(const eddyi_ring *); /* the kernel keeps some that found no room */
/* Submit what is written, and wait until an answer is there or `nanoseconds` are over: 0 does not wait, UINT64_MAX for ever. 0, or the system's
 * number: ETIME, EINTR, EAGAIN and EBUSY among them. */
int eddyi_ring_enter(eddyi_ring *, uint64_t nanoseconds);

/* ---- ops.c ---- */

enum eddyi_uring_state {
    URING_IDLE,
    URING_QUEUED,     /* in `waiting`: the kernel does not know it yet */
    URING_HANDED,     /* the kernel has it */
    URING_CANCELLING, /* ... and is to end it: in `cancels` until it was told */
    URING_KEPT        /* it has ended: in `kept`, to be told by the next wait */
};

typedef struct eddyi_uring_lent { /* lives in the op's scratch area */
    eddyi_list link;
    union {
        struct msghdr message; /* HANDED */
        struct {               /* KEPT */
            int64_t value;
            int32_t os_error;
        };
    };
    uint64_t user_data; /* of the entry that the kernel has */
    uint8_t picked;     /* PICK_BUFFER: the buffer that the kernel fills */
    uint8_t attempt;    /* what eddyi_attempt keeps in an op's state */
    bool asked;         /* the kernel was only asked when it is worth a try */
} eddyi_uring_lent;

struct eddyi_backend {
    const eddy_allocator *allocator;
    eddyi_ring ring;
    int bell; /* an eventfd; the kernel polls it */
    int told; /* an epoll set with the ring, for a guest, who waits outside of `wait`; -1: there is none */
    atomic_bool woken;
    bool bell_watched, broken, no_multishot;
    uint32_t batch, entries;
    uint64_t operations; /* that the kernel knows */
    uint64_t strays;     /* answers that nobody waited for */
    uint32_t handed;     /* ops that the kernel has */
    eddyi_slots slots;
    eddyi_identity *identities; /* by slot */
    uint32_t identity_room;
    eddyi_list waiting, cancels, kept; /* eddyi_uring_lent.link */
};

static inline bool eddyi_uring_has_guest(const eddyi_backend *backend)
{
    return backend->told >= 0;
}

static inline eddyi_uring_lent *eddyi_uring_lent_of(eddyi_op *op)
{
    return (eddyi_uring_lent *)(void *)op->scratch;
}

static inline eddyi_op *eddyi_uring_op_of(eddyi_list *link)
{
    return EDDYI_CONTAINER(EDDYI_LIST_ITEM(link, eddyi_uring_lent, link), eddyi_op, scratch);
}

/* User data: generation, slot, direction, and whether it is the answer to a cancel. No slot is as large as the bell's. */
enum { URING_IS_CANCEL = 1, URING_IS_WRITER = 2, URING_SLOT_SHIFT = 2 };
#define URING_BELL UINT64_MAX

static inline bool eddyi_uring_fails_for_now(int number)
{
    return number == EAGAIN || number == EINTR;
}

int eddyi_uring_submit(eddyi_backend *, eddyi_op *, eddyi_result *now);
int eddyi_uring_cancel(eddyi_backend *, eddyi_op *, eddyi_result *now);
void eddyi_uring_queue(eddyi_backend *, eddyi_op *); /* the next wait hands it over */
void eddyi_uring_keep(eddyi_backend *, eddyi_op *, int64_t value, int32_t os_error);
int eddyi_uring_tell_kept(eddyi_backend *, eddyi_result *results, int room);
/* A result: the last one, or MULTI goes on. `more`: so does the kernel. */
void eddyi_uring_tell(eddyi_backend *, eddyi_op *, bool more, eddyi_result *result);
/* The descriptor was closed behind our back: its ops end with EDDY_EBADF. */
void eddyi_uring_lose(eddyi_backend *, eddyi_descriptor *);
/* The kernel's ring is another one: what the old one had, which ran nothing outside of `enter`, is asked anew. */
void eddyi_uring_take_back(eddyi_backend *);

/* ---- tries.c ---- */

/* The kernel does it by itself; else it is tried, and the kernel is asked when that is worth it. */
bool eddyi_uring_is_native(const eddyi_backend *, const eddyi_op *);
int eddyi_uring_free_buffer(const eddyi_op *); /* the first one that may be picked, -1: none */
bool eddyi_uring_starved(const eddyi_op *);    /* it picks, and there is none */
void eddyi_uring_took(eddyi_op *, int index, eddyi_result *result); /* that buffer was filled */
bool eddyi_uring_try(eddyi_op *, eddyi_result *result);             /* false: it would block */
bool eddyi_uring_is_worth_a_try(const eddyi_op *);
uint8_t eddyi_uring_bits(const eddyi_op *); /* what it waits for */
void eddyi_uring_learn(const eddyi_op *, bool worth);
void eddyi_uring_learn_of_try(const eddyi_backend *, const eddyi_op *, bool ended, int64_t value);

/* ---- entries.c ---- */

/* Write entries for what waits, as far as there is room in the ring. False: some found none. */
bool eddyi_uring_hand_over(eddyi_backend *);

/* ---- answers.c ---- */

/* What the ring has, up to `room` results. */
int eddyi_uring_collect(eddyi_backend *, eddyi_result *results, int room, bool *woken);

/* ---- io_uring.c ---- */

int eddyi_uring_show(const eddyi_backend *, const eddyi_ring *); /* the guest hears of that ring as well */

/* ---- wait.c ---- */

int eddyi_uring_wait(eddyi_backend *, uint64_t deadline_ns, eddyi_result *results, int room);
void eddyi_uring_wake(eddyi_backend *);
/* There is something for the next wait to do: a guest, who waits outside of it, is woken. */
void eddyi_uring_knock(eddyi_backend *);
void eddyi_uring_serve_guest(eddyi_backend *); /* ... and he sleeps until then */

#endif
