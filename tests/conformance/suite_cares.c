/* suite_cares.c: lookups by c-ares on the loop, against a small name server of our own on loopback (D1-D5).
 * Touches the public API and the settings of cares.h. The simulator resolves by itself and asks nobody. */
#include <stdio.h>

#include "core/loop/loop.h"
#include "core/net/cares.h"
#include "names_server.h"
#include "sockets.h"
#include "suite.h"

/* A test with a name server, which is all that there is to ask. */
#define NAMES_TEST(name)                                                                                     \
    static int name##_with(names_server *server, eddy_loop *loop);                                           \
    TASK_TEST(name)                                                                                          \
    {                                                                                                        \
        names_server server;                                                                                 \
        (void)arg;                                                                                           \
        if (support_is_simulated())                                                                          \
            return support_skip("the simulator resolves by itself");                                         \
        names_server_open(&server);                                                                          \
        int rc = name##_with(&server, eddy_get_running_loop());                                              \
        names_server_close(&server);                                                                         \
        return rc;                                                                                           \
    }                                                                                                        \
    static int name##_with(names_server *server, eddy_loop *loop)

static bool has(const eddy_address *found, int count, const char *text)
{
    char here[64];
    for (int i = 0; i < count; i++)
        if (eddy_address_format(&found[i], here, sizeof here) > 0 && strcmp(here, text) == 0)
            return true;
    return false;
}

static int look_up(void *host)
{
    eddy_address found[8];
    return eddy_loop_getaddrinfo(eddy_get_running_loop(), found, 8, host, "80", NULL);
}

/* ---- answers ---- */

NAMES_TEST(cares_tells_all_addresses_and_uses_no_thread)
{
    eddy_address found[8];
    eddy_getaddrinfo_options options = {.size = sizeof options, .family = EDDY_FAMILY_IPV4};
    assert_true(eddyi_cares_available());
    int count = eddy_loop_getaddrinfo(loop, found, 8, "both.example", "80", NULL);
    assert_int_equal(count, 3);
    assert_true(has(found, count, "192.0.2.1:80"));
    assert_true(has(found, count, "192.0.2.2:80"));
    assert_true(has(found, count, "[2001:db8::1]:80"));
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 8, "both.example", "domain", &options), 2);
    assert_true(has(found, 2, "192.0.2.1:53"));
    options.family = EDDY_FAMILY_IPV6;
    options.datagram = true;
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 8, "both.example", NULL, &options), 1);
    assert_true(has(found, 1, "[2001:db8::1]:0"));
    assert_true(server->asked >= 4);
    assert_null(loop->lookups);
    return 0;
}

NAMES_TEST(cares_takes_ports_as_they_are_meant)
{
    static const struct {
        const char *service;
        int port;
    } cases[] = {{"0", 0}, {"00", 0}, {"010", 10}, {"65535", 65535}, {NULL, 0}, {"domain", 53}};
    eddy_address found[8];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(eddy_loop_getaddrinfo(loop, found, 8, "both.example", cases[i].service, NULL), 3);
        assert_int_equal(eddy_address_port(&found[0]), cases[i].port);
    }
    server->asked = 0;
    eddy_getaddrinfo_options options = {.size = sizeof options, .family = EDDY_FAMILY_IPV4};
    assert_int_equal(eddy_loop_getaddrinfo(loop, found, 8, "::1", "80", &options), EDDY_ENOHOST);
    assert_int_equal(server->asked, 0);
    return 0;
}

NAMES_TEST(cares_follows_aliases)
{
    eddy_address found[8];
    int count = eddy_loop_getaddrinfo(loop, found, 8, "alias.example", "80", NULL);
    assert_int_equal(count, 3);
    assert_true(has(found, count, "192.0.2.1:80"));
    (void)server;
    return 0;
}

