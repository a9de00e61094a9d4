/* suite_policy.c: the current loop of a thread, policies, and what a runner does with them. Rule R6 is that of asyncio's inventory.
 * Touches the public API, threads and child processes. Each test leaves the default policy in force and no current loop. */
#include "loops.h"
#include "suite.h"

#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"
#include "core/platform.h"

static void must_be_current(const eddy_loop *expected)
{
    eddy_loop *loop = NULL;
    assert_int_equal(eddy_get_event_loop(&loop), 0);
    assert_ptr_equal(loop, expected);
}

static void must_have_none(void)
{
    eddy_loop *loop = NULL;
    assert_int_equal(eddy_get_event_loop(&loop), EDDY_ENOLOOP);
    assert_int_equal(eddy_last_error()->code, EDDY_ENOLOOP);
    assert_null(loop);
}

static const eddy_run_options *options(void)
{
    static eddy_loop_options loop;
    static eddy_run_options run;
    loop = (eddy_loop_options){.size = sizeof loop, .backend = support_backend()};
    run = (eddy_run_options){.size = sizeof run, .loop = &loop};
    return &run;
}

static void in_thread(void (*fn)(void *), void *arg)
{
    eddyi_thread thread;
    assert_int_equal(eddyi_thread_create(&thread, fn, arg, "policy"), 0);
    eddyi_thread_join(&thread);
}

/* ---- the current loop ---- */

static void fault_X11_no_loop_set_is_an_error_and_nothing_is_created(void **state)
{
    long blocks = support_live_blocks();
    (void)state;
    must_have_none();
    assert_int_equal(eddy_get_event_loop(NULL), EDDY_EINVAL);
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    must_have_none();
    assert_int_equal(support_live_blocks(), blocks);
}

static void sets_its_own(void *arg)
{
    eddy_loop *loop = NULL, *mine = NULL;
    int *steps = arg;
    *steps += eddy_get_event_loop(&loop) == EDDY_ENOLOOP;
    *steps += eddy_new_event_loop(&mine, options()->loop) == 0;
    *steps += eddy_set_event_loop(mine) == 0;
    *steps += eddy_get_event_loop(&loop) == 0 && loop == mine;
    *steps += eddy_set_event_loop(NULL) == 0;
    eddy_loop_release(mine);
}

static void each_thread_has_a_current_loop_of_its_own(void **state)
{
    eddy_loop *loop = make_loop();
    int steps = 0;
    (void)state;
    assert_int_equal(eddy_set_event_loop(loop), 0);
    in_thread(sets_its_own, &steps);
    assert_int_equal(steps, 5);
    must_be_current(loop);
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    must_have_none();
    end_loop(loop);
}

