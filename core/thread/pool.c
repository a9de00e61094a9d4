/* pool.c: the executor of threads: started when a job finds none idle, reused, ended by shutdown.
 * Touches seam 2's threads. A job is in the queue exactly while its `queued` is set, under the mutex.
 *
 * The pool lives as long as its references. The last one may go in one of its own threads, after a job that outlived everybody else;
 * that thread is then let go and takes the pool's memory with it. */
#include <stdio.h>

#include "core/base/monitor.h"
#include "core/thread/executor.h"

enum { MOST_WORKERS = 32, WORKERS_ABOVE_PROCESSORS = 4, NAME_SIZE = 16 };

typedef struct pool pool;

typedef struct worker {
    eddyi_list link;
    eddyi_thread thread;
    pool *pool;
    uintptr_t id;  /* of its thread, 0 until that runs; under the mutex */
    bool detached; /* nobody will join it: it frees itself and the pool */
} worker;

struct pool {
    eddy_executor executor; /* first */
    eddyi_mutex mutex;
    eddyi_condition work;  /* there is a job, or the end */
    eddyi_condition ended; /* no thread runs any more */
    eddyi_list queue;      /* eddyi_job.link */
    eddyi_list workers;    /* until they are joined */
    unsigned running;      /* threads that have not ended */
    unsigned busy;         /* threads that run a job */
    unsigned queued;
    unsigned waiting; /* threads asleep, also one that is being woken */
    bool waking;      /* one of them was told to wake up, and has not yet */
    unsigned started; /* threads ever */
    unsigned max_workers, max_queued;
    bool shut;
    const char *prefix;
    eddy_allocator allocator;
};

static atomic_uint idle_threads;

unsigned eddyi_threads_idle(void)
{
    return atomic_load(&idle_threads);
}

/* ---- workers ---- */

static void free_pool(pool *self)
{
    eddy_allocator allocator = self->allocator;
    eddyi_condition_destroy(&self->ended);
    eddyi_monitor_destroy(&self->mutex, &self->work);
    eddyi_release(&allocator, self);
}

/* With the mutex held. NULL: there is none now. */
static eddyi_job *take_job(pool *self)
{
    eddyi_list *link = eddyi_list_take(&self->queue);
    if (link == NULL)
        return NULL;
    eddyi_job *job = EDDYI_LIST_ITEM(link, eddyi_job, link);
    job->queued = false;
    self->queued--;
    self->busy++;
    return job;
}

/* With the mutex held, when the queue is not empty. One thread at a time is woken, and wakes the next one if there still is work:
 * several jobs that are submitted at once cost fewer wake-ups, and a job that blocks holds up no other. */
static void wake_one(pool *self)
{
    if (self->waking || self->waiting == 0)
        return;
    self->waking = true;
    atomic_fetch_sub(&idle_threads, 1); /* from now on, not only once it has woken up */
    eddyi_condition_signal(&self->work);
}

/* With the mutex held. NULL: the pool was shut down and has no job left. */
static eddyi_job *await_job(pool *self)
{
    while (eddyi_list_empty(&self->queue) && !self->shut) {
        self->waiting++;
        atomic_fetch_add(&idle_threads, 1);
        eddyi_condition_wait(&self->work, &self->mutex);
        self->waiting--;
        if (!self->waking)
            atomic_fetch_sub(&idle_threads, 1);
        self->waking = false;
    }
    eddyi_job *job = take_job(self);
    if (!eddyi_list_empty(&self->queue))
        wake_one(self);
    return job;
}

/* One job after the other, until there is none. One turn of the mutex a job. */
static void run_jobs(pool *self, eddyi_job *job)
{
    while (job != NULL) {
        eddyi_job_perform(job);
        eddyi_mutex_lock(&self->mutex);
        self->busy--; /* before the job is back: whoever then submits another finds this thread idle */
        eddyi_job *next = take_job(self);
        eddyi_mutex_unlock(&self->mutex);
        eddyi_job_bring_back(job);
        job = next;
    }
}

static void work(void *arg)
{
    worker *self = arg;
    pool *of = self->pool;
    eddyi_job *job;
    eddyi_mutex_lock(&of->mutex);
    self->id = eddyi_thread_id();
    while ((job = await_job(of)) != NULL) {
        eddyi_mutex_unlock(&of->mutex);
        run_jobs(of, job);
        eddyi_mutex_lock(&of->mutex);
    }
    if (--of->running == 0)
        eddyi_condition_broadcast(&of->ended);
    bool detached = self->detached;
    eddyi_mutex_unlock(&of->mutex);
    if (!detached)
        return;
    eddy_allocator allocator = of->allocator;
    free_pool(of);
    eddyi_release(&allocator, self);
}

static int add_worker(pool *self)
{
    char name[NAME_SIZE];
    worker *new = eddyi_allocate_zero(&self->allocator, sizeof *new);
    if (new == NULL)
        return EDDY_ENOMEM;
    new->pool = self;
    (void)snprintf(name, sizeof name, "%s_%u", self->prefix, self->started);
    int rc = eddyi_thread_create(&new->thread, work, new, name);
    if (rc < 0) {
        eddyi_release(&self->allocator, new);
        return rc;
    }
    eddyi_list_append(&self->workers, &new->link);
    self->running++;
    self->started++;
    return 0;
}

/* ---- the executor ---- */

