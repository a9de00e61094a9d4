/* test_sim.c: the simulator itself: its clock, its seed, its trace, its names, how it sleeps, what it needs of memory.
 * Touches the seam, sim.h, and threads for the wake-ups. */
#include "test_sim_bench.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Only AddressSanitizer can hide memory; without it nothing is, and nothing may be. */
static bool is_hidden_as_it_should(void *memory, size_t size, bool lent)
{
#ifdef WITH_ASAN
    return (__asan_region_is_poisoned(memory, size) == memory) == lent;
#else
    (void)size;
    (void)lent;
    return *(volatile char *)memory != '\0';
#endif
}

/* ---- time ---- */

static void time_jumps_to_the_deadline_and_never_stops_before_it(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        bench b;
        bench_open(&b, seed);
        for (int i = 0; i < 100; i++) {
            uint64_t deadline = ops->now(b.sim) + draw(&b, 1000 * SECOND);
            assert_int_equal(step(&b, deadline), 0);
            assert_true(ops->now(b.sim) >= deadline);
            assert_true(ops->now(b.sim) < deadline + MILLISECOND);
        }
        bench_close(&b);
    }
}

static void waiting_for_nothing_takes_microseconds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        bench b;
        bench_open(&b, seed);
        uint64_t before = ops->now(b.sim);
        for (int i = 0; i < 100; i++)
            assert_int_equal(step(&b, 0), 0);
        assert_true(ops->now(b.sim) > before);
        assert_true(ops->now(b.sim) < before + 10 * MILLISECOND);
        bench_close(&b);
    }
}

static void fault_T5_clock_starts_anywhere(void **state)
{
    bool near_zero = false, near_wrap = false, far = false;
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        bench b;
        bench_open(&b, seed);
        uint64_t start = ops->now(b.sim), wrap = UINT64_C(4294967296) * MILLISECOND;
        near_zero |= start < SECOND;
        near_wrap |= start < wrap && start + 2 * SECOND > wrap;
        far |= start > UINT64_C(6000000000) * SECOND;
        assert_true(ops->now(b.sim) > start);
        step(&b, start + 3 * SECOND); /* across the wrap, where there is one */
        assert_true(ops->now(b.sim) >= start + 3 * SECOND);
        bench_close(&b);
    }
    assert_true(near_zero && near_wrap && far);
}

static void latency_can_be_set(void **state)
{
    bench b;
    pair p;
    char byte = 0;
    (void)state;
    bench_open(&b, 3);
    open_pair(&b, &p);
    eddyi_sim_set_latency(b.sim, 40 * MILLISECOND, 50 * MILLISECOND);
    for (int i = 0; i < 20; i++) {
        uint64_t before = ops->now(b.sim);
        send_all(&b, &p.client, "x", 1);
        receive_all(&b, &p.server, &byte, 1);
        uint64_t took = ops->now(b.sim) - before;
        assert_true(took >= 40 * MILLISECOND && took < 52 * MILLISECOND);
    }
    close_pair(&b, &p);
    bench_close(&b);
}

/* ---- seed and trace ---- */

static uint64_t trace_of(uint64_t seed, char letter)
{
    bench b;
    pair p;
    char text[3000], back[sizeof text];
    memset(text, letter, sizeof text);
    bench_open_faulty(&b, seed, 0, 0);
    open_pair(&b, &p);
    send_all(&b, &p.client, text, sizeof text);
    receive_all(&b, &p.server, back, sizeof back);
    close_pair(&b, &p);
    pass(&b, 10 * MILLISECOND);
    uint64_t trace = eddyi_sim_trace(b.sim);
    bench_close(&b);
    return trace;
}

static void equal_seeds_replay_bit_for_bit(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++)
        assert_true(trace_of(seed, 'a') == trace_of(seed, 'a'));
}

static void trace_tells_seeds_and_bytes_apart(void **state)
{
    uint64_t traces[200];
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        traces[i] = trace_of(i / 2, i % 2 == 0 ? 'a' : 'b');
        for (uint64_t k = 0; k < i; k++)
            assert_true(traces[k] != traces[i]);
    }
}

