/* trees.h: random programs of nested timeouts, groups and cancels, as data that the library and the reference model both run.
 * Touches the error codes only. A program decides everything: two runs of it must tell the same story, event by event. */
#ifndef TREES_H
#define TREES_H

#include <stdbool.h>
#include <stdint.h>

#include <eddy/error.h>

enum {
    TREE_TASKS = 12, /* task 0 is the driver, which nobody cancels */
    TREE_OPS = 64,
    TREE_SCOPES = 24,
    TREE_GATES = 3,
    TREE_EVENTS = 4096
};

/* What a task's script is made of. An op is skipped when the body has failed already (its result so far is < 0), save those of
 * clean-up: EXIT, CLEANUP_YIELD, SPAWN, SWALLOW, REPLACE. */
enum tree_kind {
    TREE_ENTER_TIMEOUT, /* scope a; b: due at once, else never */
    TREE_ENTER_GROUP,   /* scope a */
    TREE_EXIT,          /* scope a, if it was entered */
    TREE_SPAWN,         /* task a, in the group of scope b, or b < 0: in none */
    TREE_YIELD,
    TREE_CLEANUP_YIELD,
    TREE_WAIT,   /* for gate a */
    TREE_AWAIT,  /* task a, if it was made */
    TREE_SET,    /* gate a, with the error b if it is < 0 */
    TREE_CANCEL, /* task a, if it was made */
    TREE_UNCANCEL,
    TREE_FIRE,    /* the timeout of scope a */
    TREE_FAIL,    /* with the error b */
    TREE_SWALLOW, /* an error so far */
    TREE_REPLACE, /* an error so far by the error b */
    TREE_JOIN     /* yield until every task has ended; the driver's last */
};

typedef struct tree_op {
    enum tree_kind kind;
    int a, b;
} tree_op;

typedef struct tree_script {
    tree_op ops[TREE_OPS];
    int count;
} tree_script;

typedef struct tree {
    tree_script scripts[TREE_TASKS];
    int tasks, scopes;
    bool is_group[TREE_SCOPES];
} tree;

/* One op that was done: by whom, with what result, and the requests counted by then; `errors` sums up a group's record. */
typedef struct tree_event {
    int task, op, rc, cancelling;
    uint32_t errors;
} tree_event;

typedef struct tree_story {
    tree_event events[TREE_EVENTS];
    int count;
    int outcomes[TREE_TASKS];   /* what each task came to; 1 for one that was never made */
    int cancelling[TREE_TASKS]; /* and its requests */
    bool expired[TREE_SCOPES];
} tree_story;

static inline uint32_t tree_error_sum(uint32_t sum, int error)
{
    return sum * 1000003U + (uint32_t)error;
}

void tree_story_tell(tree_story *story, tree_event event);
void tree_make(tree *program, uint64_t seed);
/* The reference: asyncio's rules in one thread of plain data, without the library. */
void tree_model_run(const tree *program, tree_story *story);

#endif
