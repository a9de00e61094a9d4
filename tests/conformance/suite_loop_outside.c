/* suite_loop_outside.c: the loop and what surrounds it: its creation, the environment, other threads, fork, a foreign main loop.
 * Touches the public API, threads, child processes and poll(2). Storms of threads are in tests/stress. */
#include "loops.h"
#include "pair.h"
#include "suite.h"

#include <math.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"
#include "core/platform.h"

/* ---- creation ---- */

static uint64_t calls_of_a_creation(void)
{
    end_loop(make_loop()); /* what is made once a process is made now */
    eddyi_inject_start(NULL);
    end_loop(make_loop());
    uint64_t total = eddyi_inject_count();
    eddyi_inject_stop();
    return total;
}

/* Every allocation and every system call of a loop's creation fails: the k-th only, then the k-th and all after it. */
static void fault_P15_creation_that_fails_half_way_leaves_nothing(void **state)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    uint64_t total = calls_of_a_creation();
    int refused = 0;
    (void)state;
    for (uint64_t k = 1; k <= 2 * total; k++) {
        eddyi_inject_plan plan = {.fail_at = (k + 1) / 2, .fail_after_too = k % 2 == 0};
        eddy_loop *loop = NULL;
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        eddyi_inject_start(&plan);
        int rc = eddy_new_event_loop(&loop, &options);
        if (rc == 0)
            end_loop(loop);
        eddyi_inject_stop();
        assert_true(rc <= 0);
        if (rc < 0) {
            assert_null(loop);
            assert_int_equal(eddy_last_error()->code, rc);
            eddy_error_clear();
            refused++;
        }
        assert_int_equal(eddyi_inject_forbidden_count(), 0);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
        end_loop(make_loop());
    }
    assert_true(refused > 4);
}

static void unknown_backend_is_an_error_that_lists_the_known_ones(void **state)
{
    eddy_loop *loop = NULL;
    eddy_loop_options options = {.size = sizeof options, .backend = "no-such-backend"};
    (void)state;
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_new_event_loop(&loop, &options), EDDY_EBACKEND);
    assert_null(loop);
    for (size_t i = 0; eddy_backend_name(i) != NULL; i++)
        assert_non_null(strstr(eddy_last_error()->message, eddy_backend_name(i)));
    assert_int_equal(eddy_new_event_loop(NULL, NULL), EDDY_EINVAL);
    options = (eddy_loop_options){0};
    assert_int_equal(eddy_new_event_loop(&loop, &options), EDDY_EINVAL); /* size was not set */
}

/* The variable `name` as `value` (NULL: absent) while `fn` runs; then as it was. */
static void with_environment(const char *name, const char *value, void (*fn)(const char *value))
{
    const char *was = getenv(name);
    char *kept = was != NULL ? strdup(was) : NULL;
    assert_int_equal(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
    fn(value);
    assert_int_equal(kept != NULL ? setenv(name, kept, 1) : unsetenv(name), 0);
    free(kept);
}

static void must_be_chosen(const char *value)
{
    eddy_loop *loop = NULL;
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_new_event_loop(&loop, NULL), 0);
    assert_string_equal(eddy_loop_backend_name(loop), value);
    end_loop(loop);
}

static void must_be_refused(const char *value)
{
    eddy_loop *loop = NULL;
    eddy_loop_options named = {.size = sizeof named, .backend = eddy_backend_name(0)};
    (void)value;
    assert_int_equal(eddy_new_event_loop(&loop, NULL), EDDY_EBACKEND);
    assert_non_null(strstr(eddy_last_error()->message, eddy_backend_name(0)));
    assert_int_equal(eddy_new_event_loop(&loop, &named), 0); /* the options win over the environment */
    assert_string_equal(eddy_loop_backend_name(loop), eddy_backend_name(0));
    end_loop(loop);
}

static void must_be_the_first_that_is_no_simulation(const char *value)
{
    eddy_loop *loop = NULL;
    (void)value;
    int rc = eddy_new_event_loop(&loop, NULL);
    if (strcmp(eddy_backend_name(0), "sim") == 0 && eddy_backend_name(1) == NULL) {
        assert_int_equal(rc, EDDY_EBACKEND);
        return;
    }
    assert_int_equal(rc, 0);
    assert_string_not_equal(eddy_loop_backend_name(loop), "sim");
    end_loop(loop);
}

