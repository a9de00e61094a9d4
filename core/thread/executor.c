/* executor.c: a pool of threads for jobs that may block, and the await of one job in a task.
 * Touches seam 2's threads and the loop's inbox. A job has one owner at any time: the queue, a worker, the inbox, or its caller.
 *
 * Cancel abandons: a queued job is destroyed at once, a running one when its worker brings it back. Nobody waits for a job that blocks; at
 * loop close its thread is left to end by itself. */
#include "core/task/task.h"

enum { MOST_WORKERS = 32, WORKERS_ABOVE_PROCESSORS = 4 };

typedef struct eddyi_executor executor;

typedef struct worker {
    eddyi_list link;
    eddyi_thread thread;
    executor *pool;
    bool busy;     /* runs a job */
    bool detached; /* nobody will join it: it frees itself */
} worker;

struct eddyi_executor {
    eddyi_mutex mutex;
    eddyi_condition work;
    eddyi_list queue; /* eddyi_job.link */
    eddyi_list workers;
    unsigned worker_count, idle,
        queued;          /* idle: wait for work, also those that were signalled and have not run */
    unsigned references; /* under the mutex: the loop's, and one a detached worker */
    bool shut;
    eddy_allocator allocator;
};

/* ---- workers ---- */

/* With the mutex held on entry; not on return. */
static void unreference(executor *pool)
{
    bool last = --pool->references == 0;
    eddyi_mutex_unlock(&pool->mutex);
    if (!last)
        return;
    eddy_allocator allocator = pool->allocator;
    eddyi_condition_destroy(&pool->work);
    eddyi_mutex_destroy(&pool->mutex);
    eddyi_release(&allocator, pool);
}

/* The job goes back to its loop; a loop that is closed has no more use for it. */
static void bring_back(eddyi_job *job)
{
    eddy_loop *loop = job->loop;
    if (eddyi_loop_post(loop, &job->node) < 0)
        job->destroy(job);
    eddy_loop_release(loop);
}

static eddyi_job *next_job(executor *pool, worker *self)
{
    while (eddyi_list_empty(&pool->queue) && !pool->shut) {
        pool->idle++;
        eddyi_condition_wait(&pool->work, &pool->mutex);
        pool->idle--;
    }
    if (pool->shut)
        return NULL;
    eddyi_job *job = EDDYI_LIST_ITEM(eddyi_list_take(&pool->queue), eddyi_job, link);
    pool->queued--;
    job->started = true;
    self->busy = true;
    return job;
}

static void work(void *arg)
{
    worker *self = arg;
    executor *pool = self->pool;
    eddyi_job *job;
    eddyi_mutex_lock(&pool->mutex);
    while ((job = next_job(pool, self)) != NULL) {
        eddyi_mutex_unlock(&pool->mutex);
        job->work(job);
        bring_back(job);
        eddyi_mutex_lock(&pool->mutex);
        self->busy = false;
    }
    if (!self->detached) {
        eddyi_mutex_unlock(&pool->mutex);
        return;
    }
    eddy_allocator allocator = pool->allocator;
    unreference(pool);
    eddyi_release(&allocator, self);
}

