/* inside.h: the inside of the completion port's backend, shared by its files.
 * Touches backend.h and the system's headers. One thread, but for `wake` and the pool thread that saw a handle signalled.
 *
 * An op that the kernel has is POSTED: its OVERLAPPED, which is the beginning of its scratch area, and its buffers are the kernel's until its packet was
 * taken from the port, whatever is cancelled or closed meanwhile. A packet names slot and generation of its descriptor, and is believed only if an op of
 * that descriptor is posted under the packet's OVERLAPPED. */
#ifndef EDDYI_IOCP_INSIDE_H
#define EDDYI_IOCP_INSIDE_H

#include <stdatomic.h>

#include "backends/iocp/iocp.h"
#include "core/base/list.h"
#include "core/platform.h"
#include "platform/windows/system.h"

enum {
    IOCP_ENTRIES = 128, /* most packets taken at once */
    IOCP_ACCEPTS = 8,   /* connections that a listener has asked for ahead */
    IOCP_GATHERED = 16  /* most buffers of one call */
};

enum iocp_nature { IOCP_SOCKET, IOCP_PIPE, IOCP_OBJECT };

enum iocp_state {
    IOCP_IDLE,
    IOCP_POSTED,     /* the kernel has it */
    IOCP_CANCELLING, /* ... and was asked to end it */
    IOCP_AGAIN,      /* MULTI: in `again`, to be begun when the next wait begins */
    IOCP_KEPT        /* it has ended: in `kept`, to be told by the next wait */
};

/* What a call that begins an op says. */
enum { IOCP_PENDING = EDDYI_PENDING, IOCP_DONE = EDDYI_DONE, IOCP_STARVED = 2 };

/* What the socket driver is asked, and answers: AFD_POLL_INFO with one socket. */
typedef struct iocp_question {
    LARGE_INTEGER timeout;
    ULONG count, exclusive;
    HANDLE socket;
    ULONG events;
    LONG status;
} iocp_question;

/* Lives in the op's scratch area. */
typedef struct iocp_lent {
    union {
        OVERLAPPED overlapped; /* the kernel's while posted */
        struct {               /* AGAIN, KEPT */
            eddyi_list link;
            int64_t value;
            int32_t os_error;
        };
    };
    union {
        iocp_question question;
        struct {
            DWORD flags;      /* of a receive */
            INT address_size; /* of RECVFROM */
        };
    };
    bool asked;      /* it is the driver's that tells when the op may be tried, or begun */
    uint8_t picked;  /* PICK_BUFFER: the buffer that the kernel fills */
    uint8_t attempt; /* what eddyi_attempt keeps in an op's state */
} iocp_lent;

typedef struct iocp_accept { /* one connection that is asked for ahead */
    OVERLAPPED overlapped;
    SOCKET socket; /* INVALID_SOCKET: none is made */
    bool posted;
    unsigned char addresses[2 * (sizeof(SOCKADDR_STORAGE) + 16)];
} iocp_accept;

typedef struct iocp_listener {
    int family, type, protocol;
    int posted;
    int32_t error, os_error; /* why the op is being ended: EDDY_ECANCELED, or what failed */
    iocp_accept accepts[IOCP_ACCEPTS];
} iocp_listener;

typedef struct iocp_file { /* an attached descriptor, or one that was and is tied to the port still */
    eddyi_backend *backend;
    eddyi_descriptor *descriptor; /* NULL: it is parked */
    struct iocp_file *next;       /* of those whose number falls into the same bucket */
    eddy_fd fd;
    uint32_t slot, generation;
    uint8_t nature;
    bool tied;               /* parked once: its number may be one that the port knows already */
    bool ported;             /* its completions come to our port; else its ops are tried */
    bool skips;              /* a success at once sends no packet */
    SOCKET base;             /* what the socket driver knows it by; INVALID_SOCKET: not asked yet */
    iocp_listener *listener; /* NULL: it is none */
    PTP_WAIT wait;           /* of an object */
    atomic_bool signalled;   /* ... whose packet is on its way */
} iocp_file;

typedef struct iocp_slot {
    iocp_file *file; /* NULL: free */
    uint32_t generation;
    uint32_t next; /* free slot */
} iocp_slot;

struct eddyi_backend {
    const eddy_allocator *allocator;
    HANDLE port, afd;
    bool afd_is_socket, never_skips, crowded;
    atomic_bool woken;
    uint32_t batch;
    iocp_slot *slots;
    iocp_file **buckets; /* as many as slots */
    uint32_t slot_count, free;
    eddyi_list again, kept; /* iocp_lent.link */
    uint64_t strays;
    LPFN_ACCEPTEX accept;
    LPFN_CONNECTEX connect;
    LPFN_TRANSMITFILE transmit;
    OVERLAPPED_ENTRY entries[IOCP_ENTRIES];
};

static inline iocp_lent *eddyi_iocp_lent_of(eddyi_op *op)
{
    return (iocp_lent *)(void *)op->scratch;
}

static inline eddyi_op *eddyi_iocp_op_of(iocp_lent *lent)
{
    return EDDYI_CONTAINER(lent, eddyi_op, scratch);
}

static inline HANDLE eddyi_iocp_handle(eddy_fd fd)
{
    return (HANDLE)(uintptr_t)fd;
}

/* files.c: a key is a slot and, above it, its generation. These two slots are nobody's. */
#define IOCP_SLOT_BITS (sizeof(ULONG_PTR) * 4)
#define IOCP_SLOT_MASK (((ULONG_PTR)1 << IOCP_SLOT_BITS) - 1)
#define IOCP_KEY_WAKE  IOCP_SLOT_MASK
#define IOCP_KEY_AFD   (IOCP_SLOT_MASK - 1)

