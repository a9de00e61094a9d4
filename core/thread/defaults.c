/* defaults.c: the executors of a loop: its default one, and one for eddy's own jobs; how they end.
 * Touches executors and timeouts. A blocked job of the user's holds up no name lookup (X4), and none holds up the loop's close. */
#include <eddy/scope.h>

#include "core/thread/executor.h"

/* ---- made on first use ---- */

static int make(eddy_loop *loop, eddy_executor **place, const char *prefix)
{
    const eddy_thread_pool_options options = {.size = sizeof options, .thread_name_prefix = prefix};
    return *place != NULL ? 0 : eddyi_thread_pool_create(place, &loop->allocator, &options);
}

int eddyi_default_executor(eddy_loop *loop, eddy_executor **out)
{
    if (loop->executor_refuses)
        return EDDY_ECLOSED;
    int rc = make(loop, &loop->executor, NULL);
    if (rc == 0)
        *out = loop->executor;
    return rc;
}

int eddyi_job_await(eddy_loop *loop, eddyi_job *job)
{
    int rc = make(loop, &loop->lookups, "eddy_lookup");
    return rc < 0 ? rc : eddyi_job_await_on(loop, loop->lookups, job);
}

int eddyi_file_executor(eddy_loop *loop, eddy_executor **out)
{
    int rc = make(loop, &loop->files, "eddy_file");
    if (rc == 0)
        *out = loop->files;
    return rc;
}

int eddy_loop_set_default_executor(eddy_loop *loop, eddy_executor *executor)
{
    int rc = eddyi_loop_usable(loop);
    if (!eddyi_executor_valid(executor))
        rc = EDDY_EINVAL;
    if (rc < 0)
        return eddyi_fail(rc, "set_default_executor");
    eddy_executor *before = loop->executor;
    loop->executor = eddy_executor_retain(executor);
    eddy_executor_release(before);
    return 0;
}

/* ---- at loop close ---- */

void eddyi_executors_shutdown(eddy_loop *loop)
{
    loop->executor_refuses = true;
    if (loop->executor != NULL && loop->executor->shutdown != NULL)
        (void)loop->executor->shutdown(loop->executor, false);
    if (loop->lookups != NULL)
        (void)loop->lookups->shutdown(loop->lookups, false);
    if (loop->files != NULL)
        (void)loop->files->shutdown(loop->files, false);
}

void eddyi_executors_release(eddy_loop *loop)
{
    eddy_executor_release(loop->executor);
    eddy_executor_release(loop->lookups);
    eddy_executor_release(loop->files);
    loop->executor = loop->lookups = loop->files = NULL;
}

/* ---- shutdown_default_executor: waits in a thread of its own, as asyncio does ---- */

typedef struct farewell {
    eddyi_job job;
    eddyi_thread thread;
    bool started;
    uintptr_t thread_id;     /* set by the thread */
    eddy_executor *executor; /* one reference */
    eddy_allocator allocator;
} farewell;

static farewell *farewell_of(eddyi_job *job)
{
    return EDDYI_CONTAINER(job, farewell, job);
}

static void farewell_work(eddyi_job *job)
{
    eddy_executor *executor = farewell_of(job)->executor;
    (void)executor->shutdown(executor, true);
}

/* The thread, if there is one, has nothing left to do; or it is this one, since the loop is gone. */
static void farewell_destroy(eddyi_job *job)
{
    farewell *self = farewell_of(job);
    eddy_allocator allocator = self->allocator;
    if (self->started && self->thread_id == eddyi_thread_id())
        eddyi_thread_detach(&self->thread);
    else if (self->started)
        eddyi_thread_join(&self->thread);
    eddy_executor_release(self->executor);
    eddyi_release(&allocator, self);
}

static void run_farewell(void *arg)
{
    farewell *self = arg;
    self->thread_id = eddyi_thread_id();
    eddy_job_run(&self->job.handed);
}

static int start_farewell(eddy_executor *executor, eddy_job *job)
{
    farewell *self = farewell_of((eddyi_job *)(void *)job);
    (void)executor;
    int rc = eddyi_thread_create(&self->thread, run_farewell, self, "eddy_shutdown");
    self->started = rc == 0;
    return rc;
}

static eddy_executor farewells = {.size = sizeof farewells, .submit = start_farewell};

static int await_farewell(eddy_loop *loop)
{
    farewell *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    self->job.work = farewell_work;
    self->job.destroy = farewell_destroy;
    self->executor = eddy_executor_retain(loop->executor);
    self->allocator = loop->allocator;
    int rc = eddyi_job_await_on(loop, &farewells, &self->job);
    if (rc != EDDY_ECANCELED)
        farewell_destroy(&self->job);
    return rc;
}

int eddy_loop_shutdown_default_executor(eddy_loop *loop, double timeout)
{
    eddy_task *task = eddyi_current_task();
    eddy_timeout limit;
    int rc = loop == NULL || timeout != timeout ? EDDY_EINVAL
             : task == NULL                     ? EDDY_ENOTASK
             : task->future.loop != loop        ? EDDY_EWRONGLOOP
                                                : 0;
    if (rc < 0)
        return eddyi_fail(rc, "shutdown_default_executor");
    loop->executor_refuses = true;
    if (loop->executor == NULL || loop->executor->shutdown == NULL)
        return 0;
    rc = eddy_timeout_enter(&limit, timeout);
    if (rc == 0)
        rc = await_farewell(loop);
    if (rc < 0 && rc != EDDY_ECANCELED)
        (void)eddyi_fail(rc, "shutdown_default_executor");
    return eddy_timeout_exit(&limit, rc);
}
