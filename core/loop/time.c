/* time.c: seconds at the border, nanoseconds inside.
 * Touches the backend's clock. A conversion saturates and never makes a deadline earlier than asked. */
#include <math.h>

#include "core/loop/loop.h"
#include "core/task/task.h"

static const double nanoseconds_per_second = 1e9;

uint64_t eddyi_loop_now(eddy_loop *loop)
{
    if (loop->ops->now != NULL && !loop->closed)
        loop->now = loop->ops->now(loop->backend);
    else if (loop->ops->now == NULL)
        loop->now = eddyi_clock_now();
    if (eddyi_timers_have_fresh(&loop->timers))
        eddyi_timers_settle(&loop->timers, loop->now);
    return loop->now;
}

/* Rounded up, so that nothing is early; too large is for ever. */
static inline uint64_t nanoseconds(double seconds)
{
    double value = seconds * nanoseconds_per_second;
    if (value < 9223372036854774784.0) {
        int64_t whole = (int64_t)value; /* signed, since processors convert that in one instruction */
        return (uint64_t)(whole + ((double)whole < value));
    }
    return value < 18446744073709549568.0 ? (uint64_t)value
                                          : UINT64_MAX; /* doubles this large have no fraction */
}

int eddyi_delay(double seconds, uint64_t *delay)
{
    if (isnan(seconds))
        return EDDY_EINVAL;
    *delay = seconds > 0 ? nanoseconds(seconds) : 0;
    return 0;
}

int eddyi_deadline_after(eddy_loop *loop, double seconds, uint64_t *deadline)
{
    uint64_t delay;
    if (eddyi_delay(seconds, &delay) < 0)
        return EDDY_EINVAL;
    uint64_t now = eddyi_loop_now(loop);
    *deadline = delay > UINT64_MAX - now ? UINT64_MAX : now + delay;
    return 0;
}

/* The public time counts from when the loop was made: a double keeps nanoseconds for months, wherever the clock itself started. */
int eddyi_deadline_at(const eddy_loop *loop, double when, uint64_t *deadline)
{
    uint64_t since;
    if (eddyi_delay(when, &since) < 0)
        return EDDY_EINVAL;
    *deadline = since > UINT64_MAX - loop->epoch ? UINT64_MAX : loop->epoch + since;
    return 0;
}

double eddyi_time_of(const eddy_loop *loop, uint64_t deadline)
{
    if (deadline == UINT64_MAX)
        return (double)INFINITY;
    return deadline > loop->epoch ? eddyi_seconds(deadline - loop->epoch) : 0;
}

double eddyi_seconds(uint64_t time)
{
    return time == UINT64_MAX ? (double)INFINITY : (double)time / nanoseconds_per_second;
}

double eddy_loop_time(eddy_loop *loop)
{
    return loop == NULL ? 0 : eddyi_time_of(loop, eddyi_loop_now(loop));
}