int eddyi_iocp_file_create(eddyi_backend *, iocp_file **out, eddyi_descriptor *);
void eddyi_iocp_file_free(iocp_file *);
void eddyi_iocp_file_disown(iocp_file *); /* its number is another's now */
void eddyi_iocp_file_set_generation(iocp_file *, uint32_t generation);
iocp_file *eddyi_iocp_file_of(const eddyi_backend *, const eddyi_descriptor *); /* it is attached */
iocp_file *eddyi_iocp_file_by_key(const eddyi_backend *, ULONG_PTR key);        /* NULL: stale, or parked */
iocp_file *eddyi_iocp_file_by_number(const eddyi_backend *, eddy_fd);           /* NULL: never seen */
ULONG_PTR eddyi_iocp_key(const iocp_file *);
void eddyi_iocp_files_release(eddyi_backend *);

/* attach.c */
int eddyi_iocp_attach(eddyi_backend *, eddyi_descriptor *);
void eddyi_iocp_detach(eddyi_backend *, eddyi_descriptor *);

/* ops.c */
int eddyi_iocp_submit(eddyi_backend *, eddyi_op *, eddyi_result *now);
int eddyi_iocp_cancel(eddyi_backend *, eddyi_op *, eddyi_result *now);
eddyi_op **eddyi_iocp_place(const eddyi_op *);
/* Begin each MULTI op that is to be begun again, as far as `room` goes; returns the results that came at once. */
int eddyi_iocp_go_on(eddyi_backend *, eddyi_result *results, int room);
int eddyi_iocp_tell_kept(eddyi_backend *, eddyi_result *results, int room);
/* The packet of a posted op. */
void eddyi_iocp_arrived(iocp_file *, eddyi_op *, eddyi_result *result);
/* The driver's packet for it; false: it says nothing, and the op goes on. */
bool eddyi_iocp_answered(iocp_file *, eddyi_op *, eddyi_result *result);
void eddyi_iocp_keep(eddyi_backend *, eddyi_op *, int64_t value, int32_t os_error);
void eddyi_iocp_again(eddyi_backend *, eddyi_op *);
/* The op is the caller's again. */
void eddyi_iocp_end(eddyi_op *, eddyi_result *result);
/* An overlapped call has been made: `ok`, or the last error says why not. */
int eddyi_iocp_begun(iocp_file *, eddyi_op *, bool ok, eddyi_result *result);
int eddyi_iocp_failed(eddyi_result *result, DWORD error);
/* How a posted call ended; 0: well. Cancelled and closed here are ERROR_OPERATION_ABORTED. */
DWORD eddyi_iocp_error_of(const iocp_file *, OVERLAPPED *);

/* What begins an op: IOCP_PENDING, IOCP_DONE with its result, or IOCP_STARVED. */
int eddyi_iocp_begin_receive(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_send(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_receive_from(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_send_to(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_connect(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_accept(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_pipe(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_sendfile(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_tried(iocp_file *, eddyi_op *, eddyi_result *);
int eddyi_iocp_begin_object(iocp_file *, eddyi_op *, eddyi_result *);

/* What the kernel did: `error` of Windows, 0: none. They fill value, os_error, and the picked buffer. */
void eddyi_iocp_received(eddyi_op *, DWORD error, DWORD bytes, eddyi_result *);
void eddyi_iocp_sent(eddyi_op *, DWORD error, DWORD bytes, eddyi_result *);
void eddyi_iocp_connected(iocp_file *, eddyi_op *, DWORD error, eddyi_result *);
void eddyi_iocp_pipe_polled(eddyi_op *, DWORD error, eddyi_result *);

/* stream.c */
uint32_t eddyi_iocp_free_buffers(const eddyi_op *); /* of a receive that picks: bits */
int eddyi_iocp_pick(const eddyi_op *);              /* the buffer that it fills next; -1: it is starved */
void eddyi_iocp_took(eddyi_op *, int index, eddyi_result *);
eddyi_buffer *eddyi_iocp_first_buffer(const eddyi_op *);

/* accept.c */
int eddyi_iocp_listener_create(iocp_file *);
void eddyi_iocp_listener_free(iocp_file *);
iocp_accept *eddyi_iocp_accept_of(iocp_file *, const OVERLAPPED *); /* NULL: not one of its own */
/* The packet of one that was asked for ahead; false: it says nothing. */
bool eddyi_iocp_accept_arrived(iocp_file *, iocp_accept *, eddyi_result *);
int eddyi_iocp_cancel_accept(iocp_file *, eddyi_op *, eddyi_result *now);

/* afd.c */
int eddyi_iocp_afd_open(eddyi_backend *);
void eddyi_iocp_afd_close(eddyi_backend *);
/* Ask to be told when the socket is ready for what the op does. */
int eddyi_iocp_ask(iocp_file *, eddyi_op *, eddyi_result *);
uint32_t eddyi_iocp_answer(eddyi_op *); /* EDDYI_IN ... that hold; 0: none */
bool eddyi_iocp_answer_is_closed(eddyi_op *);

/* tried.c */
bool eddyi_iocp_is_tried(const iocp_file *, const eddyi_op *);
/* The driver says that it is the moment for it: IOCP_PENDING: it was not, and is asked again. */
int eddyi_iocp_try_now(iocp_file *, eddyi_op *, eddyi_result *);

/* object.c */
int eddyi_iocp_object_create(iocp_file *);
void eddyi_iocp_object_free(iocp_file *);
int eddyi_iocp_cancel_object(iocp_file *, eddyi_op *, eddyi_result *now);

/* wait.c */
int eddyi_iocp_wait(eddyi_backend *, uint64_t deadline_ns, eddyi_result *results, int room);
void eddyi_iocp_wake(eddyi_backend *);

#endif
