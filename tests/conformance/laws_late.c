/* laws_late.c: the law late, and wake: a wait without events ends at its deadline or after it, and early only when woken.
 * Touches the bench, injection, threads and signals. No clock is trusted but the backend's own. */
#include "conformance/laws_support.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#include "conformance/laws_tests.h"

static void wait_until(law_bench *b, uint64_t deadline)
{
    assert_int_equal(law_step(b, deadline, LAW_ROOM), 0);
    assert_true(law_now(b) >= deadline);
}

static void never_early(law_bench *b)
{
    for (int i = 0; i < 10000; i++)
        wait_until(b, law_now(b) + law_random(b, 60000));
    wait_until(b, law_now(b) + 3 * LAW_MILLISECOND + 1);
    wait_until(b, law_now(b) + 100 * LAW_MILLISECOND); /* more than the ticks of any system */
    wait_until(b, 1);                                  /* long ago */
}

void law_late_ten_thousand_deadlines_are_never_early(void **state)
{
    (void)state;
    law_run(never_early);
}

static void does_not_block(law_bench *b)
{
    law_pair pair;
    char byte;
    law_connect_pair(b, &pair);
    law_op receive = law_make(&pair.near, EDDYI_RECV, &byte, 1);
    law_submit(b, &receive);
    uint64_t start = law_now(b);
    for (int i = 0; i < 100; i++)
        assert_int_equal(law_step(b, 0, LAW_ROOM), 0);
    assert_true(law_now(b) - start < 200 * LAW_MILLISECOND);
    law_take_back(b, &receive);
    law_release_pair(b, &pair);
}

void law_late_wait_for_nothing_does_not_block(void **state)
{
    (void)state;
    law_run(does_not_block);
}

/* ---- signals ---- */

static atomic_int signals_seen;
static law_bench *signalled;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals_seen, 1);
}

static void wake_in_handler(int number)
{
    int saved = errno;
    (void)number;
    errno = 4711;
    signalled->ops->wake(signalled->backend);
    if (errno == 4711)
        atomic_fetch_add(&signals_seen, 1);
    errno = saved;
}

static void handle(void (*fn)(int), struct sigaction *old)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = fn; /* no SA_RESTART: system calls are interrupted */
    atomic_store(&signals_seen, 0);
    assert_int_equal(sigaction(SIGALRM, &action, old), 0);
}

/* SIGALRM after so long and then every so long, 0: not again. */
static void set_timer(int first_ms, int every_ms)
{
    const struct itimerval when = {.it_value.tv_usec = first_ms * 1000,
                                   .it_interval.tv_usec = every_ms * 1000};
    assert_int_equal(setitimer(ITIMER_REAL, &when, NULL), 0);
}

/* One that is on its way is thrown away: it would end the program. */
static void end_timer(const struct sigaction *old)
{
    struct sigaction ignored;
    memset(&ignored, 0, sizeof ignored);
    ignored.sa_handler = SIG_IGN;
    set_timer(0, 0);
    assert_int_equal(sigaction(SIGALRM, &ignored, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, old, NULL), 0);
}

static void interrupted(law_bench *b)
{
    struct sigaction old;
    handle(count_signal, &old);
    set_timer(1, 1);
    uint64_t start = law_now(b);
    for (int i = 0; i < 10; i++) {
        uint64_t deadline = law_now(b) + 30 * LAW_MILLISECOND;
        wait_until(b, deadline);
        assert_true(law_now(b) < deadline + 500 * LAW_MILLISECOND);
    }
    assert_true(law_now(b) - start < 2000 * LAW_MILLISECOND);
    end_timer(&old);
    assert_true(atomic_load(&signals_seen) > 20); /* they did come */
}

void law_late_fault_P6_interrupting_signals_do_not_end_it(void **state)
{
    (void)state;
    if (law_needs_real("signals come in real time") &&
        law_needs(SUPPORT_INTERRUPTS, "nothing interrupts a call"))
        law_run(interrupted);
}

