/* metrics.h: a loop's metrics, taken in its thread.
 * Touches loop.h. */
#ifndef EDDYI_INSPECT_METRICS_H
#define EDDYI_INSPECT_METRICS_H

#include <eddy/metrics.h>
#include "core/task/task.h"

void eddyi_metrics_take(eddy_loop *loop, eddy_loop_metrics *out);

#endif
