/* run.c: calling a function on another thread: run_in_executor gives a future, to_thread waits.
 * Touches futures and executors. A call's argument is released once: when the function has returned, or will never be called. */
#include "core/thread/executor.h"

void eddy_job_options_init(eddy_job_options *options)
{
    if (options != NULL)
        *options = (eddy_job_options){.size = sizeof *options};
}

/* ---- the call ---- */

typedef struct call {
    int (*fn)(void *arg);
    void *arg;
    eddyi_variables variables; /* of to_thread */
    eddy_callback_fn release;
    int result;
} call;

static call call_of(int (*fn)(void *arg), void *arg, const eddy_job_options *options)
{
    return (call){.fn = fn, .arg = arg, .release = options != NULL ? options->release : NULL};
}

/* In the thread that makes it, the thread that discards it, or the loop's: one after the other. */
static void release_argument(call *self)
{
    eddy_callback_fn release = self->release;
    self->release = NULL;
    if (release != NULL)
        release(self->arg);
}

static void make_call(call *self)
{
    self->result = self->fn(self->arg);
    release_argument(self);
}

/* ---- run_in_executor ---- */

/* One piece of memory, freed when both the future and the job have no more use for it. */
typedef struct submission {
    eddy_future future; /* first */
    eddyi_closable closable;
    eddyi_job job;
    call call;
    eddyi_owned owned;
} submission;

static submission *submission_of(eddyi_job *job)
{
    return EDDYI_CONTAINER(job, submission, job);
}

static void disown(submission *self)
{
    eddyi_disown(&self->owned, self);
}

static void submission_work(eddyi_job *job)
{
    make_call(&submission_of(job)->call);
}

/* The job's end: also where the loop is closed. */
static void submission_destroy(eddyi_job *job)
{
    submission *self = submission_of(job);
    release_argument(&self->call);
    disown(self);
}

/* The job keeps the future, so that an error nobody looks at is reported; until the loop closes. */
static void let_future_go(submission *self)
{
    eddyi_list_remove(&self->closable.link);
    eddy_future_release(&self->future);
}

static void submission_shut(eddyi_closable *closable)
{
    let_future_go(EDDYI_CONTAINER(closable, submission, closable));
}

static void submission_end(submission *self)
{
    release_argument(&self->call);
    let_future_go(self);
    disown(self);
}

static void submission_back(eddyi_job *job)
{
    submission *self = submission_of(job);
    bool ran = atomic_load(&job->state) == EDDYI_JOB_DONE;
    int result = ran ? self->call.result : EDDY_ECANCELED;
    if (self->future.state == EDDYI_FUTURE_PENDING)
        eddyi_future_finish(
            &self->future, result == EDDY_ECANCELED ? EDDYI_FUTURE_CANCELLED : EDDYI_FUTURE_FINISHED, result);
    submission_end(self);
}

/* X5: a queued job is removed now; a running one is left alone and its result dropped. */
static bool cancel_submission(eddy_future *future, const char *message)
{
    submission *self = (submission *)future;
    if (!eddyi_future_cancel_plain(future, message))
        return false;
    if (!future->loop->closed && eddyi_job_take_back(&self->job))
        submission_end(self);
    return true;
}

static void destroy_submission(eddy_future *future)
{
    disown((submission *)future);
}

static const eddyi_future_kind submission_kind = {"run_in_executor", cancel_submission, destroy_submission,
                                                  NULL, NULL};

static int create_submission(eddy_loop *loop, submission **out)
{
    submission *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    eddyi_future_init(&self->future, loop, &submission_kind);
    eddyi_owned_init(&self->owned, 2, &loop->allocator);
    self->job.work = submission_work;
    self->job.back = submission_back;
    self->job.destroy = submission_destroy;
    self->closable.shut = submission_shut;
    eddyi_list_append(&loop->closables, &self->closable.link);
    *out = self;
    return 0;
}

static int submit(eddy_loop *loop, eddy_executor *executor, submission **out, const call *what)
{
    int rc = executor != NULL ? 0 : eddyi_default_executor(loop, &executor);
    if (rc == 0)
        rc = create_submission(loop, out);
    if (rc < 0)
        return rc;
    (*out)->call = *what;
    rc = eddyi_job_submit(loop, executor, &(*out)->job);
    if (rc < 0) {
        (*out)->call.release = NULL; /* owned only on success */
        submission_end(*out);
    }
    return rc;
}

int eddy_loop_run_in_executor(eddy_loop *loop, eddy_future **out, eddy_executor *executor,
                              int (*fn)(void *arg), void *arg, const eddy_job_options *options)
{
    submission *self = NULL;
    int rc = eddyi_loop_usable(loop);
    if (rc == 0 && loop->closing)
        rc = EDDY_ECLOSED;
    if (fn == NULL || (executor != NULL && !eddyi_executor_valid(executor)))
        rc = EDDY_EINVAL;
    if (rc == 0) {
        call what = call_of(fn, arg, options);
        rc = submit(loop, executor, &self, &what);
    }
    if (rc < 0)
        return eddyi_fail(rc, "run_in_executor");
    if (out != NULL)
        *out = eddy_future_retain(&self->future); /* it is back in a later turn at the earliest */
    return 0;
}

/* ---- to_thread ---- */

typedef struct thread_call {
    eddyi_job job;
    call call;
    eddy_allocator allocator;
} thread_call;

static thread_call *thread_call_of(eddyi_job *job)
{
    return EDDYI_CONTAINER(job, thread_call, job);
}

static void thread_call_work(eddyi_job *job)
{
    call *self = &thread_call_of(job)->call;
    eddyi_borrowed borrowed = eddyi_variables_borrow(&self->variables);
    make_call(self);
    eddyi_variables_return(borrowed);
}

static void thread_call_destroy(eddyi_job *job)
{
    thread_call *self = thread_call_of(job);
    eddy_allocator allocator = self->allocator;
    release_argument(&self->call);
    eddyi_variables_drop(&self->call.variables);
    eddyi_release(&allocator, self);
}

static int await_call(eddy_loop *loop, thread_call *self)
{
    eddy_executor *executor;
    int rc = eddyi_default_executor(loop, &executor);
    if (rc == 0)
        rc = eddyi_job_await_on(loop, executor, &self->job);
    if (rc == EDDY_ECANCELED)
        return rc; /* the job has itself */
    int result = self->call.result;
    thread_call_destroy(&self->job);
    return rc < 0 ? rc : result;
}

int eddy_to_thread(int (*fn)(void *arg), void *arg, const eddy_job_options *options)
{
    eddy_task *task = eddyi_current_task();
    thread_call *self = NULL;
    call what = call_of(fn, arg, options);
    int rc = fn == NULL ? EDDY_EINVAL : task == NULL ? EDDY_ENOTASK : 0;
    if (rc == 0) {
        eddy_loop *loop = task->future.loop;
        self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
        rc = self == NULL ? EDDY_ENOMEM : 0;
    }
    if (rc < 0) {
        release_argument(&what);
        return eddyi_fail(rc, "to_thread");
    }
    self->call = what;
    self->call.variables = eddyi_variables_capture(task->future.loop);
    self->allocator = task->future.loop->allocator;
    self->job.work = thread_call_work;
    self->job.destroy = thread_call_destroy;
    rc = await_call(task->future.loop, self);
    return rc < 0 ? eddyi_fail(rc, "to_thread") : rc;
}
