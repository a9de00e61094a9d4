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

/* The layout of eddyi_address.bytes here. */
enum { SIM_IPV4 = 1, SIM_IPV6 = 2 };
typedef struct sim_address {
    uint8_t family;
    uint8_t host[16]; /* IPv4: the first four */
    uint16_t port;
} sim_address;

typedef struct sim_ring {
    unsigned char *data;
    uint64_t capacity;
    uint64_t read, visible, written; /* positions since the beginning */
} sim_ring;

enum sim_state { SIM_FRESH, SIM_LISTENING, SIM_CONNECTING, SIM_CONNECTED, SIM_RESET };

struct sim_socket {
    eddyi_backend *sim;
    eddy_fd number;
    uint8_t type;  /* enum eddyi_socket_type */
    uint8_t state; /* enum sim_state */
    bool bound, reuse_port, linger_reset;
    bool end_sent;            /* we shut our sending half */
    bool end_written;         /* the peer shut its half: after the last written byte comes the end */
    bool end_visible;         /* ... and it has arrived */
    bool knocking;            /* the server's end of a connection that has not reached its listener */
    bool pumping, pump_again; /* its waiting ops are being looked at; something changed meanwhile */
    sim_address local, remote;
    eddyi_descriptor *descriptor;
    sim_socket *peer; /* NULL: gone, or none */
    sim_socket *
        twin; /* what the server will accept; made before it is needed, so that connecting cannot fail for memory */
    sim_ring incoming;
    uint64_t way;      /* how long a connect took to reach the listener */
    uint64_t arriving; /* position that becomes visible at the next arrival */
    eddyi_timer arrival;
    eddyi_list backlog; /* accepted, not yet taken */
    eddyi_list link;    /* in a backlog */
};

/* What a lent op keeps in its scratch area. */
typedef struct sim_lent {
    eddyi_list link; /* in `done`, or in `multi` */
    eddyi_timer timer;
    int64_t value;
    eddyi_backend *sim;
} sim_lent;

enum sim_op_state { SIM_IDLE, SIM_WAITING, SIM_CANCELLING, SIM_COMPLETING, SIM_DONE, SIM_MULTI };

struct eddyi_backend {
    eddy_allocator allocator;
    uint64_t random;
    uint64_t now, trace;
    uint32_t fault_percent;
    uint64_t fault_until;
    eddyi_timers timers;
    eddyi_list done;  /* sim_lent.link of ops whose result is to be reported */
    eddyi_list multi; /* ... of MULTI ops */
    sim_socket **sockets;
    size_t capacity, open;
    uint16_t next_port;
    bool multi_first; /* whose turn it is when there is little room */
    atomic_bool woken;
    bool blocked; /* under the mutex */
    eddyi_mutex mutex;
    eddyi_condition condition;
};

/* chance.c */
uint64_t eddyi_sim_random(eddyi_backend *, uint64_t below);
bool eddyi_sim_chance(eddyi_backend *, uint32_t percent);
bool eddyi_sim_fault(eddyi_backend *, uint32_t one_in); /* the share of faults, thinned by one_in */
uint64_t eddyi_sim_delay(eddyi_backend *);              /* of one way through the network */
void eddyi_sim_note(eddyi_backend *, uint64_t what, uint64_t value);

/* ring.c */
uint64_t eddyi_sim_ring_free(const sim_ring *);
void eddyi_sim_ring_put(sim_ring *, const void *data, uint64_t size);
void eddyi_sim_ring_peek(const sim_ring *, uint64_t from, void *data, uint64_t size);

/* sockets.c */
sim_socket *eddyi_sim_find(eddyi_backend *, eddy_fd);
int eddyi_sim_make_twin(sim_socket *);
void eddyi_sim_reset(sim_socket *); /* the connection breaks: both sides learn of it */
void eddyi_sim_make_visible_later(sim_socket *);
void eddyi_sim_knock_later(sim_socket *server, uint64_t delay); /* it reaches its listener then */
void eddyi_sim_forget_knock(sim_socket *server);                /* it never will */
void eddyi_sim_free_all(eddyi_backend *);
sim_socket *eddyi_sim_find_listener(eddyi_backend *, const sim_address *);
int eddyi_sim_bind_any_port(sim_socket *);
extern const eddyi_net_ops eddyi_sim_net;

/* names.c */
sim_address eddyi_sim_address_get(const eddyi_address *);
void eddyi_sim_address_put(eddyi_address *, const sim_address *);
int eddyi_sim_resolve(eddyi_backend *, const char *host, const char *service, enum eddyi_family,
                      enum eddyi_socket_type, int flags, eddyi_address *out, int room);
enum eddyi_family eddyi_sim_family(const eddyi_address *);
int eddyi_sim_port(const eddyi_address *);
int eddyi_sim_format(const eddyi_address *, char *text, size_t size);

/* ops.c */
sim_lent *eddyi_sim_lent_of(eddyi_op *);
int eddyi_sim_submit(eddyi_backend *, eddyi_op *, eddyi_result *now);
int eddyi_sim_cancel(eddyi_backend *, eddyi_op *, eddyi_result *now);
void eddyi_sim_pump(sim_socket *); /* something changed: its waiting ops may be done now */
int eddyi_sim_collect(eddyi_backend *, eddyi_result *results, int room);

/* attempt.c */
int64_t eddyi_sim_attempt(sim_socket *, eddyi_op *); /* EDDY_EAGAIN: not yet */
int64_t eddyi_sim_receive_into(sim_socket *, const eddyi_buffer *buffers, uint32_t count);

#endif