static void every_event_changes_the_trace(void **state)
{
    bench b;
    pair p;
    char byte = 0;
    (void)state;
    bench_open(&b, 1);
    uint64_t before = eddyi_sim_trace(b.sim);
#define CHANGED(what)                                                                                        \
    do {                                                                                                     \
        what;                                                                                                \
        assert_true(eddyi_sim_trace(b.sim) != before);                                                       \
        before = eddyi_sim_trace(b.sim);                                                                     \
    } while (0)
    CHANGED(open_pair(&b, &p));
    test_op pending = make_op(&p.server, EDDYI_RECV, &byte, 1);
    CHANGED(submit(&b, &pending));
    CHANGED(take_back(&b, &pending));
    CHANGED(send_all(&b, &p.client, "x", 1));
    CHANGED(receive_all(&b, &p.server, &byte, 1));
    CHANGED(close_pair(&b, &p));
#undef CHANGED
    bench_close(&b);
}

/* ---- sleeping ---- */

static void *wake_it(void *arg)
{
    ops->wake(arg);
    return NULL;
}

static void sleeps_until_another_thread_wakes_it(void **state)
{
    bench b;
    (void)state;
    bench_open(&b, 1);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        uint64_t before = ops->now(b.sim);
        assert_int_equal(pthread_create(&thread, NULL, wake_it, b.sim), 0);
        assert_int_equal(step(&b, UINT64_MAX), 0); /* returns at all: it was woken */
        assert_true(ops->now(b.sim) < before + MILLISECOND);
        pthread_join(thread, NULL);
    }
    bench_close(&b);
}

static void wakes_merge_and_are_never_lost(void **state)
{
    bench b;
    (void)state;
    bench_open(&b, 1);
    for (int i = 0; i < 5; i++)
        ops->wake(b.sim);
    assert_int_equal(step(&b, UINT64_MAX), 0);
    uint64_t deadline = ops->now(b.sim) + SECOND;
    step(&b, deadline);
    assert_true(ops->now(b.sim) >= deadline); /* none is left */
    bench_close(&b);
}

static eddyi_backend *handler_wakes;
static atomic_int handled;

static void wake_in_handler(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
    ops->wake(handler_wakes);
}

static void *interrupt_it(void *arg)
{
    pthread_kill(*(pthread_t *)arg, SIGUSR1);
    return NULL;
}

static void handler_on_the_sleeping_thread_wakes_it(void **state)
{
    bench b;
    struct sigaction action, old;
    pthread_t self = pthread_self();
    (void)state;
    memset(&action, 0, sizeof action);
    action.sa_handler = wake_in_handler;
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    bench_open(&b, 1);
    handler_wakes = b.sim;
    atomic_store(&handled, 0);
    for (int i = 1; i <= 20; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, interrupt_it, &self), 0);
        assert_int_equal(step(&b, UINT64_MAX), 0);
        assert_int_equal(atomic_load(&handled), i);
        pthread_join(thread, NULL);
    }
    sigaction(SIGUSR1, &old, NULL);
    bench_close(&b);
}

enum { STORM = 20000 };

static void *storm(void *arg)
{
    for (int i = 0; i < STORM; i++)
        ops->wake(arg);
    return NULL;
}

static void *answer_each(void *arg)
{
    atomic_uint *turns = ((void **)arg)[1];
    for (unsigned i = 1; i <= 2000; i++) {
        atomic_store(turns, i);
        ops->wake(((void **)arg)[0]);
        while (atomic_load(turns) == i)
            eddyi_thread_yield();
    }
    return NULL;
}

static void fault_P18_wake_storm_from_threads_loses_none(void **state)
{
    bench b;
    pthread_t threads[3];
    atomic_uint turn = 0;
    (void)state;
    bench_open(&b, 1);
    void *both[] = {b.sim, &turn};
    assert_int_equal(pthread_create(&threads[0], NULL, answer_each, both), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, storm, b.sim), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, storm, b.sim), 0);
    for (unsigned i = 1; i <= 2000; i++) {
        while (atomic_load(&turn) != i)
            step(&b, UINT64_MAX); /* a lost wake would sleep for ever */
        atomic_store(&turn, 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    bench_close(&b);
}

/* ---- memory ---- */

static void fault_M7_lent_memory_is_hidden_from_everybody_else(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        bench b;
        pair p;
        _Alignas(16) char memory[64] = "kept";
        bench_open(&b, seed);
        open_pair(&b, &p);
        test_op pending = make_op(&p.server, EDDYI_RECV, memory, sizeof memory);
        submit(&b, &pending);
        assert_true(is_hidden_as_it_should(memory, sizeof memory, true));
        take_back(&b, &pending);
        assert_true(is_hidden_as_it_should(memory, sizeof memory, false));
        assert_string_equal(memory, "kept");
        submit(&b, &pending);
        send_all(&b, &p.client, "data", 4);
        finish(&b, &pending);
        assert_true(pending.value >= 1 && memory[0] == 'd');
        close_pair(&b, &p);
        bench_close(&b);
    }
}

