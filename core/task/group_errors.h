/* group_errors.h: every error of a task group that failed, with its detail, for as long as somebody's record names it.
 * Touches task.h. Made of the failed children and the group's own cell, so a failing group needs no memory. */
#ifndef EDDYI_GROUP_ERRORS_H
#define EDDYI_GROUP_ERRORS_H

#include "core/task/task.h"

/* In the cell that was the group's. Never changes once it is made. */
typedef struct eddyi_group_errors eddyi_group_errors;
struct eddyi_group_errors {
    eddyi_list link; /* in loop->group_errors */
    eddy_loop *loop;
    uint32_t id; /* eddy_error.group_id of the records that mean it */
    uint32_t references;
    eddyi_list
        failed; /* eddy_task.sibling, one reference each: their records are the errors, in the order in which they happened */
    eddy_error body;                /* that of the group's block, which comes last; code 0: none */
    eddyi_group_errors *body_inner; /* those of `body`, when that was a group; one reference */
};

/* The one after `each`, the first one after NULL; NULL: there are no more. */
const eddy_error *eddyi_group_errors_next(const eddyi_group_errors *errors, const eddy_error *each);
/* What `error` of that task has inside, as a new reference; NULL: nothing. */
eddyi_group_errors *eddyi_group_errors_of(const eddy_task *task, const eddy_error *error);
/* The task's record names these from now on. Takes the reference over. */
void eddyi_group_errors_set(eddy_task *task, eddyi_group_errors *errors);
/* Those that a record means by that number; NULL: they are gone. */
const eddyi_group_errors *eddyi_group_errors_find(const eddy_loop *loop, uint32_t id);
void eddyi_group_errors_release(eddyi_group_errors *errors);

#endif
