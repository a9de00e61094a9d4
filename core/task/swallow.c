/* swallow.c: the report of a cancel that a task was told of and went on all the same (fault C4).
 * Touches the exception handler. Debug mode only: asyncio allows it, but in C it is mostly a return code that was dropped. */
#include <stdio.h>

#include "core/task/task.h"

void eddyi_report_swallowed_cancel(eddy_task *task)
{
    char message[160];
    if (task->must_cancel && !task->cancel_kept)
        return; /* another one is to come: it ends cancelled */
    const char *then = task->last_wait != NULL ? task->last_wait->name : "nothing more";
    eddy_exception_context context = {
        .size = sizeof context, .message = message, .exception = EDDY_ECANCELED, .task = task};
    (void)snprintf(
        message, sizeof message,
        "Task swallowed a cancel: it was delivered in '%s', the task went on (last to '%s') and ended "
        "with a result",
        task->cancelled_in, then);
    eddy_loop_call_exception_handler(task->future.loop, &context);
}
