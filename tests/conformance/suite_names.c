/* suite_names.c: getaddrinfo and getnameinfo, and names that nobody should be asked for (D1-D3, D5).
 * Touches the public API and stands in for getaddrinfo(3), except under a sanitizer, which does so itself. */
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>

#include "pair.h"
#include "suite.h"

#include "core/net/cares.h"
#include "core/task/annotate.h"

/* ---- a resolver that answers when it is told to ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int inside; /* lookups that wait */
static bool answering = true;

#if !defined(EDDYI_ASAN) && !defined(EDDYI_TSAN)

enum { CAN_BE_SLOW = 1 };

typedef int (*getaddrinfo_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    getaddrinfo_fn real;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real);
    if (host == NULL || strcmp(host, "slow.test") != 0 || (hints->ai_flags & AI_NUMERICHOST))
        return real(host, service, hints, list);
    pthread_mutex_lock(&mutex);
    inside++;
    pthread_cond_broadcast(&changed);
    while (!answering)
        pthread_cond_wait(&changed, &mutex);
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return real("127.0.0.1", service, hints, list);
}
#else
enum { CAN_BE_SLOW = 0 };
#endif

static void set_answering(bool on)
{
    pthread_mutex_lock(&mutex);
    answering = on;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static int still_inside(void)
{
    pthread_mutex_lock(&mutex);
    int count = inside;
    pthread_mutex_unlock(&mutex);
    return count;
}

static int look_up(void *host)
{
    eddy_address found;
    return eddy_loop_getaddrinfo(eddy_get_running_loop(), &found, 1, host, "80", NULL);
}

static int wait_until_inside(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    while (inside == 0)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    return 0;
}

TASK_TEST(fault_D2_slow_lookup_holds_up_nobody_and_is_left_at_once)
{
    eddy_task *slow;
    int outcome;
    (void)arg;
    if (support_is_simulated() || !CAN_BE_SLOW || eddyi_cares_available())
        return support_skip("its names are answered at once");
    set_answering(false);
    assert_int_equal(eddy_create_task(&slow, look_up, "slow.test", NULL), 0);
    assert_int_equal(eddy_to_thread(wait_until_inside, NULL, NULL), 0);
    assert_int_equal(look_up("localhost"), 1); /* on another thread */
    eddy_task_cancel(slow);
    assert_int_equal(eddy_await(slow, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    assert_int_equal(still_inside(), 1); /* the worker has not come back */
    eddy_task_release(slow);
    set_answering(true); /* its answer reaches nobody */
    return 0;
}

TASK_TEST(fault_D2_limit_around_a_slow_lookup_is_kept)
{
    eddy_timeout limit;
    eddy_stream *stream;
    (void)arg;
    if (support_is_simulated() || !CAN_BE_SLOW || eddyi_cares_available())
        return support_skip("its names are answered at once");
    set_answering(false);
    (void)eddy_timeout_enter(&limit, 0.01);
    int rc = eddy_open_connection(&stream, "slow.test", "80", NULL);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    set_answering(true);
    return 0;
}

/* ---- what they say ---- */

TASK_TEST(getaddrinfo_of_numbers_is_told_at_once)
{
    eddy_address found[2];
    char text[64];
    eddy_loop *loop = eddy_get_running_loop();
    eddy_getaddrinfo_options options = {.size = sizeof options, .numeric = true};
    (void)arg;
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 2, "127.0.0.1", "80", NULL), 1);
    assert_true(eddy_address_format(&found[0], text, sizeof text) > 0);
    assert_string_equal(text, "127.0.0.1:80");
    assert_int_equal(eddy_address_port(&found[0]), 80);
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 1, "::1", NULL, &options), 1);
    assert_true(eddy_address_format(&found[0], text, sizeof text) > 0);
    assert_string_equal(text, "[::1]:0");
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 1, "localhost", "80", &options), EDDY_ENOHOST);
    assert_int_equal(eddy_loop_getaddrinfo(loop, NULL, 0, "127.0.0.1", "80", NULL), 1);
    options = (eddy_getaddrinfo_options){.size = sizeof options, .family = EDDY_FAMILY_IPV4, .passive = true};
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 1, NULL, "5", &options), 1);
    assert_true(eddy_address_format(&found[0], text, sizeof text) > 0);
    assert_string_equal(text, "0.0.0.0:5");
    options.passive = false;
    options.datagram = true;
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 1, NULL, "domain", &options), 1);
    assert_true(eddy_address_format(&found[0], text, sizeof text) > 0);
    assert_string_equal(text, "127.0.0.1:53");
    return 0;
}

TASK_TEST(getaddrinfo_says_how_many_there_are_and_fills_what_it_may)
{
    eddy_address found[3], untouched;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    memset(found, 0x55, sizeof found);
    memset(&untouched, 0x55, sizeof untouched);
    int count = eddy_loop_getaddrinfo(loop, found, 1, NULL, "80", NULL);
    assert_true(count >= 1 && count <= 2); /* this machine may lack a family */
    assert_memory_equal(&found[1], &untouched, sizeof untouched);
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 2, NULL, "80", NULL), count);
    assert_true(count == 1 || !eddy_address_equal(&found[0], &found[1]));
    assert_memory_equal(&found[2], &untouched, sizeof untouched);
    return 0;
}

