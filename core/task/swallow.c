/* swallow.c: who goes on though it was cancelled (fault C4): named where others wait for its end, and in debug mode at its end.
 * Touches the head of the task's stack and the exception handler. asyncio allows it, but in C it is mostly a return code that was dropped. */
#include <stdio.h>

#include "core/task/stacks.h"

void eddyi_note_wait(eddy_task *task, const eddyi_wait_kind *kind)
{
    eddyi_stack_own(task)->last_wait = kind;
}

void eddyi_note_cancel_delivered(eddy_task *task)
{
    eddyi_stack *stack = eddyi_stack_own(task);
    stack->cancelled_in =
        stack->last_wait != NULL ? stack->last_wait->name : "a call that had not waited yet";
    stack->last_wait = NULL;
}

void eddyi_note_cancel_taken_back(eddy_task *task)
{
    if (task->stack != NULL)
        eddyi_stack_own(task)->cancelled_in = NULL;
}

void eddyi_report_swallowed_cancel(eddy_task *task)
{
    char message[160];
    const eddyi_stack *stack = eddyi_stack_own(task);
    if (stack->cancelled_in == NULL)
        return;
    if (task->must_cancel && !task->cancel_kept)
        return; /* another one is to come: it ends cancelled */
    const char *then = stack->last_wait != NULL ? stack->last_wait->name : "nothing more";
    eddy_exception_context context = {
        .size = sizeof context, .message = message, .exception = EDDY_ECANCELED, .task = task};
    (void)snprintf(
        message, sizeof message,
        "Task swallowed a cancel: it was delivered in '%s', the task went on (last to '%s') and ended "
        "with a result",
        stack->cancelled_in, then);
    eddy_loop_call_exception_handler(task->future.loop, &context);
}

bool eddyi_report_going_on(eddy_task *task, const char *message)
{
    eddy_exception_context context = {
        .size = sizeof context, .message = message, .exception = EDDY_ECANCELED, .task = task};
    if (task->cancelling == 0 || eddy_task_done(task))
        return false;
    eddy_loop_call_exception_handler(task->future.loop, &context);
    return true;
}
