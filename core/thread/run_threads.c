/* run_threads.c: the same main task on a loop of its own in each of several threads; begun together and ended together.
 * Touches the runner, seam 2's threads and the inboxes of the loops. No main begins before every loop is there, and no loop is closed
 * before every main has ended: until then each may be posted to. */
#include <stdio.h>

#include <eddy/runner.h>
#include <eddy/sync.h>
#include "core/task/task.h"

typedef struct crew crew;

typedef struct member {
    crew *crew;
    unsigned index;
    eddyi_thread thread; /* number 0 is the caller's own */
    eddy_runner *runner;
    eddy_loop *loop;
    eddy_task *main;
    eddy_event all_ended; /* of its own loop */
    eddyi_node cancel_it; /* posted at most once each */
    eddyi_node tell_ended;
    bool ended;     /* written under the mutex by its own thread */
    bool cancelled; /* under the mutex: cancel_it was posted */
    int result;
} member;

struct crew {
    eddy_coro_fn fn;
    void *arg;
    eddy_run_options options; /* of the caller's thread */
    eddyi_mutex mutex;
    eddyi_condition changed;
    uint32_t fork_generation;
    unsigned count, there, ended, failed;
    bool refused;     /* something was missing: no main begins */
    int stopped;      /* all mains were cancelled from outside: EDDY_EINTERRUPTED or EDDY_ECANCELED */
    eddy_error error; /* of the first that failed; its group lists the others */
    member members[];
};

static _Thread_local member *this_member;

void eddy_run_threads_options_init(eddy_run_threads_options *options)
{
    if (options != NULL)
        *options = (eddy_run_threads_options){.size = sizeof *options};
}

int eddy_thread_index(void)
{
    return this_member != NULL ? (int)this_member->index : eddyi_fail(EDDY_EINVALIDSTATE, "thread_index");
}

int eddy_thread_count(void)
{
    return this_member != NULL ? (int)this_member->crew->count
                               : eddyi_fail(EDDY_EINVALIDSTATE, "thread_count");
}

/* ---- with the mutex held ---- */

/* `detail` is the record of this failure, unless its code is another one: then there is none. */
static void note_failure(crew *all, const member *who, int code, const eddy_error *detail)
{
    if (all->failed == 0) {
        bool told = detail != NULL && detail->code == code;
        all->error = told ? *detail : (eddy_error){.code = code, .operation = "run_threads"};
        all->error.group_count = 0;
        if (who == NULL || who->index != 0)
            all->error.message = NULL; /* it may lie in a thread that ends */
    }
    if (all->failed < EDDY_ERROR_GROUP_MAX)
        all->error.group[all->failed] = code;
    all->failed++;
}

static void cancel_mains(crew *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        member *m = &all->members[i];
        if (m->ended || m->cancelled)
            continue;
        m->cancelled = true;
        (void)eddyi_loop_post(m->loop, &m->cancel_it);
    }
}

static void tell_all_ended(crew *all)
{
    for (unsigned i = 0; i < all->count; i++)
        (void)eddyi_loop_post(all->members[i].loop, &all->members[i].tell_ended);
    eddyi_condition_broadcast(&all->changed);
}

/* ---- a main, in its thread ---- */

static void member_ended(member *m, int result, const eddy_error *detail)
{
    crew *all = m->crew;
    eddyi_mutex_lock(&all->mutex);
    m->ended = true;
    m->result = result;
    if (result < 0 && !(result == EDDY_ECANCELED && m->cancelled)) {
        note_failure(all, m, result, detail);
        cancel_mains(all);
    }
    if (++all->ended == all->count)
        tell_all_ended(all);
    eddyi_mutex_unlock(&all->mutex);
}

static void main_done(eddy_future *future, void *arg)
{
    member *m = arg;
    eddy_error detail;
    int result = eddyi_future_outcome(future);
    if (m->ended) /* the loop was stopped under it */
        return;
    (void)eddy_future_exception(future, &detail);
    member_ended(m, result, result < 0 ? &detail : NULL);
}

