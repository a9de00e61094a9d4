/* group_errors.h: every error of a task group that failed, with its detail, for as long as somebody's record names it.
 * Touches task.h. Made of the cells of the group and its children, so a failing group needs no memory. */
#ifndef EDDYI_GROUP_ERRORS_H
#define EDDYI_GROUP_ERRORS_H

#include "core/task/task.h"

typedef struct eddyi_group_errors eddyi_group_errors;

/* One error. Lives in the cell of the child that failed; the body's in the group's own. */
typedef struct eddyi_group_error eddyi_group_error;
struct eddyi_group_error {
    eddyi_group_error *next;
    eddy_error error;
    eddyi_group_errors *inner; /* those of `error`, when that was a group; one reference */
};

/* In the cell that was the group's. Never changes once it is made. */
struct eddyi_group_errors {
    eddyi_list link; /* in loop->group_errors */
    eddy_loop *loop;
    uint64_t id; /* eddy_error.group_id of the records that mean it */
    uint32_t references;
    eddyi_group_error *first; /* in the order in which they happened */
    eddyi_group_error body;
};

/* What `error` of that task has inside, as a new reference; NULL: nothing. */
eddyi_group_errors *eddyi_group_errors_of(const eddy_task *task, const eddy_error *error);
/* The task's record names these from now on. Takes the reference over. */
void eddyi_group_errors_set(eddy_task *task, eddyi_group_errors *errors);
/* Those that a record means by that number; NULL: they are gone. */
const eddyi_group_errors *eddyi_group_errors_find(const eddy_loop *loop, uint64_t id);
void eddyi_group_errors_release(eddyi_group_errors *errors);

#endif
