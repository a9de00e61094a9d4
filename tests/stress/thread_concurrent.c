/* thread_concurrent.c: posts, coroutines and cancels from several threads against loops that run, follow each other, and close.
 * Touches the public API. Nobody waits for ever, no callback runs after its cancel came back, and nothing is left. */
#include <math.h>
#include <stdatomic.h>

#include "support/support.h"
#include "core/platform.h"

enum { SENDERS = 3, ROUNDS = 40, SENDS = 60 };

typedef struct place {
    eddy_loop *loop; /* one reference of each sender */
    atomic_int started, released, accepted, wrong, through;
} place;

/* ---- what is sent ---- */

static int short_task(void *arg)
{
    place *p = arg;
    atomic_fetch_add(&p->started, 1);
    return eddy_sleep(0);
}

static int long_task(void *arg)
{
    place *p = arg;
    atomic_fetch_add(&p->started, 1);
    return eddy_sleep(1000);
}

static void count_release(void *arg)
{
    atomic_fetch_add(&((place *)arg)->released, 1);
}

typedef struct note {
    atomic_bool running, forbidden;
    place *at;
} note;

static void run_note(void *arg)
{
    note *n = arg;
    atomic_store(&n->running, true);
    if (atomic_load(&n->forbidden))
        atomic_fetch_add(&n->at->wrong, 1);
    eddyi_thread_yield();
    if (atomic_load(&n->forbidden)) /* a cancel came back in the middle of it */
        atomic_fetch_add(&n->at->wrong, 1);
    atomic_store(&n->running, false);
}

/* Y1, with the note on this thread's stack: it would be seen if the callback ran on after the cancel. */
static void post_and_cancel(place *p)
{
    note n = {.at = p};
    eddy_handle *handle;
    if (eddy_loop_call_soon_threadsafe(p->loop, &handle, run_note, &n) < 0)
        return;
    eddyi_thread_yield();
    eddy_handle_cancel(handle);
    if (atomic_load(&n.running))
        atomic_fetch_add(&p->wrong, 1);
    atomic_store(&n.forbidden, true);
    eddy_handle_release(handle);
}

static bool send_one(place *p, int number)
{
    eddy_concurrent_future *future;
    bool forever = number % 3 == 0;
    int rc = eddy_run_coroutine_threadsafe(p->loop, &future, forever ? long_task : short_task, p,
                                           EDDY_OPTIONS(eddy_task_options, .release = count_release));
    if (rc < 0)
        return false;
    atomic_fetch_add(&p->accepted, 1);
    if (number % 4 == 0)
        eddyi_thread_yield();
    if (forever)
        (void)eddy_concurrent_future_cancel(future);
    rc = eddy_concurrent_future_result(future, NULL, number % 5 == 0 ? 0.0 : (double)INFINITY);
    if (rc != 0 && rc != EDDY_ECANCELED && rc != EDDY_ETIMEDOUT)
        atomic_fetch_add(&p->wrong, 1);
    eddy_concurrent_future_release(future);
    return true;
}

static void send_many(void *arg)
{
    place *p = arg;
    for (int i = 0; i < SENDS && send_one(p, i); i++)
        post_and_cancel(p);
    atomic_fetch_add(&p->through, 1);
    eddy_loop_release(p->loop);
}

/* ---- the loops ---- */

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static eddy_loop *make_loop(void)
{
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    eddy_loop *loop;
    if (eddy_new_event_loop(&loop, &options) < 0)
        abort();
    (void)eddy_loop_set_exception_handler(loop, ignore_report, NULL);
    return loop;
}

/* Follows a coroutine of the first loop from a second one, and sometimes closes under it. */
static void follow(void *arg)
{
    place *p = arg;
    eddy_loop *loop = make_loop();
    for (int i = 0; i < SENDS; i++) {
        eddy_concurrent_future *sent;
        eddy_future *future;
        if (eddy_run_coroutine_threadsafe(p->loop, &sent, short_task, p,
                                          EDDY_OPTIONS(eddy_task_options, .release = count_release)) < 0)
            break;
        atomic_fetch_add(&p->accepted, 1);
        if (eddy_wrap_future(loop, &future, sent) < 0)
            abort();
        eddy_concurrent_future_release(sent);
        if (i % 3 == 0)
            (void)eddy_future_cancel(future);
        else if (i % 3 == 1)
            (void)eddy_loop_run_until_complete(loop, future);
        else
            (void)eddy_loop_run_once(loop, 0);
        eddy_future_release(future);
    }
    eddy_loop_release(loop);
    atomic_fetch_add(&p->through, 1);
    eddy_loop_release(p->loop);
}

/* The loop is closed after some turns, or when everybody is through. */
static void one_round(int turns)
{
    place p = {.loop = make_loop()};
    eddy_loop *loop = p.loop;
    eddyi_thread threads[SENDERS + 1];
    for (int i = 0; i <= SENDERS; i++) {
        eddy_loop_retain(loop);
        assert_int_equal(eddyi_thread_create(&threads[i], i < SENDERS ? send_many : follow, &p, "sender"), 0);
    }
    for (int i = 0; i < turns && atomic_load(&p.through) <= SENDERS; i++)
        assert_true(eddy_loop_run_once(loop, 0.0001) >= 0);
    assert_int_equal(eddy_loop_close(loop), 0);
    for (int i = 0; i <= SENDERS; i++)
        eddyi_thread_join(&threads[i]);
    eddy_loop_release(loop);
    assert_int_equal(atomic_load(&p.wrong), 0);
    assert_int_equal(atomic_load(&p.released), atomic_load(&p.accepted));
    assert_true(atomic_load(&p.started) <= atomic_load(&p.accepted));
}

static void senders_against_running_and_closing_loops(void **state)
{
    long blocks = support_live_blocks();
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        one_round(round * round);
    assert_int_equal(support_live_blocks(), blocks);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(senders_against_running_and_closing_loops)};
    support_init(argc, argv);
    return cmocka_run_group_tests_name("concurrent", tests, NULL, NULL);
}
