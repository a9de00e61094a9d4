/* per_backend_threads_run.c: eddy_run_threads: loops of several threads that begin together and end together; policies under threads.
 * Touches the public API, the injection table and child processes. Who waits for others turns its loop meanwhile, never sleeps. */
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"
#include "core/base/inject.h"
#include "core/platform.h"
#include "core/task/annotate.h"

enum { THREADS = 4 };

static eddy_loop_options loop_options;
static eddy_run_options run_options;
static int results[THREADS];
static atomic_int begun, cancelled;

static const eddy_run_threads_options *options(void)
{
    static eddy_run_threads_options with;
    loop_options = (eddy_loop_options){.size = sizeof loop_options, .backend = support_backend()};
    run_options = (eddy_run_options){.size = sizeof run_options, .loop = &loop_options};
    with = (eddy_run_threads_options){
        .size = sizeof with, .run = &run_options, .results = results, .result_count = THREADS};
    for (int i = 0; i < THREADS; i++)
        results[i] = 77;
    atomic_store(&begun, 0);
    atomic_store(&cancelled, 0);
    return &with;
}

static int await_count(atomic_int *counter, int count)
{
    int rc = 0;
    while (rc == 0 && atomic_load(counter) < count)
        rc = eddy_sleep(0);
    return rc;
}

static int sleep_for_ever(void)
{
    int rc = eddy_sleep((double)INFINITY);
    if (rc == EDDY_ECANCELED)
        atomic_fetch_add(&cancelled, 1);
    return rc;
}

/* ---- threads, loops and mains ---- */

typedef struct seen {
    eddy_loop *loop[THREADS];
    uintptr_t thread[THREADS];
    atomic_int current, counts;
} seen;

static int look_around(void *arg)
{
    seen *s = arg;
    eddy_loop *loop = NULL;
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    int index = eddy_thread_index();
    s->loop[index] = eddy_get_running_loop();
    s->thread[index] = eddyi_thread_id();
    atomic_fetch_add(&s->current, base->get_event_loop(base, &loop) == 0 && loop == s->loop[index]);
    atomic_fetch_add(&s->counts, eddy_thread_count());
    atomic_fetch_add(&begun, 1);
    int rc = await_count(&begun, THREADS); /* so that no two can be one after the other */
    return rc < 0 ? rc : index * 10;
}

static void each_thread_runs_the_main_on_a_loop_of_its_own(void **state)
{
    seen s = {0};
    eddy_loop *loop = NULL;
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    (void)state;
    assert_int_equal(eddy_thread_index(), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_run_threads(THREADS, look_around, &s, options()), 0);
    assert_int_equal(eddy_thread_index(), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_thread_count(), EDDY_EINVALIDSTATE);
    assert_true(s.thread[0] == eddyi_thread_id());
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(results[i], i * 10);
        for (int k = 0; k < i; k++)
            assert_true(s.loop[k] != s.loop[i] && s.thread[k] != s.thread[i]);
    }
    assert_int_equal(atomic_load(&s.current), THREADS);
    assert_int_equal(atomic_load(&s.counts), THREADS * THREADS);
    assert_int_equal(eddy_get_event_loop(&loop), EDDY_ENOLOOP);
    assert_int_equal(support_live_blocks(), blocks);
    assert_int_equal(support_open_descriptors(), descriptors);
}

static int count_thread(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void no_count_is_one_thread_a_processor(void **state)
{
    atomic_int ran = 0;
    (void)state;
    assert_int_equal(eddy_run_threads(0, count_thread, &ran, options()), 0);
    assert_int_equal(atomic_load(&ran), (int)eddyi_processor_count());
    atomic_store(&ran, 0);
    assert_int_equal(eddy_run_threads(1, count_thread, &ran, options()), 0);
    assert_int_equal(atomic_load(&ran), 1);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], 77); /* there was no such thread */
}

