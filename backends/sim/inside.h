/* inside.h: the inside of the simulator, shared by its files.
 * Touches backend.h, platform.h and core/base. One thread but for `wake`; no system call but to block for a wake-up.
 *
 * A stream socket owns the bytes that travel towards it: a ring, of which [read, visible) has arrived and [visible, written) is under way. An op
 * that can be done is done at once, and its result comes back at once or later, as the seed says; so a cancel may find a result on its way. */
#ifndef EDDYI_SIM_INSIDE_H
#define EDDYI_SIM_INSIDE_H

#include <stdatomic.h>

#include "backends/sim/sim.h"
#include "core/backend.h"
#include "core/base/list.h"
#include "core/base/timers.h"
#include "core/platform.h"

enum { FIRST_NUMBER = 1000000, FIRST_EPHEMERAL_PORT = 40000, LAST_PORT = 65535 };

typedef struct sim_socket sim_socket;

/* The layout of eddyi_address.bytes here: no padding, so that equal addresses are equal bytes. */
enum { SIM_IPV4 = 1, SIM_IPV6 = 2 };
typedef struct sim_address {
    uint8_t family;
    uint8_t zero;
    uint16_t port;
    uint8_t host[16]; /* IPv4: the first four */
} sim_address;

typedef struct sim_ring {
    unsigned char *data;
    uint64_t capacity;
    uint64_t read, visible, written; /* positions since the beginning */
} sim_ring;

enum sim_state {
    SIM_FRESH,
    SIM_LISTENING,
    SIM_CONNECTING,
    SIM_CONNECTED,
    SIM_RESET, /* the connection broke, and nobody has been told yet */
    SIM_BROKEN /* ... and somebody has */
};

struct sim_socket {
    eddyi_backend *sim;
    eddy_fd number;
    uint32_t generation; /* of the number: who still holds an older one means a socket that is gone */
    uint8_t type;        /* enum eddyi_socket_type */
    uint8_t state;       /* enum sim_state */
    bool bound, reuse_port, linger_reset;
    bool given;               /* the program has its number, and must close it */
    bool end_sent;            /* we shut our sending half */
    bool end_written;         /* the peer shut its half: after the last written byte comes the end */
    bool end_visible;         /* ... and it has arrived */
    bool told;                /* CONNECTING: the verdict has arrived; CONNECTED: connect has been answered */
    bool hard;                /* a reset takes what was not read, and is told to every op: see network.c */
    bool pumping, pump_again; /* its waiting ops are being looked at; something changed meanwhile */
    int pending_error;        /* a datagram that nobody took; told once */
    sim_address local, remote;
    eddyi_descriptor *descriptor;
    sim_socket *peer; /* NULL: gone, or none */
    sim_socket *
        twin; /* what the server will accept; made before it is needed, so that connecting cannot fail for memory */
    sim_ring incoming;
    uint64_t unheard;     /* bytes sent to a peer that is gone */
    uint64_t arriving;    /* position that becomes visible at the next arrival */
    int verdict;          /* CONNECTING: what the connect will come to */
    uint32_t knocks;      /* CONNECTING: how often the listener was asked */
    eddyi_timer arrival;  /* of bytes and the end; while connecting: of the next step */
    eddyi_timer farewell; /* of a reset */
    eddyi_list backlog;   /* accepted, not yet taken */
    uint32_t waiting, most_waiting;
    eddyi_list link; /* in a backlog */
};

/* What a lent op keeps in its scratch area. */
typedef struct sim_lent {
    eddyi_list link; /* in `done`, or in `multi` */
    eddyi_timer timer;
    int64_t value;
    eddyi_backend *sim;
} sim_lent;

enum sim_op_state {
    SIM_IDLE,
    SIM_WAITING,
    SIM_CANCELLING,
    SIM_COMPLETING,
    SIM_DONE,
    SIM_MULTI,
    SIM_MULTI_CANCELLING /* goes on reporting until its cancel arrives */
};

/* What wakes a simulation in which nothing can happen by itself: see bell.c. */
typedef struct sim_bell {
    atomic_bool woken;
    atomic_bool ringing, again;
    atomic_uintptr_t sleeper; /* the thread that blocks; 0: none */
    eddyi_mutex mutex;
    eddyi_condition condition;
} sim_bell;

struct eddyi_backend {
    eddy_allocator allocator;
    uint64_t random;
    uint64_t now, trace;
    uint32_t fault_percent;
    uint64_t fault_until;
    uint64_t least_latency, most_latency; /* both 0: the usual mixture */
    eddyi_timers timers;
    eddyi_list done;  /* sim_lent.link of ops whose result is to be reported */
    eddyi_list multi; /* ... of MULTI ops */
    sim_socket **sockets;
    size_t capacity, lowest_free, given;
    uint32_t generation;
    uint16_t next_port;
    bool multi_first; /* whose turn it is when there is little room */
    sim_bell bell;
};

/* chance.c */
uint64_t eddyi_sim_random(eddyi_backend *, uint64_t below);
bool eddyi_sim_chance(eddyi_backend *, uint32_t percent);
bool eddyi_sim_faulty(const eddyi_backend *);           /* faults may happen now */
bool eddyi_sim_fault(eddyi_backend *, uint32_t one_in); /* the share of faults, thinned by one_in */
uint64_t eddyi_sim_delay(eddyi_backend *);              /* of one way through the network */