static void from_handler(law_bench *b)
{
    struct sigaction old;
    signalled = b;
    handle(wake_in_handler, &old);
    raise(SIGALRM); /* before the wait */
    uint64_t start = law_now(b);
    assert_int_equal(law_step(b, start + LAW_PATIENCE, LAW_ROOM), 0);
    assert_true(law_now(b) - start < LAW_PATIENCE);
    set_timer(20, 0); /* and in the middle of it */
    start = law_now(b);
    assert_int_equal(law_step(b, start + LAW_PATIENCE, LAW_ROOM), 0);
    assert_true(law_now(b) - start < LAW_PATIENCE);
    end_timer(&old);
    assert_int_equal(atomic_load(&signals_seen), 2); /* errno was left alone each time */
}

void wake_from_signal_handler(void **state)
{
    (void)state;
    if (law_needs_real("signals come in real time") &&
        law_needs(SUPPORT_INTERRUPTS, "nothing interrupts a call"))
        law_run(from_handler);
}

/* ---- fall-back and wake ---- */

static void falls_back(law_bench *b)
{
    const eddyi_inject_plan missing = {.fail_at = 1,
                                       .fail_after_too = true,
                                       .calls = UINT64_C(1) << EDDYI_INJECT_epoll_pwait2,
                                       .os_error = ENOSYS};
    eddyi_inject_start(&missing);
    for (int i = 0; i < 20; i++)
        wait_until(b, law_now(b) + 200000 + law_random(b, 1000000));
    uint64_t asked = eddyi_inject_count_of(EDDYI_INJECT_epoll_pwait2);
    eddyi_inject_stop();
    assert_in_range(asked, 0, 1); /* chosen once */
}

void fault_P16_missing_call_falls_back(void **state)
{
    (void)state;
    law_run(falls_back);
}

static void wake_first(law_bench *b)
{
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k <= i % 3; k++)
            b->ops->wake(b->backend);
        uint64_t start = law_now(b);
        law_step(b, start + LAW_PATIENCE, LAW_ROOM);
        assert_true(law_now(b) - start < LAW_PATIENCE);
        law_step(b, 0, LAW_ROOM); /* repeats may have merged or not: take what is left */
        law_step(b, 0, LAW_ROOM);
    }
    wait_until(b, law_now(b) + LAW_MILLISECOND); /* none is left over */
}

void wake_before_wait_ends_it(void **state)
{
    (void)state;
    law_run(wake_first);
}

enum { WAKERS = 4, WAKES = 250000, HANDSHAKES = 2000 };

typedef struct storm {
    law_bench *bench;
    atomic_uint wanted, seen; /* one asks, the loop answers: a wake that gets lost stops it */
    atomic_uint_fast64_t wakes;
} storm;

static void *shake_hands(void *arg)
{
    storm *s = arg;
    for (unsigned i = 1; i <= HANDSHAKES; i++) {
        atomic_store(&s->wanted, i);
        s->bench->ops->wake(s->bench->backend);
        while (atomic_load(&s->seen) < i)
            sched_yield();
    }
    return NULL;
}

static void *wake_often(void *arg)
{
    storm *s = arg;
    for (int i = 0; i < WAKES; i++) {
        atomic_fetch_add(&s->wakes, 1);
        s->bench->ops->wake(s->bench->backend);
    }
    return NULL;
}

static void wait_for_a_wake(law_bench *b)
{
    uint64_t limit = b->is_virtual ? UINT64_MAX : law_now(b) + LAW_PATIENCE;
    assert_int_equal(law_step(b, limit, LAW_ROOM), 0);
    assert_true(law_now(b) < limit);
}

static void wake_storm(law_bench *b)
{
    pthread_t threads[WAKERS];
    storm s = {.bench = b};
    assert_int_equal(pthread_create(&threads[0], NULL, shake_hands, &s), 0);
    for (unsigned answered = 0; answered < HANDSHAKES;) {
        if (atomic_load(&s.wanted) == answered)
            wait_for_a_wake(b);
        answered = atomic_load(&s.wanted);
        atomic_store(&s.seen, answered);
    }
    pthread_join(threads[0], NULL);
    for (int i = 0; i < WAKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wake_often, &s), 0);
    uint64_t total = (uint64_t)WAKERS * WAKES;
    while (atomic_load(&s.wakes) < total)
        wait_for_a_wake(b);
    for (int i = 0; i < WAKERS; i++)
        pthread_join(threads[i], NULL);
    b->ops->wake(b->backend);
    wait_for_a_wake(b);
}

void fault_P18_wake_storm_from_threads(void **state)
{
    (void)state;
    if (law_needs_real("one seed after another would start threads for nothing"))
        law_run(wake_storm);
}