/* Fewer threads than wanted will do (X3); none will not. */
static int enqueue(pool *self, eddyi_job *job)
{
    int rc = 0;
    if (self->shut)
        return EDDY_ECLOSED;
    if (self->queued >= self->running - self->busy && /* each idle one has a job coming */
        self->running < self->max_workers)
        rc = add_worker(self);
    if (self->running == 0)
        return rc;
    if (self->max_queued != 0 && self->queued >= self->running - self->busy + self->max_queued)
        return EDDY_EAGAIN;
    eddyi_list_append(&self->queue, &job->link);
    job->queued = true;
    self->queued++;
    wake_one(self);
    return 0;
}

static int submit(eddy_executor *executor, eddy_job *handed)
{
    pool *self = (pool *)executor;
    eddyi_mutex_lock(&self->mutex);
    int rc = enqueue(self, (eddyi_job *)(void *)handed);
    eddyi_mutex_unlock(&self->mutex);
    return rc;
}

static bool take_back(eddy_executor *executor, eddy_job *handed)
{
    pool *self = (pool *)executor;
    eddyi_job *job = (eddyi_job *)(void *)handed;
    eddyi_mutex_lock(&self->mutex);
    bool queued = job->queued;
    if (queued) {
        eddyi_list_remove(&job->link);
        job->queued = false;
        self->queued--;
    }
    eddyi_mutex_unlock(&self->mutex);
    return queued;
}

/* With the mutex held. */
static worker *own_worker(pool *self)
{
    uintptr_t id = eddyi_thread_id();
    eddyi_list_each (link, &self->workers) {
        worker *one = EDDYI_LIST_ITEM(link, worker, link);
        if (one->id == id)
            return one;
    }
    return NULL;
}

/* With the mutex held, but not while a job is given up: that may run the user's code. */
static void discard_queued(pool *self)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(&self->queue)) != NULL) {
        eddyi_job *job = EDDYI_LIST_ITEM(link, eddyi_job, link);
        job->queued = false;
        self->queued--;
        eddyi_mutex_unlock(&self->mutex);
        eddy_job_discard(&job->handed);
        eddyi_mutex_lock(&self->mutex);
    }
}

static int shut_down(eddy_executor *executor, bool wait)
{
    pool *self = (pool *)executor;
    int rc = 0;
    eddyi_mutex_lock(&self->mutex);
    self->shut = true;
    if (!wait)
        discard_queued(self);
    eddyi_condition_broadcast(&self->work);
    if (wait && own_worker(self) != NULL)
        rc = EDDY_EDEADLK;
    while (wait && rc == 0 && self->running > 0)
        eddyi_condition_wait(&self->ended, &self->mutex);
    eddyi_mutex_unlock(&self->mutex);
    return rc;
}

static void destroy(eddy_executor *executor)
{
    pool *self = (pool *)executor;
    eddyi_list *link;
    eddyi_mutex_lock(&self->mutex);
    self->shut = true;
    eddyi_condition_broadcast(&self->work);
    worker *own = own_worker(self);
    if (own != NULL) {
        eddyi_list_remove(&own->link);
        eddyi_thread_detach(&own->thread);
    }
    eddyi_mutex_unlock(&self->mutex);
    while ((link = eddyi_list_take(&self->workers)) !=
           NULL) { /* no job is left, so none of them is blocked */
        worker *one = EDDYI_LIST_ITEM(link, worker, link);
        eddyi_thread_join(&one->thread);
        eddyi_release(&self->allocator, one);
    }
    if (own != NULL)
        own->detached = true; /* read by this thread */
    else
        free_pool(self);
}

/* ---- making ---- */

void eddy_thread_pool_options_init(eddy_thread_pool_options *options)
{
    if (options != NULL)
        *options = (eddy_thread_pool_options){.size = sizeof *options};
}

static unsigned default_workers(void)
{
    unsigned most = eddyi_processor_count() + WORKERS_ABOVE_PROCESSORS;
    return most < MOST_WORKERS ? most : MOST_WORKERS;
}

static int init_locks(pool *self)
{
    int rc = eddyi_monitor_init(&self->mutex, &self->work);
    if (rc < 0)
        return rc;
    rc = eddyi_condition_init(&self->ended);
    if (rc < 0)
        eddyi_monitor_destroy(&self->mutex, &self->work);
    return rc;
}

int eddyi_thread_pool_create(eddy_executor **out, const eddy_allocator *allocator,
                             const eddy_thread_pool_options *options)
{
    pool *self = eddyi_allocate_zero(allocator, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    int rc = init_locks(self);
    if (rc < 0) {
        eddyi_release(allocator, self);
        return rc;
    }
    eddyi_list_init(&self->queue);
    eddyi_list_init(&self->workers);
    self->executor = (eddy_executor){.size = sizeof self->executor,
                                     .submit = submit,
                                     .take_back = take_back,
                                     .shutdown = shut_down,
                                     .destroy = destroy};
    self->max_workers = options->max_workers != 0 ? options->max_workers : default_workers();
    self->max_queued = options->max_queued;
    self->prefix = options->thread_name_prefix != NULL ? options->thread_name_prefix : "eddy";
    self->allocator = *allocator;
    *out = &self->executor;
    return 0;
}

int eddy_thread_pool_create(eddy_executor **out, const eddy_thread_pool_options *options)
{
    static const eddy_thread_pool_options defaults = {.size = sizeof defaults};
    if (options == NULL)
        options = &defaults;
    if (out == NULL || options->size < sizeof *options)
        return eddyi_fail(EDDY_EINVAL, "ThreadPoolExecutor");
    int rc = eddyi_thread_pool_create(out, eddyi_default_allocator(), options);
    return rc < 0 ? eddyi_fail(rc, "ThreadPoolExecutor") : 0;
}