static int run_again(void *arg)
{
    return eddy_run_threads(2, count_thread, arg, options());
}

static void what_cannot_be_run_is_refused(void **state)
{
    eddy_run_threads_options wrong = {.size = sizeof wrong - 1};
    atomic_int ran = 0;
    (void)state;
    assert_int_equal(eddy_run_threads(2, NULL, NULL, options()), EDDY_EINVAL);
    assert_int_equal(eddy_run_threads(2, count_thread, &ran, &wrong), EDDY_EINVAL);
    wrong = (eddy_run_threads_options){.size = sizeof wrong, .result_count = 1};
    assert_int_equal(eddy_run_threads(2, count_thread, &ran, &wrong), EDDY_EINVAL);
    wrong = (eddy_run_threads_options){.size = sizeof wrong, .run = &(eddy_run_options){.debug = true}};
    assert_int_equal(eddy_run_threads(2, count_thread, &ran, &wrong),
                     EDDY_EINVAL); /* of every thread's runner */
    assert_int_equal(eddy_run_threads(UINT32_MAX, count_thread, &ran, options()), EDDY_EINVAL);
    assert_int_equal(eddy_run(run_again, &ran, options()->run), EDDY_ERUNNING);
    assert_int_equal(atomic_load(&ran), 0);
}

/* ---- together ---- */

typedef struct meeting {
    eddy_loop *_Atomic loops[THREADS];
    atomic_int there, answers;
} meeting;

static int answer(void *arg)
{
    atomic_fetch_add(&((meeting *)arg)->answers, 1);
    return eddy_sleep(0);
}

static int ask(meeting *m, eddy_loop *there)
{
    eddy_concurrent_future *sent;
    eddy_future *future;
    int rc = eddy_run_coroutine_threadsafe(there, &sent, answer, m, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_wrap_future(eddy_get_running_loop(), &future, sent);
    eddy_concurrent_future_release(sent);
    if (rc < 0)
        return rc;
    rc = eddy_await_future(future, NULL);
    eddy_future_release(future);
    return rc;
}

/* All but the last one end at once; the last one then has work for each of their loops, many times. */
static int ask_who_has_ended(void *arg)
{
    meeting *m = arg;
    int rc, index = eddy_thread_index();
    atomic_store(&m->loops[index], eddy_get_running_loop());
    atomic_fetch_add(&m->there, 1);
    if (index != THREADS - 1)
        return 0;
    rc = await_count(&m->there, THREADS);
    for (int i = 0; rc == 0 && i < 20 * (THREADS - 1); i++)
        rc = ask(m, atomic_load(&m->loops[i % (THREADS - 1)]));
    return rc;
}

static void every_loop_turns_until_the_last_main_has_ended(void **state)
{
    meeting m = {.there = 0};
    (void)state;
    assert_int_equal(eddy_run_threads(THREADS, ask_who_has_ended, &m, options()), 0);
    assert_int_equal(atomic_load(&m.answers), 20 * (THREADS - 1));
}

static atomic_int made;

static int count_made(eddy_loop **out, void *arg)
{
    int rc = eddy_new_event_loop(out, arg);
    atomic_fetch_add(&made, 1);
    return rc;
}

static int how_many_are_made(void *arg)
{
    (void)arg;
    return atomic_load(&made);
}

static void no_main_begins_before_every_loop_is_there(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        eddy_run_threads_options with = *options();
        run_options.loop_factory = count_made;
        run_options.loop_factory_arg = &loop_options;
        atomic_store(&made, 0);
        assert_int_equal(eddy_run_threads(THREADS, how_many_are_made, NULL, &with), 0);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(results[i], THREADS);
    }
}

/* ---- failures ---- */

static int one_fails(void *who)
{
    atomic_fetch_add(&begun, 1);
    if (eddy_thread_index() != (int)(intptr_t)who)
        return sleep_for_ever();
    int rc = await_count(&begun, THREADS);
    return rc < 0 ? rc : EDDY_EIO;
}

