/* executor.c: what every executor has in common: references, and the way of a job from a loop to a thread and back.
 * Touches the loop's inbox. A job has one owner at any time: its executor, the thread that runs it, the inbox, or its loop's side.
 *
 * The loop's side may ask an executor for a job only while it holds the job's reference to it. It does so until the job is back, or
 * until the inbox is closed: from then on a job that ends is given back by the thread that ran it. */
#include "core/thread/executor.h"

/* ---- references ---- */

static _Atomic(uintptr_t) *references_of(eddy_executor *executor)
{
    return (_Atomic(uintptr_t) *)(void *)&executor->references; /* beyond the first: zero is a fresh one */
}

eddy_executor *eddy_executor_retain(eddy_executor *executor)
{
    if (executor != NULL)
        atomic_fetch_add(references_of(executor), 1);
    return executor;
}

void eddy_executor_release(eddy_executor *executor)
{
    if (executor != NULL && atomic_fetch_sub(references_of(executor), 1) == 0 && executor->destroy != NULL)
        executor->destroy(executor);
}

int eddy_executor_shutdown(eddy_executor *executor, bool wait)
{
    if (!eddyi_executor_valid(executor))
        return eddyi_fail(EDDY_EINVAL, "shutdown");
    int rc = executor->shutdown != NULL ? executor->shutdown(executor, wait) : EDDY_ENOSYS;
    return rc < 0 ? eddyi_fail(rc, "shutdown") : 0;
}

/* ---- there ---- */

static void job_returned(eddyi_node *node)
{
    eddyi_job *job = EDDYI_CONTAINER(node, eddyi_job, node);
    eddy_executor *executor = job->executor;
    if (job->loop->closed)
        job->destroy(job);
    else
        job->back(job);
    eddy_executor_release(executor);
}

int eddyi_job_submit(eddy_loop *loop, eddy_executor *executor, eddyi_job *job)
{
    eddyi_node_init(&job->node, job_returned);
    eddyi_list_init(&job->link);
    job->loop = loop;
    job->executor = eddy_executor_retain(executor);
    job->queued = false;
    atomic_init(&job->state, EDDYI_JOB_QUEUED);
    eddyi_loop_life_add(loop);
    int rc = executor->submit(executor, &job->handed);
    if (rc >= 0)
        return 0;
    eddyi_loop_life_remove(loop);
    eddy_executor_release(executor);
    return rc;
}

static bool claim(eddyi_job *job, enum eddyi_job_state state)
{
    unsigned char queued = EDDYI_JOB_QUEUED;
    return atomic_compare_exchange_strong(&job->state, &queued, (unsigned char)state);
}

bool eddyi_job_take_back(eddyi_job *job)
{
    eddy_executor *executor = job->executor;
    if (executor->take_back != NULL && atomic_load(&job->state) == EDDYI_JOB_QUEUED &&
        executor->take_back(executor, &job->handed)) {
        atomic_store(&job->state, EDDYI_JOB_CANCELLED);
        eddyi_loop_life_remove(job->loop);
        eddy_executor_release(executor);
        return true;
    }
    (void)claim(job, EDDYI_JOB_CANCELLED);
    return false;
}

/* ---- and back ---- */

void eddyi_job_perform(eddyi_job *job)
{
    if (claim(job, EDDYI_JOB_RUNNING)) {
        job->work(job);
        atomic_store(&job->state, EDDYI_JOB_DONE);
    }
}

/* A loop that is closed has no more use for it. */
void eddyi_job_bring_back(eddyi_job *job)
{
    eddy_loop *loop = job->loop;
    eddy_executor *executor = job->executor;
    if (eddyi_loop_post(loop, &job->node) < 0) {
        job->destroy(job);
        eddy_executor_release(executor);
    }
    eddyi_loop_life_remove(loop);
}

void eddy_job_run(eddy_job *handed)
{
    eddyi_job *job = (eddyi_job *)(void *)handed;
    if (job == NULL)
        return;
    eddyi_job_perform(job);
    eddyi_job_bring_back(job);
}

void eddy_job_discard(eddy_job *handed)
{
    eddyi_job *job = (eddyi_job *)(void *)handed;
    if (job == NULL)
        return;
    (void)claim(job, EDDYI_JOB_CANCELLED);
    eddyi_job_bring_back(job);
}

/* ---- awaiting a job ---- */

static void wake_awaiter(eddyi_job *job)
{
    if (job->task == NULL) {
        job->destroy(job);
        return;
    }
    job->delivered = true;
    eddyi_task_wake(job->task, atomic_load(&job->state) == EDDYI_JOB_DONE ? 0 : EDDY_ECLOSED);
}

static void job_abandon(eddyi_wait *wait)
{
    eddyi_job *job = wait->object;
    if (job == NULL)
        return;
    wait->object = NULL;
    job->task = NULL;
    if (job->delivered || eddyi_job_take_back(job))
        job->destroy(job);
}

static bool job_cancel(eddyi_wait *wait)
{
    job_abandon(wait);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static const eddyi_wait_kind job_kind = {"job", job_cancel, job_abandon, NULL};

int eddyi_job_await_on(eddy_loop *loop, eddy_executor *executor, eddyi_job *job)
{
    eddy_task *task = loop->current;
    if (task == NULL)
        return EDDY_ENOTASK;
    if (eddyi_take_cancel(task)) {
        job->destroy(job);
        return EDDY_ECANCELED;
    }
    eddyi_wait wait = {.kind = &job_kind, .task = task, .object = job};
    job->back = wake_awaiter;
    job->task = task;
    job->delivered = false;
    int rc = eddyi_job_submit(loop, executor, job);
    if (rc < 0)
        return rc;
    /* A result that is there is handed over and the cancel kept, as for I/O. */
    rc = eddyi_suspend(&wait, true);
    return rc == EDDY_ECANCELED ? eddyi_deliver_cancel(task) : rc;
}
