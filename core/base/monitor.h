/* monitor.h: a mutex and the condition that goes with it, made together or not at all.
 * Touches the platform's locks. */
#ifndef EDDYI_MONITOR_H
#define EDDYI_MONITOR_H

#include "core/platform.h"

static inline int eddyi_monitor_init(eddyi_mutex *mutex, eddyi_condition *condition)
{
    int rc = eddyi_mutex_init(mutex);
    if (rc < 0)
        return rc;
    rc = eddyi_condition_init(condition);
    if (rc < 0)
        eddyi_mutex_destroy(mutex);
    return rc;
}

static inline void eddyi_monitor_destroy(eddyi_mutex *mutex, eddyi_condition *condition)
{
    eddyi_condition_destroy(condition);
    eddyi_mutex_destroy(mutex);
}

#endif