NAMES_TEST(cares_tells_what_is_not_there)
{
    assert_int_equal(look_up("none.example"), EDDY_ENOHOST);
    assert_int_equal(eddy_last_error()->code, EDDY_ENOHOST);
    assert_int_equal(look_up("empty.example"), EDDY_ENOHOST);
    assert_int_equal(look_up("fails.example"), EDDY_ERESOLVE);
    assert_int_equal(eddy_loop_getaddrinfo(loop, NULL, 0, "both.example", "no-such-service", NULL),
                     EDDY_ENOHOST);
    (void)server;
    return 0;
}

NAMES_TEST(cares_asks_again_when_a_packet_was_lost)
{
    eddyi_cares_settings_in_force.timeout_ms = 20;
    eddyi_cares_settings_in_force.tries = 10;
    (void)loop;
    assert_int_equal(look_up("lost.example"), 1);
    assert_int_equal(server->lost, 2);
    return 0;
}

NAMES_TEST(fault_D4_truncated_answers_are_asked_for_by_tcp)
{
    eddy_address found[8];
    int count = eddy_loop_getaddrinfo(loop, found, 8, "long.example", "80", NULL);
    assert_int_equal(count, 1);
    assert_true(has(found, count, "192.0.2.77:80"));
    assert_true(server->by_tcp > 0);
    return 0;
}

NAMES_TEST(fault_D4_forged_answers_are_not_believed)
{
    eddy_address found[8];
    int count = eddy_loop_getaddrinfo(loop, found, 8, "forged.example", "80", NULL);
    assert_int_equal(count, 1);
    assert_true(has(found, count, "192.0.2.1:80"));
    assert_true(server->forged > 0);
    return 0;
}

NAMES_TEST(fault_D4_broken_answers_are_an_error)
{
    (void)server;
    (void)loop;
    int rc = look_up("broken.example");
    assert_true(rc == EDDY_ERESOLVEFAIL || rc == EDDY_ERESOLVE || rc == EDDY_ENOHOST);
    rc = look_up("circle.example"); /* an alias of itself */
    assert_true(rc < 0 && rc != EDDY_ECANCELED);
    return 0;
}

NAMES_TEST(cares_says_that_nobody_answers)
{
    eddyi_cares_settings_in_force.timeout_ms = 5;
    eddyi_cares_settings_in_force.tries = 2;
    (void)loop;
    assert_int_equal(look_up("silent.example"), EDDY_ERESOLVE);
    assert_true(server->asked >= 4);
    return 0;
}

NAMES_TEST(cares_names_addresses)
{
    eddy_getnameinfo_options numeric = {.size = sizeof numeric, .numeric_host = true};
    char host[64] = "?", service[32] = "?", small[4] = "?";
    eddy_address address;
    assert_int_equal(eddy_address_parse(&address, "192.0.2.1:53"), 0);
    assert_int_equal(eddy_loop_getnameinfo(loop, host, sizeof host, service, sizeof service, &address, NULL),
                     0);
    assert_string_equal(host, "both.example");
    assert_string_equal(service, "domain");
    assert_int_equal(eddy_loop_getnameinfo(loop, small, sizeof small, NULL, 0, &address, NULL),
                     EDDY_EOVERFLOW);
    assert_string_equal(small, "?");
    assert_int_equal(eddy_address_parse(&address, "192.0.2.99:53"), 0);
    assert_int_equal(eddy_loop_getnameinfo(loop, host, sizeof host, NULL, 0, &address, NULL), 0);
    assert_string_equal(host, "192.0.2.99");
    assert_int_equal(eddy_loop_getnameinfo(loop, host, sizeof host, NULL, 0, &address,
                                           EDDY_OPTIONS(eddy_getnameinfo_options, .name_required = true)),
                     EDDY_ENOHOST);
    assert_int_equal(
        eddy_loop_getnameinfo(loop, host, sizeof host, service, sizeof service, &address, &numeric), 0);
    assert_string_equal(host, "192.0.2.99");
    assert_string_equal(service, "domain");
    assert_null(loop->lookups);
    assert_int_equal(eddy_address_parse(&address, "/a/path"), 0);
    assert_int_equal(eddy_loop_getnameinfo(loop, host, sizeof host, NULL, 0, &address, NULL),
                     EDDY_EAFNOSUPPORT);
    (void)server;
    return 0;
}