static void the_first_failure_cancels_the_others_and_is_returned(void **state)
{
    (void)state;
    for (int who = 0; who < THREADS; who++) {
        assert_int_equal(eddy_run_threads(THREADS, one_fails, (void *)(intptr_t)who, options()), EDDY_EIO);
        assert_int_equal(eddy_last_error()->code, EDDY_EIO);
        assert_int_equal(eddy_last_error()->group_count, 1);
        assert_int_equal(atomic_load(&cancelled), THREADS - 1);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(results[i], i == who ? EDDY_EIO : EDDY_ECANCELED);
    }
}

static int all_fail(void *arg)
{
    int rc = one_fails(arg);
    return rc == EDDY_ECANCELED ? EDDY_EUSER - eddy_thread_index() : rc;
}

static void all_errors_can_be_read(void **state)
{
    int found = 0;
    (void)state;
    assert_int_equal(eddy_run_threads(THREADS, all_fail, (void *)1, options()), EDDY_EIO);
    const eddy_error *error = eddy_last_error();
    assert_int_equal(error->group_count, THREADS);
    assert_int_equal(error->group[0], EDDY_EIO);
    for (int i = 1; i < THREADS; i++)
        found += EDDY_EUSER - error->group[i];
    assert_int_equal(found, 0 + 2 + 3);
    assert_int_equal(results[1], EDDY_EIO);
    assert_int_equal(results[3], EDDY_EUSER - 3);
}

static int refused_connection(void *arg)
{
    eddy_stream *stream;
    (void)arg;
    return eddy_thread_index() == 2 ? eddy_open_connection(&stream, "127.0.0.1", "no-such-service", NULL)
                                    : sleep_for_ever();
}

static void the_detail_of_the_first_failure_is_kept(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_threads(THREADS, refused_connection, NULL, options()), EDDY_ENOHOST);
    assert_non_null(eddy_last_error()->operation);
    assert_string_not_equal(eddy_last_error()->operation, "run_threads");
}

/* Some mains are cancelled before they have begun, and never run. */
static int fails_at_once(void *arg)
{
    (void)arg;
    return eddy_thread_index() == 0 ? EDDY_EPIPE : sleep_for_ever();
}

static void a_failure_reaches_mains_that_have_not_begun(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        assert_int_equal(eddy_run_threads(THREADS, fails_at_once, NULL, options()), EDDY_EPIPE);
        for (int i = 1; i < THREADS; i++)
            assert_int_equal(results[i], EDDY_ECANCELED);
    }
}

static int gives_up(void *arg)
{
    (void)arg;
    return eddy_thread_index() == 1 ? EDDY_ECANCELED : sleep_for_ever();
}

static void a_main_that_ends_cancelled_by_itself_ends_all(void **state)
{
    (void)state;
    assert_int_equal(eddy_run_threads(THREADS, gives_up, NULL, options()), EDDY_ECANCELED);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(results[i], EDDY_ECANCELED);
}

static int stops_its_loop(void *who)
{
    if (eddy_thread_index() == (int)(intptr_t)who)
        eddy_loop_stop(eddy_get_running_loop());
    return sleep_for_ever();
}

static void a_loop_that_is_stopped_ends_all(void **state)
{
    (void)state;
    for (int who = 0; who < THREADS; who++) {
        assert_int_equal(eddy_run_threads(THREADS, stops_its_loop, (void *)(intptr_t)who, options()),
                         EDDY_ESTOPPED);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(results[i], i == who ? EDDY_ESTOPPED : EDDY_ECANCELED);
    }
}

/* ---- what cannot begin ---- */

