/* backend.h: SEAM 1, what a backend provides. A porter needs this page and nothing else.
 * Laws; the conformance suite has tests of their names:
 *  once     an op that submit() left PENDING is reported by wait() exactly once (MULTI: until EDDYI_LAST)
 *  quiet    no function here calls into core; core queues all results of one wait() before any user code runs
 *  lent     from PENDING until reported, the op, its buffers and its descriptor belong to the backend
 *  wins     cancel() is a request: the op still ends once; what completed is reported, not EDDY_ECANCELED,
 *           and an op that ends with EDDY_ECANCELED did nothing: no byte read, no connection taken
 *  bounded  ... and it ends in bounded time; what cannot promise that does not belong in `kinds`
 *  spare    submit, cancel, detach, wait, wake never fail for memory or a full queue; open and attach may
 *  mute     once detach() returned, no event of that descriptor reaches anybody; the caller closes it next
 *  late     wait() without events returns at or after its deadline, never before it (a wake() ends it early) */
#ifndef EDDYI_BACKEND_H
#define EDDYI_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <eddy/address.h>
#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/memory.h>

typedef struct eddyi_backend eddyi_backend; /* each backend's own state */
typedef struct eddyi_op eddyi_op;
typedef struct eddyi_net_ops eddyi_net_ops; /* core/platform.h */
typedef eddy_address eddyi_address;         /* opaque above the seam */

enum eddyi_op_kind {
    EDDYI_RECV, /* bufs <- stream; value: bytes, 0 at end of stream */
    EDDYI_SEND, /* bufs -> stream; value: bytes taken, may be fewer than asked, at least 1 */
    EDDYI_RECVFROM, /* one datagram, its sender in *address; value: its bytes, more than there was room for if it was cut: its
                         true length where the system tells, else one more */
    EDDYI_SENDTO, /* one datagram to *address; value: bytes */
    EDDYI_ACCEPT, /* value: the new descriptor, non-blocking and close-on-exec from birth. EDDY_ECONNABORTED or EDDY_EPROTO:
                       a connection died in the queue; core starts the op again */
    EDDYI_CONNECT, /* to *address; value: 0 */
    EDDYI_READ,    /* file or pipe, at `offset` (UINT64_MAX: the descriptor's own position) */
    EDDYI_WRITE,
    EDDYI_SENDFILE, /* buffers[0].size bytes of the file `file` at `offset` -> stream; value: bytes, 0 at the end of the file */
    EDDYI_POLL, /* value: EDDYI_IN/OUT/END bits that hold now, of those asked in `events` */
    EDDYI_KINDS
};
enum eddyi_descriptor_kind {
    EDDYI_STREAM,
    EDDYI_DATAGRAM,
    EDDYI_LISTENER,
    EDDYI_PIPE,
    EDDYI_FILE,
    EDDYI_FOREIGN /* somebody else's; FOREIGN and LISTENER are level-triggered, always */
};
enum { EDDYI_IN = 1, EDDYI_OUT = 2, EDDYI_END_IN = 4, EDDYI_END_OUT = 8 }; /* END_*: sticky, never cleared */
enum {
    EDDYI_MULTI = 1,       /* op flag: goes on reporting until cancelled or failed (ACCEPT, POLL, RECV) */
    EDDYI_PICK_BUFFER = 2, /* op flag, RECV: fill one of `bufs` whose bit is set in `free_buffers` */
    EDDYI_LAST = 4, /* result flag: the op has ended and is the caller's again. Always set without MULTI */
    EDDYI_MANY =
        8 /* op flag, RECVFROM and SENDTO, only of backends with TRY_FIRST: each of `buffers` is one datagram, address[i]
                       its address, lengths[i] the value it came to; value: how many, at least 1. Of those received, fewer than
                       were asked for say that no more were there, or an error is next */
};
enum { EDDYI_MOST_AT_ONCE = 16 }; /* MANY: no more of the buffers are looked at */
enum { EDDYI_PENDING = 0, EDDYI_DONE = 1 };

