/* suite_stuck.c: what the suites of deadlocks share (stuck.h).
 * Touches the public API, cmocka, and how long a loop waits before it looks for hope. */
#include "stuck.h"

#include <stdio.h>

#include "core/inspect/inspect.h"
#include "core/task/annotate.h"
#include "sweep.h"

static stuck_report told;

bool stuck_can_be_seen(void)
{
#ifdef EDDYI_TSAN
    return false;
#else
    uint64_t limit = eddyi_clock_now() + UINT64_C(20000000000);
    if (eddyi_process_thread_count() == 0 || (sweep_chosen.on && sweep_chosen.system_calls))
        return false;
    while (eddyi_process_thread_count() != 1 && eddyi_clock_now() < limit)
        eddyi_thread_yield();
    return true;
#endif
}

static void listen_to(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    if (context->exception != EDDY_EDEADLK)
        return;
    told.count++;
    told.code = context->exception;
    (void)snprintf(told.message, sizeof told.message, "%s", context->message);
    (void)snprintf(told.text, sizeof told.text, "%s", context->text != NULL ? context->text : "");
}

void stuck_listen(eddy_loop *loop)
{
    told = (stuck_report){0};
    assert_int_equal(eddy_loop_set_exception_handler(loop, listen_to, NULL), 0);
}

const stuck_report *stuck_told(void)
{
    return &told;
}

typedef struct running {
    eddy_coro_fn body;
    void *arg;
    bool debug;
} running;

static int run_body(void *arg)
{
    const running *self = arg;
    eddy_loop *loop = eddy_get_running_loop();
    stuck_listen(loop);
    eddy_loop_set_debug(loop, self->debug);
    assert_int_equal(eddy_task_set_name(eddy_current_task(), "main"), 0);
    return self->body(self->arg);
}

int stuck_run(eddy_coro_fn body, void *arg, bool debug)
{
    running self = {body, arg, debug};
    uint64_t patience = eddyi_patience_ns;
    eddyi_patience_ns = 1;
    int rc = support_run(run_body, &self);
    eddyi_patience_ns = patience;
    return rc;
}

const stuck_report *stuck_expect(eddy_coro_fn body, void *arg, bool debug)
{
    assert_int_equal(stuck_run(body, arg, debug), EDDY_EDEADLK);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.message, "deadlock: nothing can ever wake this loop again");
    return &told;
}

void stuck_spawn(const char *name, eddy_coro_fn body, void *arg)
{
    assert_int_equal(eddy_create_task(NULL, body, arg, EDDY_OPTIONS(eddy_task_options, .name = name)), 0);
}

void stuck_must_tell(const char *format, ...)
{
    char wanted[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    if (strstr(told.text, wanted) == NULL)
        fail_msg("'%s' is not in:\n%s", wanted, told.text);
}