static void fault_X3_a_thread_that_cannot_be_made_takes_back_those_that_are(void **state)
{
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    atomic_int ran = 0;
    (void)state;
    for (uint64_t k = 1; k < THREADS; k++) {
        eddyi_inject_plan plan = {.fail_at = k, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_create};
        eddyi_inject_start(&plan);
        int rc = eddy_run_threads(THREADS, count_thread, &ran, options());
        eddyi_inject_stop();
        assert_int_equal(rc, EDDY_EAGAIN);
        assert_int_equal(eddy_last_error()->code, EDDY_EAGAIN);
        assert_int_equal(eddy_last_error()->group_count, 0);
        assert_int_equal(atomic_load(&ran), 0);
        assert_int_equal(results[0], 77);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
}

static int refuse_one(eddy_loop **out, void *who)
{
    if (eddy_thread_index() == *(int *)who)
        return EDDY_EMFILE;
    return eddy_new_event_loop(out, &loop_options);
}

static void a_loop_that_cannot_be_made_takes_back_the_others(void **state)
{
    long blocks = support_live_blocks();
    (void)state;
    for (int who = 0; who < THREADS; who++) {
        atomic_int ran = 0;
        eddy_run_threads_options with = *options();
        run_options.loop_factory = refuse_one;
        run_options.loop_factory_arg = &who;
        assert_int_equal(eddy_run_threads(THREADS, count_thread, &ran, &with), EDDY_EMFILE);
        assert_int_equal(atomic_load(&ran), 0);
        assert_int_equal(support_live_blocks(), blocks);
    }
}

static int short_main(void *arg)
{
    int rc = eddy_sleep(0);
    atomic_fetch_add((atomic_int *)arg, 1);
    return rc;
}

/* Each fallible call fails once, whichever thread makes it: all begin and end well, or an error comes back; nothing is left. */
static void fault_M1_every_call_that_fails_is_survived(void **state)
{
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors(), refused = 0;
    (void)state;
    for (uint64_t k = 1;; k++) {
        eddyi_inject_plan plan = {.fail_at = k};
        atomic_int ran = 0;
        eddyi_inject_start(&plan);
        int rc = eddy_run_threads(2, short_main, &ran, options());
        bool failed = eddyi_inject_failures() > 0;
        eddyi_inject_stop();
        assert_int_equal(eddyi_inject_forbidden_count(), 0);
        assert_true(rc == 0 ? atomic_load(&ran) == 2 : failed);
        refused += rc < 0;
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
        if (!failed)
            break;
    }
    assert_true(refused > 8);
}

/* ---- SIGINT and fork, in a child ---- */

static int interrupt_from_the_second(void *swallow)
{
    atomic_fetch_add(&begun, 1);
    if (eddy_thread_index() == 0 && swallow == NULL)
        return 3; /* ended when the interrupt comes */
    if (eddy_thread_index() == 1) {
        int rc = await_count(&begun, THREADS);
        if (rc < 0 || kill(getpid(), SIGINT) < 0)
            return EDDY_EPROTO;
    }
    int rc = sleep_for_ever();
    return rc == EDDY_ECANCELED && swallow != NULL ? 5 : rc;
}

static int interrupted_child(void)
{
    (void)signal(SIGINT, SIG_DFL);
    if (eddy_run_threads(THREADS, interrupt_from_the_second, NULL, options()) != EDDY_EINTERRUPTED)
        return 1;
    if (results[0] != 3 || atomic_load(&cancelled) != THREADS - 1)
        return 2;
    for (int i = 1; i < THREADS; i++)
        if (results[i] != EDDY_ECANCELED)
            return 3;
    if (eddy_run_threads(THREADS, interrupt_from_the_second, &begun, options()) != 0)
        return 4;
    return results[0] == 5 && atomic_load(&cancelled) == THREADS ? 0 : 5;
}

static void must_end_well(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void an_interrupt_cancels_every_main(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(interrupted_child());
    must_end_well(child);
}

static int fork_in_the_first(void *child)
{
    int rc = 0;
    atomic_fetch_add(&begun, 1);
    if (eddy_thread_index() == 0) {
        rc = await_count(&begun, THREADS);
        *(pid_t *)child = fork();
    }
    return rc < 0 ? rc : eddy_sleep(0.001);
}

static void fault_X10_child_comes_back_alone_and_the_parent_goes_on(void **state)
{
    pid_t child = -1, parent = getpid();
    (void)state;
#ifdef EDDYI_TSAN
    skip(); /* its child does not know the parent's task stacks */
#elif defined(EDDY_VALGRIND)
    if (RUNNING_ON_VALGRIND)
        skip(); /* what the parent's other threads held is lost to the child */
#endif
    int rc = eddy_run_threads(THREADS, fork_in_the_first, &child, options());
    if (getpid() != parent)
        _exit(rc == EDDY_EFORKED ? 0 : 1);
    assert_int_equal(rc, 0);
    must_end_well(child);
}

/* ---- one port for all ---- */

enum { CLIENTS = 60 };

typedef struct shared_port {
    atomic_int port, served[THREADS], replies, done;
} shared_port;

static int greet(eddy_stream *stream, void *arg)
{
    shared_port *p = arg;
    atomic_fetch_add(&p->served[eddy_thread_index()], 1);
    return eddy_stream_write(stream, "x", 1);
}

static int call_once(const char *service)
{
    eddy_stream *stream;
    char byte = 0;
    int rc = eddy_open_connection(&stream, "127.0.0.1", service, NULL);
    if (rc < 0)
        return rc;
    ptrdiff_t got = eddy_stream_read(stream, &byte, 1);
    eddy_stream_release(stream);
    return got < 0 ? (int)got : byte == 'x';
}

/* The first thread takes a port, the others take the same; when all listen the first one calls. */
static int serve_together(void *arg)
{
    shared_port *p = arg;
    eddy_server *server;
    char service[16];
    int index = eddy_thread_index();
    int rc = index == 0 ? 0 : await_count(&p->port, 1);
    (void)snprintf(service, sizeof service, "%d", atomic_load(&p->port));
    if (rc == 0)
        rc = eddy_start_server(&server, "127.0.0.1", service, greet, p,
                               EDDY_OPTIONS(eddy_server_options, .reuse_port = true));
    if (rc < 0)
        return rc;
    if (index == 0)
        atomic_store(&p->port, eddy_server_port(server, 0));
    atomic_fetch_add(&begun, 1);
    rc = await_count(&begun, THREADS);
    (void)snprintf(service, sizeof service, "%d", atomic_load(&p->port));
    for (int i = 0; index == 0 && rc >= 0 && i < CLIENTS; i++) {
        rc = call_once(service);
        atomic_fetch_add(&p->replies, rc == 1);
    }
    if (index == 0)
        atomic_store(&p->done, 1);
    if (rc >= 0)
        rc = await_count(&p->done, 1);
    eddy_server_release(server);
    return rc;
}

static void threads_share_a_port(void **state)
{
    shared_port p = {0};
    int sum = 0, busy = 0;
    (void)state;
    if (support_is_simulated()) /* each loop has a network of its own */
        skip();
    assert_int_equal(eddy_run_threads(THREADS, serve_together, &p, options()), 0);
    for (int i = 0; i < THREADS; i++) {
        sum += atomic_load(&p.served[i]);
        busy += atomic_load(&p.served[i]) > 0;
    }
    assert_int_equal(atomic_load(&p.replies), CLIENTS);
    assert_int_equal(sum, CLIENTS);
    assert_true(busy > 1); /* which one a connection comes to is the system's choice */
}

/* ---- policies ---- */

/* Every other thread gets another backend, in one program. */
static int new_by_index(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *given)
{
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    eddy_loop_options with = *given;
    (void)self;
    with.backend = eddy_backend_name(eddy_thread_index() % 2 == 1 && eddy_backend_name(1) != NULL ? 1 : 0);
    return base->new_event_loop(base, out, &with);
}

static int which_backend(void *arg)
{
    const char *name = eddy_loop_backend_name(eddy_get_running_loop());
    int number = 0;
    (void)arg;
    while (strcmp(eddy_backend_name((size_t)number), name) != 0)
        number++;
    int rc = eddy_sleep(0.0001);
    return rc < 0 ? rc : number;
}

static void a_policy_gives_each_thread_its_backend(void **state)
{
    eddy_event_loop_policy policy = *eddy_default_event_loop_policy();
    bool two = eddy_backend_name(1) != NULL;
    (void)state;
    policy.new_event_loop = new_by_index;
    assert_int_equal(eddy_set_event_loop_policy(&policy), 0);
    int rc = eddy_run_threads(THREADS, which_backend, NULL, options());
    assert_int_equal(eddy_set_event_loop_policy(NULL), 0);
    assert_int_equal(rc, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(results[i], two ? i % 2 : 0);
}

static int run_often(void *arg)
{
    (void)arg;
    int rc = eddy_sleep(0);
    atomic_fetch_add(&begun, 1);
    return rc;
}

typedef struct often {
    eddy_run_options options;
    int failed;
} often;

static void run_one_after_the_other(void *arg)
{
    often *o = arg;
    eddy_loop *loop = NULL;
    for (int i = 0; i < 100; i++) {
        o->failed += eddy_run(run_often, NULL, &o->options) != 0;
        o->failed += eddy_get_event_loop(&loop) != EDDY_ENOLOOP;
    }
}

static void fault_X11_policy_changed_while_threads_make_loops(void **state)
{
    eddy_event_loop_policy policy = *eddy_default_event_loop_policy();
    eddyi_thread threads[THREADS];
    often all[THREADS];
    long blocks = support_live_blocks();
    (void)state;
    (void)options();
    for (int i = 0; i < THREADS; i++) {
        all[i] = (often){.options = run_options};
        assert_int_equal(eddyi_thread_create(&threads[i], run_one_after_the_other, &all[i], "often"), 0);
    }
    while (atomic_load(&begun) < THREADS * 100) {
        assert_int_equal(eddy_set_event_loop_policy(&policy), 0);
        eddyi_thread_yield();
        assert_int_equal(eddy_set_event_loop_policy(NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        eddyi_thread_join(&threads[i]);
        assert_int_equal(all[i].failed, 0);
    }
    assert_int_equal(support_live_blocks(), blocks);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_runs_the_main_on_a_loop_of_its_own),
        cmocka_unit_test(no_count_is_one_thread_a_processor),
        cmocka_unit_test(what_cannot_be_run_is_refused),
        cmocka_unit_test(every_loop_turns_until_the_last_main_has_ended),
        cmocka_unit_test(no_main_begins_before_every_loop_is_there),
        cmocka_unit_test(the_first_failure_cancels_the_others_and_is_returned),
        cmocka_unit_test(all_errors_can_be_read),
        cmocka_unit_test(the_detail_of_the_first_failure_is_kept),
        cmocka_unit_test(a_failure_reaches_mains_that_have_not_begun),
        cmocka_unit_test(a_main_that_ends_cancelled_by_itself_ends_all),
        cmocka_unit_test(a_loop_that_is_stopped_ends_all),
        cmocka_unit_test(fault_X3_a_thread_that_cannot_be_made_takes_back_those_that_are),
        cmocka_unit_test(a_loop_that_cannot_be_made_takes_back_the_others),
        cmocka_unit_test(fault_M1_every_call_that_fails_is_survived),
        cmocka_unit_test(an_interrupt_cancels_every_main),
        cmocka_unit_test(fault_X10_child_comes_back_alone_and_the_parent_goes_on),
        cmocka_unit_test(threads_share_a_port),
        cmocka_unit_test(a_policy_gives_each_thread_its_backend),
        cmocka_unit_test(fault_X11_policy_changed_while_threads_make_loops),
    };
    support_init(argc, argv);
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