static void law_spare_running_needs_no_memory(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        bench b;
        eddyi_descriptor listener, client;
        eddyi_address at;
        char out[2000] = {0}, in[2000];
        bench_open(&b, seed);
        open_bound(&b, &listener, &at, EDDYI_LISTENER, 4);
        open_client(&b, &client);
        eddyi_inject_start(NULL);
        eddyi_inject_forbid_memory();
        assert_int_equal(connect_to(&b, &client, &at), 0); /* its other end is there before */
        int64_t fd = run_op(&b, &listener, EDDYI_ACCEPT, NULL, 0);
        eddyi_inject_allow_memory();
        eddyi_descriptor server;
        attach(&b, &server, (eddy_fd)fd, EDDYI_STREAM);
        eddyi_inject_forbid_memory();
        send_all(&b, &client, out, sizeof out);
        receive_all(&b, &server, in, sizeof in);
        test_op pending = make_op(&server, EDDYI_RECV, in, 1);
        submit(&b, &pending);
        take_back(&b, &pending);
        give_back(&b, &client);
        assert_int_equal(receive(&b, &server, in, 1), 0);
        give_back(&b, &server);
        give_back(&b, &listener);
        eddyi_inject_allow_memory();
        assert_int_equal(eddyi_inject_forbidden_count(), 0);
        eddyi_inject_stop();
        bench_close(&b);
    }
}

