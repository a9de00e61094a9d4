/* suite_bodies.c: the bodies and the trace of bodies.h.
 * Touches the public API. Holds no state but the trace. */
#include <ctype.h>

#include "bodies.h"

static char trace_letters[256];
static size_t trace_length;

void trace_clear(void)
{
    trace_length = 0;
    trace_letters[0] = '\0';
}

void trace(char letter)
{
    assert_true(trace_length + 1 < sizeof trace_letters);
    trace_letters[trace_length++] = letter;
    trace_letters[trace_length] = '\0';
}

const char *trace_text(void)
{
    return trace_letters;
}

void trace_callback(eddy_future *future, void *letter)
{
    (void)future;
    trace(*(const char *)letter);
}

void trace_soon(void *letter)
{
    trace(*(const char *)letter);
}

static int clean_up(child *self)
{
    self->cancels++;
    for (int i = 0; i < self->cleanup_steps; i++)
        if (eddy_sleep(0) == EDDY_ECANCELED)
            self->cancels++;
    return self->on_cancel != 0 ? self->on_cancel : EDDY_ECANCELED;
}

int child_body(void *arg)
{
    child *self = arg;
    int rc = 0;
    self->started = true;
    if (self->letter != '\0')
        trace(self->letter);
    if (self->gate != NULL)
        rc = eddy_await_future(self->gate, NULL);
    else if (self->forever)
        rc = eddy_sleep((double)INFINITY);
    for (int i = 0; rc >= 0 && i < self->steps; i++)
        rc = eddy_sleep(0);
    if (rc == EDDY_ECANCELED)
        rc = clean_up(self);
    else if (rc >= 0)
        rc = self->result;
    self->ended = true;
    if (self->letter != '\0')
        trace((char)toupper((unsigned char)self->letter));
    return rc;
}

int tell_whose(void *arg)
{
    telling *self = arg;
    self->rc = eddy_await(self->awaited, &self->outcome);
    return 0;
}

eddy_task *spawn(child *self)
{
    eddy_task *task = NULL;
    assert_int_equal(eddy_create_task(&task, child_body, self, NULL), 0);
    return task;
}

eddy_task *spawn_eagerly(child *self)
{
    eddy_task *task = NULL;
    assert_int_equal(eddy_create_task(&task, child_body, self,
                                      EDDY_OPTIONS(eddy_task_options, .eager_start = EDDY_EAGER_START_YES)),
                     0);
    return task;
}

eddy_future *make_future(void)
{
    eddy_future *future = NULL;
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &future), 0);
    return future;
}

void yield_times(int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(eddy_sleep(0), 0);
}