static void the_environment_chooses_a_backend_unless_the_options_do(void **state)
{
    (void)state;
    for (size_t i = 0; eddy_backend_name(i) != NULL; i++)
        if (support_probe(eddy_backend_name(i)) == 0)
            with_environment("EDDY_BACKEND", eddy_backend_name(i), must_be_chosen);
    with_environment("EDDY_BACKEND", "no-such-backend", must_be_refused);
    with_environment("EDDY_BACKEND", NULL, must_be_the_first_that_is_no_simulation);
    with_environment("EDDY_BACKEND", "", must_be_the_first_that_is_no_simulation);
}

static void must_debug(const char *value)
{
    eddy_loop *loop = make_loop();
    assert_true(eddy_loop_get_debug(loop) == (value != NULL));
    end_loop(loop);
}

static void the_environment_switches_debug_mode_on(void **state)
{
    (void)state;
    with_environment("EDDY_DEBUG", "1", must_debug);
    with_environment("EDDY_DEBUG", NULL, must_debug);
}

/* ---- other threads ---- */

enum { POSTERS = 4, POSTS = 5000 };

typedef struct posting {
    eddy_loop *loop;
    int ran;
    atomic_int refused;
} posting;

static void count_post(void *arg)
{
    ((posting *)arg)->ran++;
}

static void post_many(void *arg)
{
    posting *p = arg;
    for (int i = 0; i < POSTS; i++)
        if (eddy_loop_call_soon_threadsafe(p->loop, NULL, count_post, p) < 0)
            p->refused++;
}

static int wait_for_posts(void *arg)
{
    posting *all = arg;
    for (;;) {
        int sum = 0;
        for (int i = 0; i < POSTERS; i++)
            sum += all[i].ran + all[i].refused;
        if (sum == POSTERS * POSTS)
            return 0;
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
    }
}

/* P18, X9: none is lost and none runs twice. */
static void fault_P18_posts_from_threads_all_run_once(void **state)
{
    eddy_loop *loop = make_loop();
    eddyi_thread threads[POSTERS];
    posting all[POSTERS];
    eddy_task *waiter;
    (void)state;
    assert_int_equal(eddy_loop_create_task(loop, &waiter, wait_for_posts, all, NULL), 0);
    for (int i = 0; i < POSTERS; i++) {
        all[i] = (posting){.loop = loop};
        assert_int_equal(eddyi_thread_create(&threads[i], post_many, &all[i], "poster"), 0);
    }
    assert_int_equal(eddy_loop_run_until_complete(loop, eddy_task_future(waiter)), 0);
    for (int i = 0; i < POSTERS; i++) {
        eddyi_thread_join(&threads[i]);
        assert_int_equal(all[i].refused, 0);
    }
    eddy_task_release(waiter);
    end_loop(loop);
}

/* X2: posting against close: each post either runs, is discarded, or is refused; its memory always goes. */
static void fault_X2_posting_against_close_is_safe(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        eddy_loop *loop = make_loop();
        eddyi_thread thread;
        posting p = {.loop = loop};
        long blocks = support_live_blocks();
        assert_int_equal(eddyi_thread_create(&thread, post_many, &p, "poster"), 0);
        for (int i = 0; i < round; i++)
            assert_true(eddy_loop_run_once(loop, 0) >= 0);
        assert_int_equal(eddy_loop_close(loop), 0);
        eddyi_thread_join(&thread);
        assert_true(p.ran + p.refused <= POSTS);
        eddy_loop_release(loop);
        assert_true(support_live_blocks() < blocks);
    }
}

static void a_post_wakes_a_loop_that_waits_for_ever(void **state)
{
    eddy_loop *loop = make_loop();
    eddyi_thread thread;
    (void)state;
    assert_int_equal(eddyi_thread_create(&thread, stop_loop_from_thread, loop, "stopper"), 0);
    assert_int_equal(eddy_loop_run_forever(loop), 0);
    eddyi_thread_join(&thread);
    end_loop(loop);
}

static bool wrong_thread_refused;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void call_from_wrong_thread(void *loop)
{
    wrong_thread_refused = eddy_loop_call_soon(loop, NULL, note, NULL) == EDDY_EWRONGTHREAD &&
                           eddy_loop_call_later(loop, NULL, 0, note, NULL) == EDDY_EWRONGTHREAD &&
                           eddy_loop_call_at(loop, NULL, 0, note, NULL) == EDDY_EWRONGTHREAD &&
                           eddy_loop_create_task(loop, NULL, nothing, NULL, NULL) == EDDY_EWRONGTHREAD &&
                           eddy_last_error()->code == EDDY_EWRONGTHREAD;
    stop_loop_from_thread(loop);
}

