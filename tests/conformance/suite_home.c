/* suite_home.c: the loop and the task of home.h.
 * Touches the public API and seam 2's threads. Nothing of a home is left when it is closed. */
#include "home.h"

#include <math.h>

/* ---- the loop ---- */

static void run_forever(void *loop)
{
    (void)eddy_loop_run_forever(loop);
}

void home_make(home *self)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    self->blocks = support_live_blocks();
    assert_int_equal(eddy_new_event_loop(&self->loop, &options), 0);
}

void home_start(home *self)
{
    home_make(self);
    assert_int_equal(eddyi_thread_create(&self->thread, run_forever, self->loop, "home"), 0);
}

static void stop(void *loop)
{
    eddy_loop_stop(loop);
}

void home_stop(home *self)
{
    assert_int_equal(eddy_loop_call_soon_threadsafe(self->loop, NULL, stop, self->loop), 0);
    eddyi_thread_join(&self->thread);
}

void home_close(home *self)
{
    eddy_loop_release(self->loop);
    gate_block_until_blocks(self->blocks);
}

void home_end(home *self)
{
    home_stop(self);
    home_close(self);
}

/* ---- the task ---- */

int do_errand(void *arg)
{
    errand *self = arg;
    int rc = 0;
    self->thread = eddyi_thread_id();
    (void)eddy_task_get_name(eddy_current_task(), self->name, sizeof self->name);
    (void)gate_pass(&self->door);
    if (self->forever)
        rc = eddy_sleep((double)INFINITY);
    else if (self->yields)
        rc = eddy_sleep(0);
    if (rc == EDDY_ECANCELED)
        self->cancels++;
    return rc < 0 ? rc : self->result;
}

void release_errand(void *arg)
{
    gate_release(&((errand *)arg)->door);
}

eddy_concurrent_future *send_errand(eddy_loop *loop, errand *what)
{
    char name[] = "errand";
    eddy_concurrent_future *future;
    eddy_task_options options = {.size = sizeof options, .name = name, .release = release_errand};
    assert_int_equal(eddy_run_coroutine_threadsafe(loop, &future, do_errand, what, &options), 0);
    memset(name, 'x', sizeof name - 1); /* it was copied */
    memset(&options, 0, sizeof options);
    return future;
}