static void cancel_it(eddyi_node *node)
{
    member *m = EDDYI_CONTAINER(node, member, cancel_it);
    if (!m->loop->closed) /* the main is there: its supervisor was queued before the inbox was looked at */
        (void)eddy_task_cancel(m->main);
}

static void tell_ended(eddyi_node *node)
{
    member *m = EDDYI_CONTAINER(node, member, tell_ended);
    if (!m->loop->closed)
        eddy_event_set(&m->all_ended);
}

static int begin_main(member *m)
{
    int rc = eddy_loop_create_task(m->loop, &m->main, m->crew->fn, m->crew->arg, NULL);
    if (rc == 0)
        rc = eddy_future_add_done_callback(eddy_task_future(m->main), main_done, m);
    return rc;
}

/* The runner's main task: keeps the loop turning until all mains have ended. Who cancels it, SIGINT above all, cancels them all. */
static int supervise(void *arg)
{
    member *m = arg;
    int stopped = 0;
    int rc = begin_main(m);
    if (rc < 0)
        return rc;
    while (!eddy_event_is_set(&m->all_ended)) {
        rc = eddy_event_wait(&m->all_ended);
        if (rc >= 0)
            continue;
        if (rc != EDDY_ECANCELED)
            return rc;
        stopped = rc;
        eddyi_mutex_lock(&m->crew->mutex);
        cancel_mains(m->crew);
        eddyi_mutex_unlock(&m->crew->mutex);
    }
    return stopped;
}

/* ---- a thread ---- */

/* A child that came back from a main: of all the threads there is this one, and the mutex may be taken. */
static bool is_forked(const crew *all)
{
    return all->fork_generation != eddyi_fork_generation();
}

/* Returns whether all are there. */
static bool arrive(member *m, int rc)
{
    crew *all = m->crew;
    eddyi_mutex_lock(&all->mutex);
    all->there++;
    if (rc < 0) {
        all->refused = true;
        note_failure(all, m, rc, eddy_last_error());
    }
    eddyi_condition_broadcast(&all->changed);
    while (all->there < all->count && !all->refused)
        eddyi_condition_wait(&all->changed, &all->mutex);
    bool go = !all->refused;
    eddyi_mutex_unlock(&all->mutex);
    return go;
}

static void run_main(member *m)
{
    crew *all = m->crew;
    int rc = eddy_runner_run(m->runner, supervise, m);
    if (is_forked(all))
        return;
    if (!m->ended) /* it could not begin, or its loop was stopped */
        member_ended(m, rc < 0 ? rc : EDDY_ESTOPPED, NULL);
    eddyi_mutex_lock(&all->mutex);
    if (rc < 0 && all->stopped == 0)
        all->stopped = rc;
    while (all->ended < all->count)
        eddyi_condition_wait(&all->changed, &all->mutex);
    eddyi_mutex_unlock(&all->mutex);
}

static void run_member(void *arg)
{
    member *m = arg;
    member *before = this_member;
    eddy_run_options options = m->crew->options;
    if (m->index != 0) /* SIGINT is the first one's */
        options.no_interrupt_handler = true;
    this_member = m;
    int rc = eddy_runner_create(&m->runner, &options);
    if (rc == 0)
        rc = eddy_runner_get_loop(m->runner, &m->loop);
    if (arrive(m, rc))
        run_main(m);
    (void)eddy_runner_close(m->runner);
    eddy_task_release(m->main);
    this_member = before;
}

static void refuse(crew *all, int code)
{
    eddyi_mutex_lock(&all->mutex);
    all->refused = true;
    note_failure(all, NULL, code, NULL);
    eddyi_condition_broadcast(&all->changed);
    eddyi_mutex_unlock(&all->mutex);
}

