/* session.c: what goes on and how it is interrupted; see run_input.c for how an input runs.
 * Touches signals, in the way of standard C, and the public API. Ctrl-C cancels; the second one for the same input gives it up; the third without the loop
 * having had its turn ends the program. */
#include "session.h"

#include <signal.h>
#include <stdio.h>

#include "value.h"

static volatile sig_atomic_t presses; /* that the loop has not heard of */

/* In signal context. A loop that does not turn hears nothing, so nothing else would end a program that computes for ever. */
static void count_press(int signum)
{
    if (++presses < 3)
        return;
    (void)signal(signum, SIG_DFL);
    (void)raise(signum);
}

static void interrupt(void *arg)
{
    session *in = arg;
    presses = 0;
    if (in->current == NULL)
        return;
    if (in->interrupted && in->may_give_up)
        (void)eddy_event_set(&in->turn);
    in->interrupted = true;
    value_mute(true);
    (void)eddy_task_cancel(in->current);
}

static void tell_end(eddy_future *future, void *in)
{
    (void)future;
    (void)eddy_event_set(&((session *)in)->turn);
}

int session_open(session *out, const compiler_type *type, compiler *with)
{
    *out = (session){.type = type, .with = with};
    (void)eddy_event_init(&out->turn);
    int rc = eddy_copy_context(&out->context);
    if (rc < 0)
        return rc;
    (void)signal(SIGINT, count_press);
    rc = eddy_loop_add_signal_handler(eddy_get_running_loop(), SIGINT, interrupt, out);
    if (rc < 0)
        session_close(out);
    return rc;
}

void session_close(session *in)
{
    (void)eddy_loop_remove_signal_handler(eddy_get_running_loop(), SIGINT);
    (void)signal(SIGINT, SIG_DFL);
    eddy_context_release(in->context);
    known_free(&in->known);
}

/* An input's stack is as large as that of a program, as far as addresses go. */
enum { STACK_SIZE = 8 << 20 };

int session_do(session *in, eddy_coro_fn fn, void *arg, eddy_callback_fn release)
{
    in->interrupted = false;
    in->may_give_up = release != NULL;
    value_mute(false);
    (void)eddy_event_clear(&in->turn);
    int rc = eddy_create_task(&in->current, fn, arg,
                              EDDY_OPTIONS(eddy_task_options, .stack_size = STACK_SIZE, .release = release,
                                           .context = in->context));
    if (rc < 0) {
        if (release != NULL)
            release(arg);
        return rc;
    }
    rc = eddy_future_add_done_callback(eddy_task_future(in->current), tell_end, in);
    if (rc >= 0)
        rc = eddy_event_wait(&in->turn);
    if (rc >= 0 && !eddy_task_done(in->current)) {
        fputs("\nIt does not heed its cancellation and goes on in the background.\n", stderr);
        (void)eddy_future_remove_done_callback(eddy_task_future(in->current), tell_end, in);
        rc = EDDY_EINTERRUPTED;
    } else if (rc >= 0) {
        rc = eddy_task_result(in->current);
        rc = in->interrupted ? EDDY_EINTERRUPTED : rc;
    }
    eddy_task_release(in->current);
    in->current = NULL;
    return rc;
}