/* ---- the system's own list ---- */

/* An IPv4 address and a name that /etc/hosts has for it, other than localhost. */
static bool listed(char *address, char *name, size_t size)
{
    char line[512];
    FILE *file = fopen("/etc/hosts", "r");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        char *here = NULL;
        const char *first = strtok_r(line, " \t\r\n", &here), *second = strtok_r(NULL, " \t\r\n", &here);
        if (first == NULL || second == NULL || strchr(first, '.') == NULL || second[0] == '#' ||
            strcmp(second, "localhost") == 0)
            continue;
        snprintf(address, size, "%s:80", first);
        snprintf(name, size, "%s", second);
        found = true;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

NAMES_TEST(cares_reads_the_list_of_hosts_first)
{
    char address[128], name[128];
    eddy_address found[8];
    eddy_getaddrinfo_options options = {.size = sizeof options, .family = EDDY_FAMILY_IPV4};
    int count = eddy_loop_getaddrinfo(loop, found, 8, "localhost", "80", &options);
    assert_true(count >= 1);
    assert_true(has(found, count, "127.0.0.1:80"));
    if (listed(address, name, sizeof address)) {
        count = eddy_loop_getaddrinfo(loop, found, 8, name, "80", &options);
        assert_true(count >= 1);
        assert_true(has(found, count, address));
    }
    assert_int_equal(server->asked, 0);
    return 0;
}

/* ---- left in the middle ---- */

NAMES_TEST(fault_D2_D3_cancelled_lookup_ends_at_once_and_leaves_nothing)
{
    eddy_task *task;
    int outcome;
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_create_task(&task, look_up, "silent.example", NULL), 0);
    while (server->asked == 0)
        assert_int_equal(eddy_sleep(0), 0);
    assert_true(support_open_descriptors() > descriptors);
    eddy_task_cancel(task);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECANCELED);
    assert_int_equal(support_open_descriptors(), descriptors); /* not later: now */
    eddy_task_release(task);
    assert_int_equal(eddy_loop_getaddrinfo(loop, NULL, 0, "both.example", "80", NULL), 3);
    return 0;
}

NAMES_TEST(fault_D3_D5_lookups_cancelled_at_any_step)
{
    int cancelled = 0, through = 0;
    for (int steps = 0; through < 2 && steps < 100000; steps += 1 + steps / 20) {
        eddy_task *task;
        int outcome;
        char *name = through == 0 ? "both.example" : "long.example";
        assert_int_equal(eddy_create_task(&task, look_up, name, NULL), 0);
        for (int k = 0; k < steps; k++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        assert_true(outcome > 0 || outcome == EDDY_ECANCELED);
        cancelled += outcome == EDDY_ECANCELED;
        through += outcome > 0;
        steps = outcome > 0 ? 0 : steps; /* the other name from the beginning */
        eddy_task_release(task);
    }
    assert_true(cancelled > 0);
    assert_int_equal(through, 2); /* each name got through in the end */
    (void)server;
    (void)loop;
    return 0;
}

NAMES_TEST(fault_D2_limit_around_a_lookup_is_kept)
{
    eddy_timeout limit;
    eddy_stream *stream;
    (void)loop;
    (void)server;
    (void)eddy_timeout_enter(&limit, 0.01);
    int rc = eddy_open_connection(&stream, "silent.example", "80", NULL);
    assert_int_equal(eddy_timeout_exit(&limit, rc), EDDY_ETIMEDOUT);
    return 0;
}

NAMES_TEST(cares_many_lookups_at_once)
{
    enum { MANY = 50 };
    eddy_task *tasks[MANY];
    (void)loop;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(eddy_create_task(&tasks[i], look_up, "both.example", NULL), 0);
    for (int i = 0; i < MANY; i++) {
        int outcome;
        assert_int_equal(eddy_await(tasks[i], &outcome), 0);
        assert_int_equal(outcome, 3);
        eddy_task_release(tasks[i]);
    }
    assert_true(server->asked >= 2 * MANY);
    return 0;
}

static void ignore_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)context;
    (void)arg;
}