TASK_TEST(getnameinfo_turns_addresses_into_names_and_numbers)
{
    eddy_address address, none = {.size = 0};
    char host[64] = "?", service[32] = "?", small[4] = "?";
    eddy_loop *loop = eddy_get_running_loop();
    eddy_getnameinfo_options numeric = {
        .size = sizeof numeric, .numeric_host = true, .numeric_service = true};
    (void)arg;
    assert_int_equal(eddy_address_parse(&address, "127.0.0.1:80"), 0);
    assert_int_equal(
        eddy_loop_getnameinfo(loop, host, sizeof host, service, sizeof service, &address, &numeric), 0);
    assert_string_equal(host, "127.0.0.1");
    assert_string_equal(service, "80");
    assert_int_equal(eddy_loop_getnameinfo(loop, host, sizeof host, NULL, 0, &address, NULL), 0);
    assert_true(strlen(host) > 0); /* "localhost", or what this machine calls itself */
    assert_int_equal(
        eddy_loop_getnameinfo(loop, small, sizeof small, service, sizeof service, &address, &numeric),
        EDDY_EOVERFLOW);
    assert_string_equal(small, "?"); /* never cut */
    assert_int_equal(eddy_loop_getnameinfo(loop, host, sizeof host, NULL, 0, &none, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_getnameinfo(loop, NULL, 1, NULL, 0, &address, NULL), EDDY_EINVAL);
    return 0;
}

static int nobody(eddy_stream *stream, void *arg)
{
    (void)stream;
    (void)arg;
    return 0;
}

/* D1: what nobody has is refused, never cut, by every call that takes a name. */
TASK_TEST(fault_D1_impossible_names_and_ports_are_refused)
{
    static char endless[10001], label[80];
    eddy_stream *stream;
    eddy_server *server;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    memset(endless, 'a', sizeof endless - 1);
    for (size_t i = 50; i < sizeof endless - 1; i += 50)
        endless[i] = '.';
    memset(label, 'b', 64);
    const struct {
        const char *host, *service;
    } bad[] = {
        {endless, "80"},
        {label, "80"},
        {"a..b", "80"},
        {".", "80"},
        {"a b", "80"},
        {"host\n", "80"},
        {"\x7f", "80"},
        {"127.0.0.1", "65536"},
        {"127.0.0.1", "99999999999999999999"},
        {"127.0.0.1", "-1"},
        {"127.0.0.1", "+80"},
        {"127.0.0.1", " 80"},
        {"127.0.0.1", "80 "},
        {"127.0.0.1", "80\n"},
        {"127.0.0.1", endless},
        {"\xff\xfe.invalid", "80"},
        {"\xf4\x8f\xbf\xbf.invalid", "80"}, /* the last character of all */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int rc = eddy_loop_getaddrinfo(loop, NULL, 0, bad[i].host, bad[i].service, NULL);
        assert_true(rc < 0 && rc != EDDY_ECANCELED && rc != EDDY_ENOMEM);
        assert_int_equal(eddy_open_connection(&stream, bad[i].host, bad[i].service, NULL), rc);
        assert_int_equal(eddy_start_server(&server, bad[i].host, bad[i].service, nobody, NULL, NULL), rc);
    }
    return 0;
}

static int both_ways(void *arg)
{
    char host[64], service[32];
    eddy_address address;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    int rc = eddy_loop_getaddrinfo(loop, &address, 1, "localhost", "80", NULL);
    return rc < 0 ? rc
                  : eddy_loop_getnameinfo(loop, host, sizeof host, service, sizeof service, &address, NULL);
}

TASK_TEST(fault_D3_lookups_cancelled_at_any_step)
{
    (void)arg;
    for (int steps = 0; steps < 200; steps += 4) {
        eddy_task *task;
        int outcome;
        assert_int_equal(eddy_create_task(&task, both_ways, NULL, NULL), 0);
        for (int k = 0; k < steps; k++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_true(outcome == 0 || outcome == EDDY_ECANCELED);
        if (steps == 0)
            assert_int_equal(outcome, EDDY_ECANCELED);
        eddy_task_release(task);
    }
    return 0;
}

int suite_names(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_D2_slow_lookup_holds_up_nobody_and_is_left_at_once),
        cmocka_unit_test(fault_D2_limit_around_a_slow_lookup_is_kept),
        cmocka_unit_test(getaddrinfo_of_numbers_is_told_at_once),
        cmocka_unit_test(getaddrinfo_says_how_many_there_are_and_fills_what_it_may),
        cmocka_unit_test(getnameinfo_turns_addresses_into_names_and_numbers),
        cmocka_unit_test(fault_D1_impossible_names_and_ports_are_refused),
        cmocka_unit_test(fault_D3_lookups_cancelled_at_any_step),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
