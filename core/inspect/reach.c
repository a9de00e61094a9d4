/* reach.c: follows the descriptions of whom somebody waits for.
 * Touches waits and futures. A future that is done keeps nobody waiting and is left out. */
#include "core/inspect/reach.h"

#include <string.h>

#include "core/task/task.h"

static const void *pointer_at(const void *address)
{
    const void *pointer;
    memcpy(&pointer, address, sizeof pointer);
    return pointer;
}

static void tell(eddyi_visit *visit, const eddy_future *future)
{
    if (future != NULL && future->state == EDDYI_FUTURE_PENDING)
        visit->one(visit, future);
}

static void follow(const eddy_reach *reach, const char *from, eddyi_visit *visit)
{
    const char *at = from + reach->at;
    size_t count;
    uint64_t holder;
    switch (reach->shape) {
    case EDDY_REACH_ONE:
        tell(visit, pointer_at(at));
        break;
    case EDDY_REACH_ARRAY:
    case EDDY_REACH_ARRAY_AT:
        if (reach->shape == EDDY_REACH_ARRAY_AT)
            at = pointer_at(at);
        memcpy(&count, from + reach->count, sizeof count);
        for (size_t i = 0; i < count; i++, at += reach->stride)
            tell(visit, pointer_at(at + reach->item));
        break;
    case EDDY_REACH_LIST:
        eddyi_list_each (link, (const eddyi_list *)(const void *)at)
            tell(visit, (const eddy_future *)(const void *)((const char *)link - reach->item));
        break;
    default:
        memcpy(&holder, at, sizeof holder);
        if (holder != 0)
            visit->holder(visit, holder);
        break;
    }
}

void eddyi_wait_targets(const eddyi_wait *wait, eddyi_visit *visit)
{
    const eddy_reach *reach = wait->kind->reach;
    if (reach != NULL)
        follow(reach, reach->from_object ? wait->object : (const void *)wait, visit);
}

void eddyi_future_targets(const eddy_future *future, eddyi_visit *visit)
{
    if (future->kind->reach != NULL)
        follow(future->kind->reach, (const char *)future, visit);
}
