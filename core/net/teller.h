/* teller.h: what tells a protocol: its place in the ready queue, its references, and what was told last.
 * Touches the ready queue. Protocols are user code: they are called from the teller's one node, and connection_lost exactly once, last, also when
 * the loop closes. Transports of every kind are built on it. */
#ifndef EDDYI_TELLER_H
#define EDDYI_TELLER_H

#include "core/task/task.h"

typedef struct eddyi_teller eddyi_teller;

/* What its owner does when it is its turn. All but `free` call the protocol. */
typedef struct eddyi_teller_kind {
    void (*tell)(eddyi_teller *); /* whatever there is to tell; not after `ended` */
    void (*lost)(eddyi_teller *); /* take the closable out of the loop's list, and connection_lost */
    void (*paused)(eddyi_teller *);
    void (*resumed)(eddyi_teller *);
    void (*free)(eddyi_teller *); /* nobody refers to it: give its memory back */
} eddyi_teller_kind;

struct eddyi_teller {
    const eddyi_teller_kind *kind;
    eddy_loop *loop;
    eddyi_node node;     /* queued when something is to be told */
    uint32_t references; /* users', and one until connection_lost has returned */
    bool made;           /* connection_made was called */
    bool ended;          /* there is only connection_lost left to tell */
    bool lost;           /* connection_lost was called */
    bool writing_paused; /* pause_writing was called last */
    bool resume_due;
};

void eddyi_teller_init(eddyi_teller *, eddy_loop *, const eddyi_teller_kind *);
void eddyi_teller_retain(eddyi_teller *);
void eddyi_teller_release(eddyi_teller *);
void eddyi_teller_queue(eddyi_teller *); /* have its turn come, once */
/* Its end has come: connection_lost is next, through the queue. `last` is the owner's, in no list; its `shut` is to call eddyi_teller_lose,
 * for the loop may close before. When it is closing already, connection_lost is called now. */
void eddyi_teller_end(eddyi_teller *, eddyi_closable *last);
void eddyi_teller_lose(eddyi_teller *);
/* So much is unsent: pause_writing, if that is too much. Called inside a write. */
void eddyi_teller_pause_above(eddyi_teller *, size_t unsent, size_t high_water);
void eddyi_teller_resume(
    eddyi_teller *); /* little enough is unsent: resume_writing is due, if it is paused */
void eddyi_teller_tell_resumed(eddyi_teller *); /* ... and is told, if it is due */
/* Whether set_protocol may be done: 0, or the error, told. `type`: of the new one; NULL: there is none. */
int eddyi_teller_check_protocol(const eddyi_teller *, const void *type);

#endif