typedef struct eddyi_descriptor { /* one open descriptor; lives inside its transport */
    eddy_fd fd;
    uint32_t slot, generation; /* backend: events carry both; a stale pair is dropped */
    uint8_t kind;              /* enum eddyi_descriptor_kind; set before attach */
    uint8_t ready;             /* backend: EDDYI_IN ... as last known */
    uint8_t armed;             /* backend: bits that are watched in the kernel now */
    uint8_t attached;          /* backend: between attach and detach */
    bool
        fresh; /* set before attach: the kernel has just made it, so nobody else can have it in the loop. A backend
                   may watch it only when an op first has to wait, and then end that op with what attach would say */
    eddyi_op *reader, *writer; /* backend: at most one op a direction; core answers EDDY_EBUSY to a second */
} eddyi_descriptor;

typedef struct eddyi_buffer { /* the layout of struct iovec on POSIX, asserted there */
    void *data;
    size_t size;
} eddyi_buffer;

struct eddyi_op {                           /* core fills, backend answers; never allocated by either */
    _Alignas(16) unsigned char scratch[96]; /* backend's while lent; each asserts its size */
    eddyi_op *next;                         /* backend's while lent */
    eddyi_descriptor *descriptor;
    uint8_t kind, flags;
    uint8_t state;  /* backend's while lent; 0 when submitted */
    uint8_t events; /* POLL: EDDYI_IN and/or EDDYI_OUT; IN sits in `reader`, OUT alone in `writer` */
    uint32_t buffer_count;
    eddyi_buffer *buffers; /* array and memory stay valid while lent; a backend may not change the array */
    uint32_t
        free_buffers; /* PICK_BUFFER: a set bit may be picked; the backend clears it, core sets it again */
    uint64_t offset;
    eddyi_address *address; /* caller's; in for SENDTO/CONNECT, out for RECVFROM; NULL, or of size 0: none */
    union {
        uint32_t *lengths; /* caller's; RECVFROM with MANY: out */
        eddy_fd file;      /* SENDFILE: from where */
    };
    void *waiter; /* core's; a backend never looks */
};

/* An op for this, all but its scratch: what no poller looks at would cost two lines of the cache with each call. A POLL asks for EDDYI_IN. */
static inline void eddyi_op_set(eddyi_op *op, eddyi_descriptor *descriptor, uint8_t what,
                                eddyi_buffer *buffers, uint32_t count, void *waiter)
{
    op->descriptor = descriptor;
    op->kind = what;
    op->flags = op->state = 0;
    op->events = what == EDDYI_POLL ? EDDYI_IN : 0;
    op->buffer_count = count;
    op->buffers = buffers;
    op->free_buffers = 0;
    op->offset = UINT64_MAX;
    op->address = NULL;
    op->lengths = NULL;
    op->waiter = waiter;
}

/* Where an op stands while it is lent: one a direction. */
static inline eddyi_op **eddyi_op_place(const eddyi_op *op)
{
    const uint32_t readers = UINT32_C(1) << EDDYI_RECV | UINT32_C(1) << EDDYI_RECVFROM |
                             UINT32_C(1) << EDDYI_ACCEPT | UINT32_C(1) << EDDYI_READ;
    bool reads = op->kind == EDDYI_POLL ? (op->events & EDDYI_IN) != 0 : (readers >> op->kind & 1) != 0;
    return reads ? &op->descriptor->reader : &op->descriptor->writer;
}

typedef struct eddyi_result {
    eddyi_op *op;
    int64_t value;    /* bytes, new descriptor or events; < 0: EDDY_E... */
    int32_t os_error; /* the system's own number, for the error record */
    uint32_t flags;   /* EDDYI_LAST; the picked buffer's index above bit 16 */
} eddyi_result;