static void the_current_loop_is_held_until_another_one_is_set(void **state)
{
    long blocks = support_live_blocks();
    eddy_loop *first = make_loop(), *second = make_loop();
    (void)state;
    assert_int_equal(eddy_set_event_loop(first), 0);
    assert_int_equal(eddy_set_event_loop(first), 0); /* again: one reference */
    eddy_loop_release(first);
    must_be_current(first);
    assert_false(eddy_loop_is_closed(first));
    note_soon(first, 1);
    assert_int_equal(eddy_loop_run_once(first, 0), 1);
    must_have_noted(1, (int[]){1});
    assert_int_equal(eddy_set_event_loop(second), 0);
    eddy_loop_release(second);
    assert_int_equal(eddy_loop_close(second), 0);
    must_be_current(second); /* closed, and current all the same */
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- X11: two loops on one thread ---- */

typedef struct two_loops {
    eddy_loop *running, *other;
    int steps;
} two_loops;

static void look_from_inside(void *arg)
{
    two_loops *t = arg;
    eddy_loop *loop = NULL;
    t->steps += eddy_get_event_loop(&loop) == 0 && loop == t->running; /* not the current one */
    t->steps += eddy_loop_run_once(t->other, 0) == EDDY_ERUNNING;
    t->steps += eddy_loop_run_forever(t->other) == EDDY_ERUNNING;
    t->steps += eddy_set_event_loop(t->other) == 0;
    t->steps += eddy_get_event_loop(&loop) == 0 && loop == t->running;
}

static void fault_X11_of_two_loops_on_one_thread_the_running_one_is_meant(void **state)
{
    two_loops t = {.running = make_loop(), .other = make_loop()};
    (void)state;
    assert_int_equal(eddy_set_event_loop(t.running), 0);
    assert_int_equal(eddy_loop_call_soon(t.running, NULL, look_from_inside, &t), 0);
    assert_int_equal(eddy_loop_run_once(t.running, 0), 1);
    assert_int_equal(t.steps, 5);
    must_be_current(t.other);
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    end_loop(t.running);
    end_loop(t.other);
}

static int dropped;

static void drop_current(void *arg)
{
    (void)arg;
    dropped = eddy_set_event_loop(NULL);
}

static void fault_X11_running_loop_keeps_its_last_reference(void **state)
{
    long blocks = support_live_blocks();
    eddy_loop *loop = make_loop();
    (void)state;
    assert_int_equal(eddy_set_event_loop(loop), 0);
    assert_int_equal(eddy_loop_call_soon(loop, NULL, drop_current, NULL), 0);
    eddy_loop_release(loop);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    assert_int_equal(dropped, EDDY_ERUNNING);
    must_be_current(loop);
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- a policy of the user's ---- */

typedef struct own_policy {
    eddy_event_loop_policy policy;
    eddy_loop *current; /* of whatever thread; not held */
    const char *backend;
    int made, set, fails;
    bool empty_handed;
} own_policy;

static int own_get(eddy_event_loop_policy *self, eddy_loop **out)
{
    own_policy *own = (own_policy *)self;
    if (own->fails < 0)
        return own->fails;
    if (!own->empty_handed)
        *out = own->current;
    return 0;
}

static int own_set(eddy_event_loop_policy *self, eddy_loop *loop)
{
    own_policy *own = (own_policy *)self;
    own->set++;
    if (own->fails < 0)
        return own->fails;
    own->current = loop;
    return 0;
}

static int own_new(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *given)
{
    own_policy *own = (own_policy *)self;
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    eddy_loop_options with = given != NULL ? *given : (eddy_loop_options){.size = sizeof with};
    if (own->empty_handed)
        return 0;
    own->made++;
    with.backend = own->backend;
    return base->new_event_loop(base, out, &with);
}

static own_policy make_policy(void)
{
    return (own_policy){.policy = {.size = sizeof(eddy_event_loop_policy),
                                   .get_event_loop = own_get,
                                   .set_event_loop = own_set,
                                   .new_event_loop = own_new},
                        .backend = support_backend()};
}

static void restore_default(void)
{
    assert_int_equal(eddy_set_event_loop_policy(NULL), 0);
    assert_ptr_equal(eddy_get_event_loop_policy(), eddy_default_event_loop_policy());
}

static int is_my_loop_current(void *arg)
{
    own_policy *own = arg;
    eddy_loop *loop = NULL;
    if (eddy_get_event_loop(&loop) < 0 || loop != eddy_get_running_loop())
        return EDDY_EPROTO;
    return own->current == loop && eddy_loop_get_debug(loop) ? 1 : EDDY_EIO;
}

static void a_policy_makes_and_keeps_the_loops(void **state)
{
    own_policy own = make_policy();
    eddy_loop *loop;
    eddy_run_options with = {.size = sizeof with, .loop = EDDY_OPTIONS(eddy_loop_options, .debug = true)};
    (void)state;
    assert_ptr_equal(eddy_get_event_loop_policy(), eddy_default_event_loop_policy());
    assert_int_equal(eddy_set_event_loop_policy(&own.policy), 0);
    assert_ptr_equal(eddy_get_event_loop_policy(), &own.policy);
    assert_int_equal(eddy_new_event_loop(&loop, NULL), 0);
    assert_int_equal(own.made, 1);
    assert_int_equal(own.set, 0);
    assert_int_equal(eddy_set_event_loop(loop), 0);
    must_be_current(loop);
    assert_ptr_equal(own.current, loop);
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    end_loop(loop);
    assert_int_equal(eddy_run(is_my_loop_current, &own, &with), 1); /* the options reached it */
    assert_int_equal(own.made, 2);
    assert_null(own.current);
    restore_default();
    must_have_none();
}

/* One thread gets the backend that was chosen for it, all others what they asked for. */
typedef struct by_thread {
    eddy_event_loop_policy policy;
    uintptr_t chooser;
    const char *chosen;
} by_thread;

static int new_by_thread(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *given)
{
    by_thread *own = (by_thread *)self;
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    eddy_loop_options with = *given;
    if (eddyi_thread_id() == own->chooser)
        with.backend = own->chosen;
    return base->new_event_loop(base, out, &with);
}

static int name_backend(void *arg)
{
    *(const char **)arg = eddy_loop_backend_name(eddy_get_running_loop());
    return 0;
}

static void run_to_name_backend(void *arg)
{
    if (eddy_run(name_backend, arg, options()) < 0)
        *(const char **)arg = "none";
}

static void a_policy_picks_the_backend_thread_by_thread(void **state)
{
    const char *here = NULL, *there = NULL, *usual = NULL;
    (void)state;
    run_to_name_backend(&usual);
    for (size_t i = 0; eddy_backend_name(i) != NULL; i++) {
        if (support_probe(eddy_backend_name(i)) < 0)
            continue;
        by_thread own = {.policy = *eddy_default_event_loop_policy(),
                         .chooser = eddyi_thread_id(),
                         .chosen = eddy_backend_name(i)};
        own.policy.get_event_loop = own_get; /* never asked: loops run */
        own.policy.set_event_loop = eddy_default_event_loop_policy()->set_event_loop;
        own.policy.new_event_loop = new_by_thread;
        assert_int_equal(eddy_set_event_loop_policy(&own.policy), 0);
        run_to_name_backend(&here);
        in_thread(run_to_name_backend, &there);
        restore_default();
        assert_string_equal(here, own.chosen);
        assert_string_equal(there, usual);
    }
}

/* ---- X11: policies that are wrong, or change ---- */

static void fault_X11_a_table_that_is_wrong_is_refused_and_the_policy_stays(void **state)
{
    own_policy good = make_policy(), bad;
    (void)state;
    assert_int_equal(eddy_set_event_loop_policy(&good.policy), 0);
    for (int i = 0; i < 5; i++) {
        bad = make_policy();
        if (i == 0)
            bad.policy.size = 0;
        if (i == 1)
            bad.policy.size = sizeof bad.policy - 1;
        if (i == 2)
            bad.policy.get_event_loop = NULL;
        if (i == 3)
            bad.policy.set_event_loop = NULL;
        if (i == 4)
            bad.policy.new_event_loop = NULL;
        assert_int_equal(eddy_set_event_loop_policy(&bad.policy), EDDY_EINVAL);
        assert_ptr_equal(eddy_get_event_loop_policy(), &good.policy);
    }
    restore_default();
}

static int never(void *arg)
{
    *(bool *)arg = true;
    return 0;
}

static void fault_X11_a_policy_without_a_loop_is_an_error(void **state)
{
    own_policy own = make_policy();
    eddy_loop *loop = NULL;
    bool ran = false;
    (void)state;
    own.empty_handed = true;
    assert_int_equal(eddy_set_event_loop_policy(&own.policy), 0);
    must_have_none();
    assert_int_equal(eddy_new_event_loop(&loop, NULL), EDDY_ENOLOOP);
    assert_null(loop);
    assert_int_equal(eddy_run(never, &ran, NULL), EDDY_ENOLOOP);
    assert_false(ran);
    restore_default();
}

static void fault_X11_what_a_policy_fails_with_is_told_and_nothing_is_left(void **state)
{
    own_policy own = make_policy();
    eddy_loop *loop = make_loop(), *out = NULL;
    bool ran = false;
    long blocks = support_live_blocks();
    (void)state;
    own.fails = EDDY_EPERM;
    assert_int_equal(eddy_set_event_loop_policy(&own.policy), 0);
    assert_int_equal(eddy_get_event_loop(&out), EDDY_EPERM);
    assert_int_equal(eddy_set_event_loop(loop), EDDY_EPERM);
    assert_int_equal(eddy_last_error()->code, EDDY_EPERM);
    assert_int_equal(eddy_run(never, &ran, NULL), EDDY_EPERM); /* the loop was made, and could not be set */
    assert_int_equal(own.made, 1);
    assert_false(ran);
    own.backend = "no-such-backend";
    assert_int_equal(eddy_new_event_loop(&out, NULL), EDDY_EBACKEND);
    assert_non_null(strstr(eddy_last_error()->message, eddy_backend_name(0)));
    assert_null(out);
    restore_default();
    assert_int_equal(support_live_blocks(), blocks);
    end_loop(loop);
}

static int asks_itself(eddy_event_loop_policy *self, eddy_loop **out, const eddy_loop_options *given)
{
    ((own_policy *)self)->made++;
    return eddy_new_event_loop(out, given);
}

static void fault_X11_a_policy_that_asks_itself_for_a_loop_is_an_error(void **state)
{
    own_policy own = make_policy();
    eddy_loop *loop = NULL;
    (void)state;
    own.policy.new_event_loop = asks_itself;
    assert_int_equal(eddy_set_event_loop_policy(&own.policy), 0);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(eddy_new_event_loop(&loop, NULL), EDDY_EINVALIDSTATE);
        assert_int_equal(own.made, i);
    }
    restore_default();
}

static int change_policy(void *own)
{
    eddy_loop *loop = NULL;
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    int rc = eddy_set_event_loop_policy(own);
    if (rc == 0)
        rc = eddy_sleep(0.0001);
    if (rc == 0)
        rc = eddy_get_event_loop(&loop);
    if (rc < 0 || loop != eddy_get_running_loop())
        return EDDY_EPROTO;
    return base->get_event_loop(base, &loop) == 0 && loop == eddy_get_running_loop() ? 1 : EDDY_EIO;
}

/* The loop runs on, and what was set through one policy is cleared through that one. */
static void fault_X11_policy_changed_while_a_loop_runs(void **state)
{
    own_policy own = make_policy();
    long blocks = support_live_blocks();
    (void)state;
    assert_int_equal(eddy_run(change_policy, &own.policy, options()), 1);
    assert_int_equal(own.set, 0);
    assert_int_equal(own.made, 0);
    restore_default();
    must_have_none();
    assert_int_equal(support_live_blocks(), blocks);
}

/* ---- the runner (R6) ---- */

static int must_be_current_inside(void *arg)
{
    eddy_loop *loop = NULL;
    eddy_event_loop_policy *base = eddy_default_event_loop_policy();
    int rc = base->get_event_loop(base, &loop);
    return rc < 0 ? rc : arg != NULL ? loop == arg : loop == eddy_get_running_loop();
}

static void a_runner_sets_its_loop_once_and_unsets_it_at_close(void **state)
{
    eddy_runner *runner;
    eddy_loop *loop, *other = make_loop();
    (void)state;
    assert_int_equal(eddy_runner_create(&runner, options()), 0);
    must_have_none(); /* it is lazy */
    assert_int_equal(eddy_runner_run(runner, must_be_current_inside, NULL), 1);
    assert_int_equal(eddy_runner_get_loop(runner, &loop), 0);
    must_be_current(loop);
    assert_int_equal(eddy_set_event_loop(other), 0);
    assert_int_equal(eddy_runner_run(runner, must_be_current_inside, other), 1); /* not set a second time */
    must_be_current(other);
    assert_int_equal(eddy_runner_close(runner), 0);
    must_have_none(); /* as asyncio's: whatever is there now */
    assert_int_equal(eddy_run(must_be_current_inside, NULL, options()), 1);
    must_have_none();
    end_loop(other);
}

static int factory(eddy_loop **out, void *arg)
{
    return eddy_new_event_loop(out, arg);
}

static void with_a_factory_the_current_loop_is_left_alone(void **state)
{
    eddy_loop *current = make_loop();
    eddy_run_options with = *options();
    (void)state;
    with.loop_factory = factory;
    with.loop_factory_arg = (void *)(uintptr_t)with.loop;
    assert_int_equal(eddy_run(must_be_current_inside, NULL, &with), EDDY_ENOLOOP);
    assert_int_equal(eddy_set_event_loop(current), 0);
    assert_int_equal(eddy_run(must_be_current_inside, current, &with), 1);
    must_be_current(current);
    assert_int_equal(eddy_set_event_loop(NULL), 0);
    end_loop(current);
}

/* ---- X8: a thread that ends ---- */

typedef struct leaver {
    eddy_loop *loop;
    int steps, released;
} leaver;

static int wait_for_ever(void *arg)
{
    (void)arg;
    return eddy_sleep(1e9);
}

static void count_release(void *arg)
{
    ((leaver *)arg)->released++;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static void leave_with_a_current_loop(void *arg)
{
    leaver *l = arg;
    eddy_task_options with = {.size = sizeof with, .release = count_release};
    l->steps += eddy_new_event_loop(&l->loop, options()->loop) == 0;
    l->steps += eddy_loop_set_exception_handler(l->loop, ignore_report, NULL) == 0;
    l->steps += eddy_loop_create_task(l->loop, NULL, wait_for_ever, l, &with) == 0;
    l->steps += eddy_loop_run_once(l->loop, 0) == 1;
    l->steps += eddy_set_event_loop(l->loop) == 0;
}

static void leave_with_the_only_reference(void *arg)
{
    leaver *l = arg;
    leave_with_a_current_loop(arg);
    eddy_loop_release(l->loop);
    l->steps -= l->released; /* it lives until the thread ends */
}

static void fault_X8_thread_that_ends_closes_the_current_loop_it_holds_alone(void **state)
{
    leaver l = {0};
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    (void)state;
    in_thread(leave_with_the_only_reference, &l);
    assert_int_equal(l.steps, 5);
    assert_int_equal(l.released, 1);
    assert_int_equal(support_live_blocks(), blocks);
    assert_int_equal(support_open_descriptors(), descriptors);
}

static void fault_X8_thread_that_ends_leaves_others_their_loop(void **state)
{
    leaver l = {0};
    long blocks = support_live_blocks();
    (void)state;
    in_thread(leave_with_a_current_loop, &l);
    assert_int_equal(l.steps, 5);
    assert_false(eddy_loop_is_closed(l.loop));
    note_soon(l.loop, 1);
    assert_int_equal(eddy_loop_run_once(l.loop, 0), 1);
    must_have_noted(1, (int[]){1});
    end_loop(l.loop);
    assert_int_equal(l.released, 1);
    assert_int_equal(support_live_blocks(), blocks);
}

/* Only a thread's first asking to hear of its end needs memory. */
static void cannot_set(void *arg)
{
    two_loops *t = arg;
    eddy_loop *loop = NULL;
    eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_pthread_setspecific};
    eddyi_inject_start(&plan);
    t->steps += eddy_run(wait_for_ever, NULL, options()) == EDDY_ENOMEM;
    eddyi_inject_start(&plan);
    t->steps += eddy_set_event_loop(t->running) == EDDY_ENOMEM;
    t->steps += eddy_get_event_loop(&loop) == EDDY_ENOLOOP;
    t->steps += eddy_set_event_loop(t->running) == 0;
    eddyi_inject_start(&plan);
    t->steps += eddy_set_event_loop(t->other) == 0;
    t->steps += eddy_get_event_loop(&loop) == 0 && loop == t->other;
    t->steps += eddy_set_event_loop(NULL) == 0; /* never fails */
    eddyi_inject_stop();
}

static void a_loop_that_cannot_be_set_for_memory_leaves_the_current_one(void **state)
{
    two_loops t = {.running = make_loop(), .other = make_loop()};
    long blocks = support_live_blocks();
    (void)state;
    in_thread(cannot_set, &t);
    assert_int_equal(t.steps, 7);
    assert_int_equal(support_live_blocks(), blocks);
    end_loop(t.running);
    end_loop(t.other);
}

/* ---- X10: a child ---- */

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* What a child must find; returns 0, or which step it was. */
static int look_in_child(eddy_loop *parents)
{
    eddy_loop *loop = NULL, *mine;
    if (eddy_get_running_loop() != NULL)
        return 1;
    if (eddy_get_event_loop(&loop) != EDDY_ENOLOOP)
        return 2;
    if (eddy_set_event_loop(parents) != EDDY_EFORKED)
        return 3;
    if (eddy_run(nothing, NULL, options()) != 0)
        return 4;
    if (eddy_get_event_loop(&loop) != EDDY_ENOLOOP)
        return 5;
    if (eddy_new_event_loop(&mine, options()->loop) < 0 || eddy_set_event_loop(mine) < 0)
        return 6;
    if (eddy_get_event_loop(&loop) < 0 || loop != mine || eddy_loop_run_once(mine, 0) < 0)
        return 7;
    eddy_loop_release(mine);
    return eddy_set_event_loop(NULL) == 0 ? 0 : 8;
}

static void must_have_exited(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void fault_X10_forked_child_has_no_current_loop_and_runs_anew(void **state)
{
    static eddy_loop *loop; /* where Valgrind finds it in the child */
    (void)state;
    loop = make_loop();
    assert_int_equal(eddy_set_event_loop(loop), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(look_in_child(loop));
    must_have_exited(child);
    must_be_current(loop);
    eddy_loop_release(loop);
#ifndef EDDY_VALGRIND /* which would tell of the backend's memory: it is given up with the parent's loop */
    child = fork();
    if (child == 0) /* the last reference is the slot's */
        _exit(look_in_child(loop));
    must_have_exited(child);
#endif
    note_soon(loop, 1);
    assert_int_equal(eddy_loop_run_once(loop, 0), 1);
    must_have_noted(1, (int[]){1});
    assert_int_equal(eddy_set_event_loop(NULL), 0);
}

static int fork_inside(void *arg)
{
    pid_t *child = arg;
    eddy_loop *loop = eddy_get_running_loop();
    *child = fork();
    if (*child == 0)
        _exit(look_in_child(loop));
    int rc = eddy_sleep(0.0001);
    return rc < 0 ? rc : must_be_current_inside(NULL);
}

static void fault_X10_child_of_a_running_task_runs_a_loop_of_its_own(void **state)
{
    pid_t child = -1;
    (void)state;
    assert_int_equal(eddy_run(fork_inside, &child, options()), 1);
    must_have_exited(child);
}

int suite_policy(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_X11_no_loop_set_is_an_error_and_nothing_is_created),
        cmocka_unit_test(each_thread_has_a_current_loop_of_its_own),
        cmocka_unit_test(the_current_loop_is_held_until_another_one_is_set),
        cmocka_unit_test(fault_X11_of_two_loops_on_one_thread_the_running_one_is_meant),
        cmocka_unit_test(fault_X11_running_loop_keeps_its_last_reference),
        cmocka_unit_test(a_policy_makes_and_keeps_the_loops),
        cmocka_unit_test(a_policy_picks_the_backend_thread_by_thread),
        cmocka_unit_test(fault_X11_a_table_that_is_wrong_is_refused_and_the_policy_stays),
        cmocka_unit_test(fault_X11_a_policy_without_a_loop_is_an_error),
        cmocka_unit_test(fault_X11_what_a_policy_fails_with_is_told_and_nothing_is_left),
        cmocka_unit_test(fault_X11_a_policy_that_asks_itself_for_a_loop_is_an_error),
        cmocka_unit_test(fault_X11_policy_changed_while_a_loop_runs),
        cmocka_unit_test(a_runner_sets_its_loop_once_and_unsets_it_at_close),
        cmocka_unit_test(with_a_factory_the_current_loop_is_left_alone),
        cmocka_unit_test(fault_X8_thread_that_ends_closes_the_current_loop_it_holds_alone),
        cmocka_unit_test(fault_X8_thread_that_ends_leaves_others_their_loop),
        cmocka_unit_test(a_loop_that_cannot_be_set_for_memory_leaves_the_current_one),
        cmocka_unit_test(fault_X10_forked_child_has_no_current_loop_and_runs_anew),
        cmocka_unit_test(fault_X10_child_of_a_running_task_runs_a_loop_of_its_own),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