/* F2: each allocation of a set-up fails in turn; it says so, and nothing is left. */
static void fault_M1_each_failed_allocation_is_reported_and_leaves_nothing(void **state)
{
    uint64_t failures = 0;
    (void)state;
    for (uint64_t k = 1; k < 20; k++) {
        bench b = {.allocator = {bench_allocate, bench_reallocate, bench_release, &b}};
        eddyi_backend_config config = {.allocator = &b.allocator, .seed = 1};
        eddyi_inject_plan plan = {.fail_at = k, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
        eddyi_descriptor d = {.kind = EDDYI_STREAM};
        eddyi_inject_start(&plan);
        int rc = ops->open(&b.sim, &config, &b.kinds);
        if (rc == 0) {
            rc = NET->socket(b.sim, &d.fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
            if (rc == 0) {
                rc = ops->attach(b.sim, &d);
                ops->detach(b.sim, &d);
                assert_int_equal(NET->close(b.sim, d.fd), 0);
            }
            assert_int_equal(eddyi_sim_open_descriptors(b.sim), 0);
            ops->close(b.sim);
        }
        assert_true(rc == 0 || rc == EDDY_ENOMEM);
        assert_int_equal(rc == EDDY_ENOMEM, eddyi_inject_failures() == 1);
        failures += eddyi_inject_failures();
        eddyi_inject_stop();
        assert_int_equal(b.blocks, 0);
    }
    assert_true(failures >= 5); /* the instance, the table, two sockets and their rings */
}

/* ---- names ---- */

static void expect_name(bench *b, const char *host, int flags, const char *expected)
{
    eddyi_address found[2];
    char text[64];
    int count = NET->resolve(b->sim, host, "80", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, flags, found, 2);
    if (expected == NULL) {
        assert_true(count == EDDY_ENOHOST || (strchr(host, ' ') != NULL && count == EDDY_EINVAL));
        return;
    }
    assert_true(count >= 1);
    assert_true(NET->format(&found[0], text, sizeof text) > 0);
    assert_string_equal(text, expected);
}

static void names_and_numbers_resolve_by_the_rule(void **state)
{
    bench b;
    eddyi_address found[3];
    char one[64], two[64];
    (void)state;
    bench_open(&b, 1);
    expect_name(&b, "127.0.0.1", 0, "127.0.0.1:80");
    expect_name(&b, "203.0.113.9", EDDYI_RESOLVE_NUMERIC, "203.0.113.9:80");
    expect_name(&b, "::1", 0, "[::1]:80");
    expect_name(&b, "2001:db8:0:0:1:0:0:1", 0, "[2001:db8::1:0:0:1]:80");
    expect_name(&b, "::", 0, "[::]:80");
    expect_name(&b, "1::", 0, "[1::]:80");
    expect_name(&b, "1:2:3:4:5:6:7:8", 0, "[1:2:3:4:5:6:7:8]:80");
    expect_name(&b, "nobody.invalid", 0, NULL);
    expect_name(&b, "nobody.INVALID", 0, NULL);
    expect_name(&b, "example.org", EDDYI_RESOLVE_NUMERIC, NULL);
    expect_name(&b, "a name", 0, NULL);
    expect_name(&b, "a..b", 0, NULL);
    expect_name(&b, "\xff\xfe", 0, NULL);
    assert_int_equal(
        NET->resolve(b.sim, "localhost", "http", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, 0, found, 3), 2);
    assert_int_equal(NET->family(&found[0]), EDDYI_FAMILY_IPV6);
    assert_int_equal(NET->family(&found[1]), EDDYI_FAMILY_IPV4);
    assert_int_equal(NET->port(&found[0]), 80);
    eddyi_address first = address_of(&b, "example.org", "1"), again = address_of(&b, "Example.ORG", "1");
    eddyi_address other = address_of(&b, "example.com", "1");
    assert_memory_equal(first.bytes, again.bytes, first.size);
    assert_true(NET->format(&first, one, sizeof one) > 0 && NET->format(&other, two, sizeof two) > 0);
    assert_string_not_equal(one, two);
    assert_int_equal(NET->format(&first, one, 5), EDDY_EINVAL);
    assert_int_equal(NET->resolve(b.sim, "::1", "65536", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, 0, found, 3),
                     EDDY_EINVAL);
    assert_int_equal(NET->resolve(b.sim, "::1", "80", EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM, 0, found, 3),
                     EDDY_ENOHOST);
    assert_true(NET->resolves_at_once);
    bench_close(&b);
}

static void fault_D1_overlong_names_are_refused_not_cut(void **state)
{
    bench b;
    eddyi_address found;
    char name[300];
    (void)state;
    bench_open(&b, 1);
    for (size_t length = 250; length < 299; length++) {
        for (size_t i = 0; i < length; i++)
            name[i] = i % 50 == 49 && i + 1 < length ? '.' : 'a';
        name[length] = '\0';
        int rc = NET->resolve(b.sim, name, "1", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, 0, &found, 1);
        assert_int_equal(rc, length <= 253 ? 1 : EDDY_ENAMETOOLONG);
    }
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_int_equal(NET->resolve(b.sim, name, "1", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, 0, &found, 1),
                     EDDY_ENOHOST); /* a label has at most 63 */
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_jumps_to_the_deadline_and_never_stops_before_it),
        cmocka_unit_test(waiting_for_nothing_takes_microseconds),
        cmocka_unit_test(fault_T5_clock_starts_anywhere),
        cmocka_unit_test(latency_can_be_set),
        cmocka_unit_test(equal_seeds_replay_bit_for_bit),
        cmocka_unit_test(trace_tells_seeds_and_bytes_apart),
        cmocka_unit_test(every_event_changes_the_trace),
        cmocka_unit_test(sleeps_until_another_thread_wakes_it),
        cmocka_unit_test(wakes_merge_and_are_never_lost),
        cmocka_unit_test(handler_on_the_sleeping_thread_wakes_it),
        cmocka_unit_test(fault_P18_wake_storm_from_threads_loses_none),
        cmocka_unit_test(fault_M7_lent_memory_is_hidden_from_everybody_else),
        cmocka_unit_test(law_spare_running_needs_no_memory),
        cmocka_unit_test(fault_M1_each_failed_allocation_is_reported_and_leaves_nothing),
        cmocka_unit_test(names_and_numbers_resolve_by_the_rule),
        cmocka_unit_test(fault_D1_overlong_names_are_refused_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