static int add_worker(executor *pool)
{
    worker *self = eddyi_allocate_zero(&pool->allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    self->pool = pool;
    eddyi_list_append(&pool->workers, &self->link);
    int rc = eddyi_thread_create(&self->thread, work, self, "eddy-worker");
    if (rc < 0) {
        eddyi_list_remove(&self->link);
        eddyi_release(&pool->allocator, self);
        return rc;
    }
    pool->worker_count++;
    return 0;
}

/* ---- the pool ---- */

static int create(eddy_loop *loop)
{
    executor *pool = eddyi_allocate_zero(&loop->allocator, sizeof *pool);
    if (pool == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_mutex_init(&pool->mutex);
    if (rc < 0)
        goto free_pool;
    rc = eddyi_condition_init(&pool->work);
    if (rc < 0)
        goto destroy_mutex;
    eddyi_list_init(&pool->queue);
    eddyi_list_init(&pool->workers);
    pool->references = 1;
    pool->allocator = loop->allocator;
    loop->executor = pool;
    return 0;
destroy_mutex:
    eddyi_mutex_destroy(&pool->mutex);
free_pool:
    eddyi_release(&loop->allocator, pool);
    return rc;
}

static unsigned most_workers(void)
{
    unsigned most = eddyi_processor_count() + WORKERS_ABOVE_PROCESSORS;
    return most < MOST_WORKERS ? most : MOST_WORKERS;
}

static int submit(eddy_loop *loop, eddyi_job *job)
{
    executor *pool = loop->executor;
    int rc = 0;
    eddyi_mutex_lock(&pool->mutex);
    if (pool->queued >= pool->idle &&
        pool->worker_count < most_workers()) /* each idle one has a job coming */
        rc = add_worker(pool);
    if (pool->worker_count > 0) { /* fewer workers than wanted will do */
        eddy_loop_retain(loop);
        eddyi_list_append(&pool->queue, &job->link);
        pool->queued++;
        eddyi_condition_signal(&pool->work);
        rc = 0;
    }
    eddyi_mutex_unlock(&pool->mutex);
    return rc;
}

/* True: the job was still queued and is the caller's again. */
static bool take_back(eddyi_job *job)
{
    eddy_loop *loop = job->loop;
    executor *pool = loop->executor;
    eddyi_mutex_lock(&pool->mutex);
    bool queued = !job->started;
    if (queued) {
        eddyi_list_remove(&job->link);
        pool->queued--;
    }
    eddyi_mutex_unlock(&pool->mutex);
    if (queued)
        eddy_loop_release(loop);
    return queued;
}

static void destroy_queued(executor *pool, eddy_loop *loop)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(&pool->queue)) != NULL) {
        eddyi_job *job = EDDYI_LIST_ITEM(link, eddyi_job, link);
        pool->queued--;
        job->destroy(job);
        eddy_loop_release(loop);
    }
}

void eddyi_executor_shutdown(eddy_loop *loop)
{
    executor *pool = loop->executor;
    eddyi_list idle;
    eddyi_list *link;
    if (pool == NULL)
        return;
    loop->executor = NULL;
    eddyi_list_init(&idle);
    eddyi_mutex_lock(&pool->mutex);
    pool->shut = true;
    destroy_queued(pool, loop);
    while ((link = eddyi_list_take(&pool->workers)) != NULL) {
        worker *w = EDDYI_LIST_ITEM(link, worker, link);
        if (!w->busy) {
            eddyi_list_append(&idle, link);
            continue;
        }
        w->detached = true;
        pool->references++;
        eddyi_thread_detach(&w->thread);
    }
    eddyi_condition_broadcast(&pool->work);
    eddyi_mutex_unlock(&pool->mutex);
    while ((link = eddyi_list_take(&idle)) != NULL) {
        worker *w = EDDYI_LIST_ITEM(link, worker, link);
        eddyi_thread_join(&w->thread);
        eddyi_release(&pool->allocator, w);
    }
    eddyi_mutex_lock(&pool->mutex);
    unreference(pool);
}

/* ---- awaiting a job ---- */

static void job_done(eddyi_node *node)
{
    eddyi_job *job = EDDYI_CONTAINER(node, eddyi_job, node);
    if (job->task == NULL || job->loop->closed) {
        job->destroy(job);
        return;
    }
    job->delivered = true;
    eddyi_task_wake(job->task, 0);
}

static void job_abandon(eddyi_wait *wait)
{
    eddyi_job *job = wait->object;
    if (job == NULL)
        return;
    wait->object = NULL;
    job->task = NULL;
    if (job->delivered || take_back(job))
        job->destroy(job);
}

static bool job_cancel(eddyi_wait *wait)
{
    job_abandon(wait);
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static const eddyi_wait_kind job_kind = {"job", job_cancel, job_abandon};

int eddyi_job_await(eddy_loop *loop, eddyi_job *job)
{
    eddy_task *task = loop->current;
    if (task == NULL)
        return EDDY_ENOTASK;
    if (eddyi_take_cancel(task)) {
        job->destroy(job);
        return EDDY_ECANCELED;
    }
    int rc = loop->executor != NULL ? 0 : create(loop);
    if (rc < 0)
        return rc;
    eddyi_wait wait = {.kind = &job_kind, .task = task, .object = job};
    eddyi_node_init(&job->node, job_done);
    job->loop = loop;
    job->task = task;
    job->started = job->delivered = false;
    rc = submit(loop, job);
    if (rc < 0)
        return rc;
    /* A result that is there is handed over and the cancel kept, as for I/O. */
    rc = eddyi_suspend(&wait, true);
    return rc == EDDY_ECANCELED ? eddyi_fail_canceled(task) : rc;
}
