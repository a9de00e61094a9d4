/* scope.h: what timeouts and task groups share: a node in the task, a number in the caller's struct.
 * Touches task.h. Scopes close innermost first; one that was forgotten is reported and closed by the next outer exit or the task's end. */
#ifndef EDDYI_SCOPE_H
#define EDDYI_SCOPE_H

#include <eddy/scope.h>
#include "core/task/task.h"

typedef struct eddyi_scope eddyi_scope;

typedef struct eddyi_scope_kind {
    const char *name;
    int (*close)(eddyi_scope *,
                 int result);       /* in its task, as exit would: gives the node back; may suspend */
    void (*abandon)(eddyi_scope *); /* the loop closes: unlink without side effects, give the node back */
} eddyi_scope_kind;

struct eddyi_scope {
    eddyi_scope *outer;
    const eddyi_scope_kind *kind;
    eddy_task *task;
    const void *ticket; /* where the caller's struct was; never followed */
    uint64_t serial;
};

enum eddyi_scope_state {
    EDDYI_SCOPE_CREATED,
    EDDYI_SCOPE_ACTIVE,
    EDDYI_SCOPE_EXPIRED,
    EDDYI_SCOPE_FINISHED,
    EDDYI_SCOPE_FAILED
};

/* How the caller's struct is used: both public types have this layout. */
typedef struct eddyi_scope_ticket {
    eddyi_scope *scope;
    uint64_t serial;
    double when;
    int32_t error;
    uint32_t state; /* enum eddyi_scope_state */
} eddyi_scope_ticket;

/* Take a node for a scope of the current task. On failure the block is cancelled at its next await and the ticket says so. */
int eddyi_scope_enter(eddyi_scope_ticket *, eddyi_scope **out, const eddyi_scope_kind *,
                      const char *operation);
int eddyi_scope_refuse(eddyi_scope_ticket *, int code,
                       const char *operation); /* the same for other failures of enter */
/* The ticket's scope if it still is entered, else NULL. */
eddyi_scope *eddyi_scope_find(const eddyi_scope_ticket *);
/* Begin an exit: close forgotten inner ones and check the state. 0: *out is the innermost scope of the current task. < 0: what exit
 * returns. */
int eddyi_scope_exit(eddyi_scope_ticket *, eddyi_scope **out, const char *operation);
void eddyi_scope_leave(eddyi_scope *); /* unlink from its task */

int eddyi_scopes_close(eddy_task *, int result); /* at the task's end */
void eddyi_scopes_abandon(eddy_task *);

void eddyi_group_child_ended(eddy_task *); /* before anybody else who waits for it is told */

#endif