static void run_crew(crew *all)
{
    unsigned begun = 1;
    int rc = 0;
    while (rc == 0 && begun < all->count) {
        char name[32];
        (void)snprintf(name, sizeof name, "eddy_loop_%u", begun);
        rc = eddyi_thread_create(&all->members[begun].thread, run_member, &all->members[begun], name);
        if (rc == 0)
            begun++;
    }
    if (rc < 0)
        refuse(all, rc);
    else
        run_member(&all->members[0]);
    for (unsigned i = 1; i < begun && !is_forked(all); i++)
        eddyi_thread_join(&all->members[i].thread);
}

/* ---- the whole ---- */

static int crew_create(crew **out, unsigned count)
{
    size_t size;
    if (!eddyi_multiply(&size, count, sizeof(member)) || !eddyi_add(&size, size, sizeof(crew)))
        return EDDY_ENOMEM;
    crew *all = eddyi_allocate_zero(eddyi_default_allocator(), size);
    if (all == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_mutex_init(&all->mutex);
    if (rc < 0)
        goto free_crew;
    rc = eddyi_condition_init(&all->changed);
    if (rc < 0)
        goto destroy_mutex;
    all->fork_generation = eddyi_fork_generation();
    all->count = count;
    for (unsigned i = 0; i < count; i++) {
        member *m = &all->members[i];
        m->crew = all;
        m->index = i;
        eddyi_node_init(&m->cancel_it, cancel_it);
        eddyi_node_init(&m->tell_ended, tell_ended);
    }
    *out = all;
    return 0;
destroy_mutex:
    eddyi_mutex_destroy(&all->mutex);
free_crew:
    eddyi_release(eddyi_default_allocator(), all);
    return rc;
}

static void crew_free(crew *all)
{
    eddyi_condition_destroy(&all->changed);
    eddyi_mutex_destroy(&all->mutex);
    eddyi_release(eddyi_default_allocator(), all);
}

/* R4: mains that swallow the interrupt have their own results. */
static int outcome(const crew *all)
{
    if (all->failed > 0) {
        eddy_error *record = eddyi_fail_detail(all->error.code, "run_threads");
        *record = all->error;
        record->group_count = all->refused ? 0 : all->failed;
        return record->code;
    }
    for (unsigned i = 0; i < all->count; i++)
        if (all->members[i].result < 0)
            return eddyi_fail(all->stopped < 0 ? all->stopped : all->members[i].result, "run_threads");
    return 0;
}

static void tell_results(const crew *all, const eddy_run_threads_options *options)
{
    for (unsigned i = 0; i < all->count && i < options->result_count; i++)
        options->results[i] = all->members[i].result;
}

int eddy_run_threads(unsigned count, eddy_coro_fn fn, void *arg, const eddy_run_threads_options *options)
{
    static const eddy_run_threads_options defaults = {.size = sizeof defaults};
    crew *all = NULL;
    if (options == NULL)
        options = &defaults;
    if (fn == NULL || count > INT32_MAX || options->size < sizeof *options ||
        (options->results == NULL && options->result_count != 0))
        return eddyi_fail(EDDY_EINVAL, "run_threads");
    if (eddy_get_running_loop() != NULL)
        return eddyi_fail(EDDY_ERUNNING, "run_threads");
    int rc = crew_create(&all, count != 0 ? count : eddyi_processor_count());
    if (rc < 0)
        return eddyi_fail(rc, "run_threads");
    all->fn = fn;
    all->arg = arg;
    all->options = (eddy_run_options){.size = sizeof all->options};
    if (options->run != NULL)
        all->options = *options->run;
    run_crew(all);
    if (is_forked(all)) /* the memory is lost to the child */
        return eddyi_fail(EDDY_EFORKED, "run_threads");
    rc = outcome(all);
    if (!all->refused)
        tell_results(all, options);
    crew_free(all);
    return rc;
}