static int look_up_both_ways(void *arg)
{
    char host[64];
    eddy_address address;
    if (arg == NULL)
        return look_up("silent.example");
    int rc = eddy_address_parse(&address, "192.0.2.1:53");
    return rc < 0
               ? rc
               : eddy_loop_getnameinfo(eddy_get_running_loop(), host, sizeof host, NULL, 0, &address, NULL);
}

static void close_under_a_lookup(int turns, void *arg)
{
    eddy_loop *loop;
    eddy_task *task;
    assert_int_equal(
        eddy_new_event_loop(&loop, EDDY_OPTIONS(eddy_loop_options, .backend = support_backend())), 0);
    assert_int_equal(eddy_loop_set_exception_handler(loop, ignore_report, NULL), 0);
    assert_int_equal(eddy_loop_create_task(loop, &task, look_up_both_ways, arg, NULL), 0);
    for (int i = 0; i < turns; i++)
        assert_true(eddy_loop_run_once(loop, 0) >= 0);
    assert_false(eddy_task_done(task));
    assert_int_equal(eddy_loop_close(loop), 0);
    eddy_task_release(task);
    eddy_loop_release(loop);
}

static int make_silent_server(void *arg)
{
    eddy_fd *fd = arg;
    *fd = socket_make(EDDYI_SOCKET_DATAGRAM, false);
    return 0;
}

static void fault_D3_P14_loop_closed_under_a_lookup_leaves_nothing(void **state)
{
    char servers[32];
    eddy_fd fd;
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("the simulator resolves by itself");
        return;
    }
    eddyi_cares_settings before = eddyi_cares_settings_in_force;
    eddy_loop_options options = {.size = sizeof options, .backend = support_backend()};
    assert_int_equal(eddy_run(make_silent_server, &fd, EDDY_OPTIONS(eddy_run_options, .loop = &options)), 0);
    snprintf(servers, sizeof servers, "127.0.0.1:%d", names_port_of(fd));
    eddyi_cares_settings_in_force = (eddyi_cares_settings){.servers = servers};
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    for (int turns = 0; turns < 6; turns++) {
        close_under_a_lookup(turns, NULL);
        close_under_a_lookup(turns, servers);
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
    eddyi_cares_settings_in_force = before;
    names_drop(fd);
}

int suite_cares(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cares_tells_all_addresses_and_uses_no_thread),
        cmocka_unit_test(cares_takes_ports_as_they_are_meant),
        cmocka_unit_test(cares_follows_aliases),
        cmocka_unit_test(cares_tells_what_is_not_there),
        cmocka_unit_test(cares_asks_again_when_a_packet_was_lost),
        cmocka_unit_test(fault_D4_truncated_answers_are_asked_for_by_tcp),
        cmocka_unit_test(fault_D4_forged_answers_are_not_believed),
        cmocka_unit_test(fault_D4_broken_answers_are_an_error),
        cmocka_unit_test(cares_says_that_nobody_answers),
        cmocka_unit_test(cares_names_addresses),
        cmocka_unit_test(cares_reads_the_list_of_hosts_first),
        cmocka_unit_test(fault_D2_D3_cancelled_lookup_ends_at_once_and_leaves_nothing),
        cmocka_unit_test(fault_D3_D5_lookups_cancelled_at_any_step),
        cmocka_unit_test(fault_D2_limit_around_a_lookup_is_kept),
        cmocka_unit_test(cares_many_lookups_at_once),
        cmocka_unit_test(fault_D3_P14_loop_closed_under_a_lookup_leaves_nothing),
    };
    return cmocka_run_group_tests_name("c-ares", tests, NULL, NULL);
}