typedef struct wrong {
    eddy_loop *loop;
    eddyi_thread thread;
} wrong;

static void start_wrong_thread(void *arg)
{
    wrong *w = arg;
    assert_int_equal(eddyi_thread_create(&w->thread, call_from_wrong_thread, w->loop, "wrong"), 0);
}

/* DB1, X1 */
static void fault_X1_debug_mode_refuses_the_wrong_thread(void **state)
{
    wrong w = {.loop = make_loop()};
    (void)state;
    eddy_loop_set_debug(w.loop, true);
    assert_true(eddy_loop_get_debug(w.loop));
    wrong_thread_refused = false;
    assert_int_equal(eddy_loop_call_soon(w.loop, NULL, start_wrong_thread, &w), 0);
    assert_int_equal(eddy_loop_run_forever(w.loop), 0);
    eddyi_thread_join(&w.thread);
    assert_true(wrong_thread_refused);
    must_have_noted(0, NULL);
    note_soon(w.loop, 1); /* not running: it is nobody's */
    end_loop(w.loop);
}

/* ---- fork ---- */

/* X10: the child's copy of a loop answers with an error; the parent's goes on. */
static void fault_X10_forked_child_cannot_use_the_loop(void **state)
{
    eddy_loop *loop = make_loop();
    int status;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        bool refused = eddy_loop_run_forever(loop) == EDDY_EFORKED &&
                       eddy_loop_call_soon_threadsafe(loop, NULL, note, NULL) == EDDY_EFORKED &&
                       eddy_loop_close(loop) == EDDY_EFORKED;
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    note_soon(loop, 1);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    end_loop(loop);
}

typedef struct fork_story {
    pid_t child;
    int after;
} fork_story;

/* In the child nothing of the parent's loop can be waited for: the run ends with EDDY_EFORKED at its next turn. */
static int fork_in_the_middle(void *arg)
{
    fork_story *story = arg;
    eddy_loop *loop = eddy_get_running_loop();
    int rc = eddy_sleep(0.001);
    story->child = fork();
    if (story->child == 0 && eddy_get_running_loop() != NULL)
        _exit(2);
    if (story->child == 0 && eddy_loop_call_soon_threadsafe(loop, NULL, note, NULL) != EDDY_EFORKED)
        _exit(3);
    if (rc == 0)
        rc = eddy_sleep(0.001);
    if (story->child == 0)
        _exit(4);
    story->after++;
    return rc;
}

static void fault_X10_fork_in_the_middle_leaves_the_parent_alone(void **state)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    fork_story story = {.child = -1};
    int status;
    (void)state;
    eddyi_running_loop = NULL;
    int rc = eddy_run(fork_in_the_middle, &story, &options);
    if (story.child == 0)
        support_leave_child(
            rc == EDDY_EFORKED && eddy_run(nothing, NULL, &options) == 0 ? 0 : 5); /* a new one it may make */
    assert_int_equal(rc, 0);
    assert_int_equal(story.after, 1);
    assert_int_equal(waitpid(story.child, &status, 0), story.child);
    assert_int_equal(status, 0);
}

/* ---- guest mode ---- */

typedef struct guest {
    eddy_loop *loop;
    struct pollfd watched;
    int rc, turns;
} guest;

static guest guest_begin(void)
{
    guest g = {.loop = make_loop()};
    eddy_fd fd = -1;
    g.rc = eddy_loop_backend_fd(g.loop, &fd);
    assert_true(g.rc == 0 || g.rc == EDDY_ENOSYS);
    g.watched = (struct pollfd){.fd = (int)fd, .events = POLLIN};
    return g;
}

/* One turn of a foreign main loop: sleeps in poll(2) as long as eddy allows, then gives eddy its turn. */
static void foreign_turn(guest *g)
{
    double timeout = eddy_loop_next_timeout(g->loop);
    assert_true(timeout >= 0);
    int milliseconds = timeout > 10 ? 10000 : (int)ceil(timeout * 1000);
    if (g->rc == 0)
        assert_true(poll(&g->watched, 1, milliseconds) >= 0);
    assert_true(eddy_loop_run_once(g->loop, g->rc == 0 ? 0 : timeout) >= 0);
    g->turns++;
}

static int tick_five_times(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++) {
        int rc = eddy_sleep(0.002);
        if (rc < 0)
            return rc;
    }
    return 55;
}

