/* group_errors.c: the errors of failed groups: kept, shared by the records that name them, and found again by number.
 * Touches cells. A record is a plain struct that may be copied and outlive them, so it holds a number and no pointer. */
#include "core/task/group_errors.h"

_Static_assert(sizeof(eddyi_group_errors) <= EDDYI_CELL_SIZE, "the errors of a group fit a cell");

const eddy_error *eddyi_group_errors_next(const eddyi_group_errors *errors, const eddy_error *each)
{
    if (each == &errors->body)
        return NULL;
    const eddyi_list *link =
        each != NULL ? EDDYI_CONTAINER(each, eddy_task, error)->sibling.next : errors->failed.next;
    if (link != &errors->failed)
        return &EDDYI_LIST_ITEM(link, eddy_task, sibling)->error;
    return errors->body.code != 0 ? &errors->body : NULL;
}

eddyi_group_errors *eddyi_group_errors_of(const eddy_task *task, const eddy_error *error)
{
    eddyi_group_errors *errors = task->group_errors;
    if (errors == NULL || errors->id != error->group_id)
        return NULL;
    errors->references++;
    return errors;
}

void eddyi_group_errors_set(eddy_task *task, eddyi_group_errors *errors)
{
    eddyi_group_errors *before = task->group_errors;
    task->group_errors = errors;
    eddyi_group_errors_release(before);
}

/* Groups may be nested deeper than a stack allows, so what has no reference left waits in a list. */
static void drop(eddyi_group_errors *errors, eddyi_list *dead)
{
    if (errors == NULL || --errors->references != 0)
        return;
    eddyi_list_remove(&errors->link);
    eddyi_list_append(dead, &errors->link);
}

/* Its own errors come along, unless somebody else has the task too. */
static void drop_task(eddy_task *task, eddyi_list *dead)
{
    eddyi_list_remove(&task->sibling);
    task->group = NULL;
    if (task->future.references == 1) {
        drop(task->group_errors, dead);
        task->group_errors = NULL;
    }
    eddy_task_release(task);
}

void eddyi_group_errors_release(eddyi_group_errors *errors)
{
    eddyi_list dead, *link;
    eddyi_list_init(&dead);
    drop(errors, &dead);
    while ((link = eddyi_list_take(&dead)) != NULL) {
        errors = EDDYI_LIST_ITEM(link, eddyi_group_errors, link);
        while (!eddyi_list_empty(&errors->failed))
            drop_task(EDDYI_LIST_ITEM(errors->failed.next, eddy_task, sibling), &dead);
        drop(errors->body_inner, &dead);
        eddyi_cell_give(errors->loop, errors);
    }
}

const eddyi_group_errors *eddyi_group_errors_find(const eddy_loop *loop, uint32_t id)
{
    if (loop == NULL || id == 0)
        return NULL;
    eddyi_list_each (link, &loop->group_errors) {
        const eddyi_group_errors *errors = EDDYI_LIST_ITEM(link, eddyi_group_errors, link);
        if (errors->id == id)
            return errors;
    }
    return NULL;
}

int eddy_error_in_group(const eddy_error *error, size_t index, eddy_error *out)
{
    if (error == NULL || out == NULL || index >= error->group_count)
        return eddyi_fail(EDDY_EINVAL, "error_in_group");
    const eddyi_group_errors *errors = eddyi_group_errors_find(eddyi_running_loop, error->group_id);
    if (errors == NULL)
        return eddyi_fail(EDDY_EINVALIDSTATE, "error_in_group");
    const eddy_error *each = eddyi_group_errors_next(errors, NULL);
    while (index-- > 0)
        each = eddyi_group_errors_next(errors, each);
    *out = *each;
    return 0;
}
