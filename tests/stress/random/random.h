/* random.h: random programs: steps, the actors that run them, the ledger that watches, and what a kind of action must bring.
 * Touches the public API. A new kind is one file with a `kind` in it and its name in KINDS below; nothing else knows it. */
#ifndef RANDOM_H
#define RANDOM_H

#include "support/support.h"

enum { STEPS = 240, ACTORS = 120, DEPTH = 6, CANCELS = 6, CHILDREN = 4 };
/* Seconds: nobody waits for what is that far. A group at its exit is reminded after ten. */
enum { LONG_TIME = 5 };

typedef struct world world;
typedef struct actor actor;

/* ---- programs: a tree of steps in one array ---- */

typedef struct step {
    uint8_t action; /* index into the actions of all kinds; 0: a task */
    uint8_t a, b;   /* which object, how much: below the action's limits */
    bool dropped;   /* by the shrinker: it and its body are not there */
    int16_t end;    /* its body is what lies between it and `end` */
} step;

typedef struct outside_cancel {
    uint16_t turn;
    uint8_t actor;
    bool dropped;
} outside_cancel;

typedef struct program {
    uint64_t seed;
    step steps[STEPS];
    int count;
    outside_cancel cancels[CANCELS];
    int cancel_count;
} program;

/* LEAF: no body. BLOCK: steps of the same task. FAMILY: tasks, then steps of the same task. */
enum shape { LEAF, BLOCK, FAMILY };

typedef struct action {
    const char *name;
    int (*run)(actor *me, int at); /* as a coroutine: 0, or the error that ends the bodies around it */
    int weight;
    uint8_t a, b; /* limits of the step's two numbers; 0 and 1: always 0 */
    enum shape shape;
} action;

/* Its state is static in its file: one world runs at a time. Each function may be NULL. */
typedef struct kind {
    const char *name;
    const action *actions;
    int action_count;
    int (*make)(world *w);        /* in a task, before all others */
    void (*check)(world *w);      /* after every turn of the loop */
    void (*check_idle)(world *w); /* nothing is ready and no timer is due */
    void (*finish)(
        world *w); /* in a task, when all actors have ended: last checks, and give everything back */
} kind;

#define KINDS(X)                                                                                             \
    X(cancels)                                                                                               \
    X(sleeps)                                                                                                \
    X(locks)                                                                                                 \
    X(events)                                                                                                \
    X(conditions) X(semaphores) X(barriers) X(queues) X(futures) X(timeouts) X(groups) X(families) X(outside)
#define KIND_DECLARE(name) extern const kind kind_##name;
KINDS(KIND_DECLARE)
#undef KIND_DECLARE

extern const kind *const kinds[];
extern const int kind_count;
const action *action_of(const step *s);
int action_count(void); /* action 0 included */
void program_make(program *p, uint64_t seed);
void program_print(const program *p);

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
uint32_t draw(uint64_t *state, uint32_t below);

/* ---- actors ---- */

/* What a cancel that comes during an await does. */
enum await_mode {
    STRICT,  /* the await ends with it, soon */
    PATIENT, /* the await ends with it, when it has what it must have */
    LAX,     /* it may be kept, or go to somebody else */
    FREE     /* and the await may be cancelled for another reason than this task's cancel */
};
enum owed { OWED_NOTHING, OWED_PERHAPS, OWED_SURELY };

struct actor {
    world *w;
    int number, at; /* its step */
    eddy_task *task;
    bool root, started, ended;
    int result, end_serial;
    /* the await it is in */
    bool awaiting, suspended, outside;
    int awaits_at;
    enum await_mode mode;
    /* cancels */
    enum owed owed; /* asked for by the ledger's knowledge, not yet delivered */
    int settled; /* eddy_task_cancelling when the last await ended: more now means that a new cancel has come */
    int asked;   /* cancels from actors and from outside, minus those taken back */
    /* blocks */
    eddy_timeout *timeouts[DEPTH + 2];
    int timeout_count, scopes;
    eddy_task_group *group;      /* whose child it is */
    eddy_task_group *ends_group; /* in whose exit it waits */
    actor *const *waits_for;     /* tasks, and how many of them must end before it goes on */
    int waits_count, waits_enough;
};

struct world {
    const program *script;
    eddy_loop *loop;
    bool simulated, tracing;
    actor actors[ACTORS];
    int actor_count, ended;
    actor *last; /* who ran last; NULL: the loop itself */
    actor *hot;  /* who was woken last, as far as one can tell: a cancel now is the most interesting */
    int turn, turns, rescues, outside; /* turns: the helpers' too */
    bool quiet;                        /* idle, and no timer will end it soon */
    uint64_t hash;
    const char *broken; /* the first broken invariant */
    int broken_at;      /* the step, or -1 */
    int counts[2][64];  /* how often an action ended well, and how often with an error */
};

/* NULL: there is no room for more, or the step was dropped. `group` may be NULL. */
actor *actor_start(world *w, int at, eddy_task_group *group);
void actor_cancel(actor *target);
int run_body(actor *me, int at);
int give_way(actor *me, int at);
/* Start the tasks of a family's body; how many. */
int start_children(actor *me, int at, eddy_task_group *group, actor **children);
static inline bool cancel_has_come(const actor *a)
{
    return a->owed != OWED_NOTHING || eddy_task_cancelling(a->task) > a->settled;
}

/* Around every await. await_end returns rc. */
void await_begin(actor *me, int at, enum await_mode mode);
int await_end(actor *me, int rc);
void scope_left(actor *me); /* a timeout or a group took back its own cancels */

/* ---- the ledger ---- */

void broken(world *w, const char *invariant);
#define EXPECT(w, condition, invariant) ((condition) ? (void)0 : broken((w), (invariant)))
void tell(world *w, const actor *me, int at, int rc); /* one line of the trace */

/* Who waits for what, in order of arrival. */
typedef struct line {
    actor *who[ACTORS];
    bool owed[ACTORS]; /* was promised to go on */
    int count;
    bool unordered; /* somebody overtook by right: no order until it is empty */
} line;
void line_join(line *l, actor *me);
/* `granted`: it got what it waited for, so whoever came before and still waits must have been cancelled. */
void line_leave(line *l, actor *me, bool granted);
void line_heat(line *l, world *w);    /* something was given back: the first of them is woken */
int line_promise(line *l, int count); /* the first that are not cancelled will go on; how many */
bool line_owes(const line *l, const actor *me);
bool line_has_promises(const line *l);

/* Who was queued for the next batch of the loop: first come, first run. */
void ready_join(world *w, actor *me);
void ready_leave(world *w, actor *me);
void ready_reset(void);

/* ---- running ---- */

/* 0, or -1 and what is broken in w. After a failure nothing is given back: the process should end soon. */
int world_run(world *w, const program *p, bool tracing);
/* Drop what can be dropped while it still fails. */
void program_shrink(program *p);

#endif
