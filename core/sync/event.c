/* event.c: a flag to wait for.
 * Touches the FIFO of waiters. Who was woken by set goes on, whatever the flag is when it runs. */
#include "core/sync/waiters.h"

int eddy_event_init(eddy_event *event)
{
    if (event == NULL)
        return eddyi_fail(EDDY_EINVAL, "event_init");
    *event = (eddy_event)EDDY_EVENT_INIT;
    return 0;
}

int eddy_event_set(eddy_event *event)
{
    int rc = event == NULL ? EDDY_EINVAL : eddyi_waiters_reach(&event->waiters);
    if (rc < 0)
        return eddyi_fail(rc, "event_set");
    event->flag = true;
    eddyi_waiters_wake_all(&event->waiters);
    return 0;
}

int eddy_event_clear(eddy_event *event)
{
    if (event == NULL)
        return eddyi_fail(EDDY_EINVAL, "event_clear");
    event->flag = false;
    return 0;
}

bool eddy_event_is_set(const eddy_event *event)
{
    return event != NULL && event->flag;
}

static const eddyi_wait_kind event_kind = {"event", eddyi_waiters_cancel, eddyi_waiters_abandon, NULL};

int eddy_event_wait(eddy_event *event)
{
    eddy_task *task = eddyi_current_task();
    if (event == NULL || task == NULL)
        return eddyi_fail(event == NULL ? EDDY_EINVAL : EDDY_ENOTASK, "event_wait");
    if (event->flag)
        return 0;
    int rc = eddyi_waiters_admit(&event->waiters, task);
    if (rc < 0)
        return eddyi_fail(rc, "event_wait");
    eddyi_sync_wait node = {.wait = {.kind = &event_kind, .task = task, .object = event},
                            .queue = &event->waiters};
    rc = eddyi_waiters_wait(&node);
    eddyi_waiters_unbind_if_empty(&event->waiters);
    return rc;
}