static void foreign_loop_drives_timers_and_tasks(void **state)
{
    guest g = guest_begin();
    eddy_task *task;
    (void)state;
    assert_true(isinf(eddy_loop_next_timeout(g.loop)));
    assert_int_equal(eddy_loop_create_task(g.loop, &task, tick_five_times, NULL, NULL), 0);
    assert_true(eddy_loop_next_timeout(g.loop) == 0);
    while (!eddy_task_done(task))
        foreign_turn(&g);
    assert_int_equal(eddy_task_result(task), 55);
    assert_true(g.turns < 5 * 6 || support_is_simulated()); /* it sleeps, it does not spin */
    eddy_task_release(task);
    assert_int_equal(eddy_loop_run_once(g.loop, 0), 0);
    assert_true(isinf(eddy_loop_next_timeout(g.loop)));
    assert_int_equal(eddy_loop_run_once(g.loop, (double)NAN), EDDY_EINVAL);
    end_loop(g.loop);
}

static int talk_to_myself(void *arg)
{
    stream_pair pair;
    char byte;
    (void)arg;
    pair_open(&pair, NULL, NULL);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(eddy_stream_write(pair.client, "a", 1), 0);
        assert_int_equal(eddy_stream_read(pair.peer, &byte, 1), 1);
    }
    pair_close(&pair);
    return 0;
}

static void foreign_loop_drives_io(void **state)
{
    guest g = guest_begin();
    eddy_task *task;
    (void)state;
    assert_int_equal(eddy_loop_create_task(g.loop, &task, talk_to_myself, NULL, NULL), 0);
    while (!eddy_task_done(task))
        foreign_turn(&g);
    assert_int_equal(eddy_task_result(task), 0);
    eddy_task_release(task);
    end_loop(g.loop);
}

static void post_a_note(void *loop)
{
    assert_int_equal(eddy_loop_call_soon_threadsafe(loop, NULL, note, (void *)7), 0);
}

/* A post reaches the foreign loop through the descriptor, each time it sleeps. */
static void foreign_loop_is_woken_by_posts(void **state)
{
    guest g = guest_begin();
    (void)state;
    for (int i = 0; i < 20; i++) {
        eddyi_thread thread;
        assert_int_equal(eddyi_thread_create(&thread, post_a_note, g.loop, "poster"), 0);
        if (g.rc == 0)
            assert_int_equal(poll(&g.watched, 1, 10000), 1);
        while (noted() == 0)
            assert_true(eddy_loop_run_once(g.loop, g.rc == 0 ? 0 : 10) >= 0);
        must_have_noted(1, (int[]){7});
        eddyi_thread_join(&thread);
    }
    end_loop(g.loop);
}

static void run_once_waits_no_longer_than_it_was_told(void **state)
{
    eddy_loop *loop = make_loop();
    (void)state;
    note_later(loop, 1000, 1);
    double before = eddy_loop_time(loop);
    assert_int_equal(eddy_loop_run_once(loop, 0.003), 0);
    double after = eddy_loop_time(loop);
    assert_true(after - before >= 0.003 && after - before < 900);
    assert_int_equal(eddy_loop_run_once(loop, -1), 0);
    eddy_loop_stop(loop); /* does not wait either, and is used up */
    assert_int_equal(eddy_loop_run_once(loop, (double)INFINITY), 0);
    must_have_noted(0, NULL);
    end_loop(loop);
}

int suite_loop_outside(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_P15_creation_that_fails_half_way_leaves_nothing),
        cmocka_unit_test(unknown_backend_is_an_error_that_lists_the_known_ones),
        cmocka_unit_test(the_environment_chooses_a_backend_unless_the_options_do),
        cmocka_unit_test(the_environment_switches_debug_mode_on),
        cmocka_unit_test(fault_P18_posts_from_threads_all_run_once),
        cmocka_unit_test(fault_X2_posting_against_close_is_safe),
        cmocka_unit_test(a_post_wakes_a_loop_that_waits_for_ever),
        cmocka_unit_test(fault_X1_debug_mode_refuses_the_wrong_thread),
        cmocka_unit_test(fault_X10_forked_child_cannot_use_the_loop),
        cmocka_unit_test(fault_X10_fork_in_the_middle_leaves_the_parent_alone),
        cmocka_unit_test(foreign_loop_drives_timers_and_tasks),
        cmocka_unit_test(foreign_loop_drives_io),
        cmocka_unit_test(foreign_loop_is_woken_by_posts),
        cmocka_unit_test(run_once_waits_no_longer_than_it_was_told),
    };
    return cmocka_run_group_tests_name("the loop and its surroundings", tests, NULL, NULL);
}