typedef struct eddyi_backend_config { /* zero is the default everywhere */
    const eddy_allocator *allocator;  /* never NULL */
    uint64_t seed;                    /* sim */
    uint32_t fault_percent;           /* sim: how many of the decisions go wrong, 0..100 */
    uint64_t fault_until_ns;          /* sim: calm from so many nanoseconds after open on; 0: no end */
    uint32_t batch; /* most events taken from the kernel in one wait; 0: the backend's choice */
} eddyi_backend_config;

enum {
    EDDYI_CAP_VIRTUAL_TIME = 1, /* now() jumps; nothing outside the process can be reached */
    EDDYI_CAP_ON_REQUEST = 2,   /* never chosen unless named */
    /* submit tries at once, or knows that it would be in vain; until the next wait() what is PENDING has not begun, and
     * cancel takes it back in place */
    EDDYI_CAP_TRY_FIRST = 4,
    EDDYI_CAP_IN_PLACE = 8 /* so does each cancel, at any time */
};

typedef struct eddyi_backend_ops {
    const char *name, *description;
    uint32_t caps;

    /* 0, or why this machine cannot: EDDY_ENOSYS, EDDY_EPERM ... Cheap, no side effect. */
    int (*probe)(void);
    /* Make one. *kinds gets a bit per op kind that *this instance* runs; core routes the rest elsewhere. On error
     * nothing is left open and *out is not written. Thread: the one that will call everything but wake(). */
    int (*open)(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds);
    /* Every descriptor is detached and every op has come back. */
    void (*close)(eddyi_backend *);
    /* Take fd and kind; may fail with EDDY_ENOMEM, EDDY_EPERM (a regular file), EDDY_EBADF, EDDY_EEXIST (attached
     * already), EDDY_EINVAL (select: descriptor too large). On failure nothing has changed. */
    int (*attach)(eddyi_backend *, eddyi_descriptor *);
    /* No op is lent on it any more. Afterwards the caller closes the fd. Idempotent. */
    void (*detach)(eddyi_backend *, eddyi_descriptor *);
    /* EDDYI_DONE: *now is set (op, value, os_error, flags with EDDYI_LAST) and wait() will not report it.
     * EDDYI_PENDING: lent. A MULTI op is always PENDING. Errors of the operation are a DONE with value < 0. */
    int (*submit)(eddyi_backend *, eddyi_op *, eddyi_result *now);
    /* Ask a PENDING op to end. EDDYI_DONE: it has ended, *now says how (EDDY_ECANCELED, or what it did) and wait()
     * will not report it. EDDYI_PENDING: it will come back from wait(). Idempotent while pending. */
    int (*cancel)(eddyi_backend *, eddyi_op *, eddyi_result *now);
    /* Block until results, a wake() or `deadline_ns` on the clock of now(): 0 does not block, UINT64_MAX waits for
     * ever. Returns the number of results filled, 0 if none; < 0 is a hard failure of the poller (EDDY_E...), after which
     * only cancel, detach and close are called. EINTR is not seen by the caller: the wait goes on, or 0. */
    int (*wait)(eddyi_backend *, uint64_t deadline_ns, eddyi_result *results, int room);
    /* End the current or the next wait() early. Any thread, any signal handler. Repeats may merge. */
    void (*wake)(eddyi_backend *);

    /* Optional: NULL takes the platform's. */
    uint64_t (*now)(eddyi_backend *); /* the loop's only clock, nanoseconds, monotonic; sim: virtual */
    eddy_fd (*pollable)(
        eddyi_backend *);     /* a descriptor readable when wait(0) would find something; NULL: cannot */
    const eddyi_net_ops *net; /* sockets; core never calls the platform's directly */
} eddyi_backend_ops;

/* All that are built in, in order of preference, NULL at the end. Written by CMake into a generated file, no #ifdef. */
extern const eddyi_backend_ops *const eddyi_backends[];

#endif