enum sim_event {
    SIM_EVENT_ARRIVED = 1,
    SIM_EVENT_RESET,
    SIM_EVENT_CLOSED,
    SIM_EVENT_ANSWERED,
    SIM_EVENT_REPORTED, /* one of a MULTI op */
    SIM_EVENT_SUBMITTED,
    SIM_EVENT_CANCELLED,
    SIM_EVENT_OPENED,
    SIM_EVENT_KNOCKED,
    SIM_EVENT_RECEIVED
};
void eddyi_sim_note(eddyi_backend *, enum sim_event, uint64_t value);
void eddyi_sim_note_bytes(eddyi_backend *, const void *data, uint64_t size);

/* bell.c */
int eddyi_sim_bell_init(sim_bell *);
void eddyi_sim_bell_destroy(sim_bell *);
void eddyi_sim_bell_ring(sim_bell *); /* any thread */
bool eddyi_sim_bell_heard(sim_bell *);
void eddyi_sim_bell_sleep(sim_bell *); /* until it rings */

/* ring.c */
uint64_t eddyi_sim_ring_free(const sim_ring *);
void eddyi_sim_ring_put(sim_ring *, const void *data, uint64_t size);
void eddyi_sim_ring_peek(const sim_ring *, uint64_t from, void *data, uint64_t size);

/* sockets.c */
sim_socket *eddyi_sim_find(eddyi_backend *, eddy_fd);
sim_socket *eddyi_sim_socket_of(eddyi_backend *, const eddyi_descriptor *); /* NULL: it is gone */
int eddyi_sim_make_socket(eddyi_backend *, sim_socket **out, uint8_t type);
void eddyi_sim_destroy_socket(sim_socket *);
int eddyi_sim_make_twin(sim_socket *);
void eddyi_sim_give(sim_socket *); /* the program has it from now on */
void eddyi_sim_free_all(eddyi_backend *);
sim_socket *eddyi_sim_find_listener(eddyi_backend *, const sim_address *);
sim_socket *eddyi_sim_find_datagram_socket(eddyi_backend *, const sim_address *to, const sim_address *from);
bool eddyi_sim_port_taken(eddyi_backend *, const sim_socket *by, const sim_address *);
int eddyi_sim_bind_any_port(sim_socket *);
bool eddyi_sim_same_host(const sim_address *, const sim_address *);

/* network.c: connections */
void eddyi_sim_make_visible_later(sim_socket *);
void eddyi_sim_connect_begin(sim_socket *, const sim_address *to);
void eddyi_sim_connect_abandon(sim_socket *);
void eddyi_sim_send_end(sim_socket *);
void eddyi_sim_break(
    sim_socket *); /* in the middle of the network: both sides learn of it, each in its time */
void eddyi_sim_refuse_more(sim_socket *); /* its peer is gone: what it sends is answered with a reset */
void eddyi_sim_part(sim_socket *);        /* it is being closed */
int eddyi_sim_take_reset(
    sim_socket *); /* the error of a broken connection for an op: 0 when it has been told */

/* net.c */
extern const eddyi_net_ops eddyi_sim_net;

/* names.c */
sim_address eddyi_sim_address_get(const eddyi_address *);
void eddyi_sim_address_put(eddyi_address *, const sim_address *);
int eddyi_sim_resolve(eddyi_backend *, const char *host, const char *service, enum eddyi_family,
                      enum eddyi_socket_type, int flags, eddyi_address *out, int room);
enum eddyi_family eddyi_sim_family(const eddyi_address *);
int eddyi_sim_port(const eddyi_address *);
int eddyi_sim_format(const eddyi_address *, char *text, size_t size);
int eddyi_sim_name(eddyi_backend *, const eddyi_address *, char *host, size_t host_size, char *service,
                   size_t service_size, int flags);

/* ops.c */
sim_lent *eddyi_sim_lent_of(eddyi_op *);
eddyi_op *eddyi_sim_op_of(sim_lent *);
int eddyi_sim_submit(eddyi_backend *, eddyi_op *, eddyi_result *now);
int eddyi_sim_cancel(eddyi_backend *, eddyi_op *, eddyi_result *now);
void eddyi_sim_pump(sim_socket *); /* something changed: its waiting ops may be done now */
void eddyi_sim_answer(eddyi_backend *, eddyi_op *, eddyi_result *, int64_t value);

/* collect.c */
int eddyi_sim_collect(eddyi_backend *, eddyi_result *results, int room);

/* stream.c, datagram.c: one attempt; EDDY_EAGAIN: not yet */
int64_t eddyi_sim_attempt(sim_socket *, eddyi_op *);
int64_t eddyi_sim_receive_into(sim_socket *, const eddyi_buffer *buffers, uint32_t count);
uint64_t eddyi_sim_total(const eddyi_buffer *buffers, uint32_t count);
int64_t eddyi_sim_attempt_sendto(sim_socket *, eddyi_op *);
int64_t eddyi_sim_attempt_recvfrom(sim_socket *, eddyi_op *);

/* lent.c: while an op is lent nobody else may look into the memory that it receives into */
void eddyi_sim_hide(const eddyi_op *);
void eddyi_sim_show(const eddyi_op *);

#endif
