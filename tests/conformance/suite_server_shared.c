/* suite_server_shared.c: one port for several servers: SO_REUSEPORT, and a member of the group that goes (fault F10).
 * Touches the public API, sockets of the system, and the injection table for an option that is not there. */
#include "pair.h"
#include "suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/inject.h"

static int count_client(eddy_stream *stream, void *count)
{
    ++*(int *)count;
    return eddy_stream_write(stream, "x", 1);
}

TASK_TEST(servers_that_all_ask_for_it_share_a_port)
{
    enum { SERVERS = 3, CLIENTS = 60 };
    eddy_server_options with = {.size = sizeof with, .reuse_port = true};
    eddy_server *servers[SERVERS], *refused;
    int served[SERVERS] = {0};
    char byte;
    (void)arg;
    if (!support_has(SUPPORT_SHARED_PORTS)) {
        assert_int_equal(eddy_start_server(&refused, "127.0.0.1", "0", count_client, NULL, &with),
                         EDDY_ENOSYS);
        return 0;
    }
    assert_int_equal(eddy_start_server(&servers[0], "127.0.0.1", "0", count_client, &served[0], &with), 0);
    const char *service = pair_service(servers[0]);
    for (int i = 1; i < SERVERS; i++)
        assert_int_equal(
            eddy_start_server(&servers[i], "127.0.0.1", service, count_client, &served[i], &with), 0);
    with.reuse_port = false;
    assert_int_equal(eddy_start_server(&refused, "127.0.0.1", service, count_client, NULL, &with),
                     EDDY_EADDRINUSE);
    for (int i = 0; i < CLIENTS; i++) {
        eddy_stream *client = pair_connect(servers[0]);
        assert_int_equal(eddy_stream_readexactly(client, &byte, 1), 1);
        eddy_stream_release(client);
    }
    assert_int_equal(served[0] + served[1] + served[2], CLIENTS);
    for (int i = 0; i < SERVERS; i++) {
        assert_in_range(served[i], 1, CLIENTS - SERVERS + 1); /* each its share, of whatever size */
        pair_stop(servers[i]);
    }
    return 0;
}

static int ask_for_an_unknown_option(void *arg)
{
    eddy_server_options with = {.size = sizeof with, .reuse_port = true, .no_reuse_address = true};
    eddyi_inject_plan plan = {
        .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_setsockopt, .os_error = ENOPROTOOPT};
    eddy_server *server;
    (void)arg;
    eddyi_inject_start(&plan);
    int rc = eddy_start_server(&server, "127.0.0.1", "0", count_client, NULL, &with);
    eddyi_inject_stop();
    assert_int_equal(rc, EDDY_ENOSYS);
    return 0;
}

static void reuse_port_that_the_kernel_does_not_know_is_refused(void **state)
{
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("there is no system call to fail or count");
        return;
    }
    support_run_test(ask_for_an_unknown_option);
}

/* The kernel has made the connection when this returns, whether or not anybody accepts it. */
static int connect_without_the_loop(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = (int)socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Nobody runs the loop between the connects and the close: so what the kernel gave to the one that goes waits in its queue. */
TASK_TEST(fault_F10_member_that_dies_resets_its_queue_and_the_others_go_on)
{
    enum { CLIENTS = 48, STAYS = 0, GOES = 1 };
    eddy_server_options with = {.size = sizeof with, .reuse_port = true};
    eddy_server *servers[2];
    eddy_stream *clients[CLIENTS];
    int served[2] = {0}, fds[CLIENTS], reset = 0;
    char byte;
    (void)arg;
    if (support_is_simulated())
        return support_skip("nobody outside can connect");
    if (!support_has(SUPPORT_SHARED_PORTS))
        return support_skip("the system has no shared ports");
    assert_int_equal(
        eddy_start_server(&servers[STAYS], "127.0.0.1", "0", count_client, &served[STAYS], &with), 0);
    const char *service = pair_service(servers[STAYS]);
    assert_int_equal(
        eddy_start_server(&servers[GOES], "127.0.0.1", service, count_client, &served[GOES], &with), 0);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_without_the_loop(eddy_server_port(servers[STAYS], 0));
    pair_stop(servers[GOES]);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(eddy_open_connection_fd(&clients[i], fds[i], NULL), 0);
        ptrdiff_t got = eddy_stream_read(clients[i], &byte, 1);
        reset += got == EDDY_ECONNRESET;
        assert_true(got == 1 || got == EDDY_ECONNRESET);
        eddy_stream_release(clients[i]);
    }
    assert_int_equal(served[GOES], 0);
    assert_int_equal(served[STAYS] + reset, CLIENTS);
    assert_in_range(reset, 1, CLIENTS - 1); /* by chance all went one way: 1 in 2^47 */
    for (int i = 0; i < CLIENTS; i++) {
        eddy_stream *client = pair_connect(servers[STAYS]);
        assert_int_equal(eddy_stream_readexactly(client, &byte, 1), 1);
        eddy_stream_release(client);
    }
    assert_int_equal(served[STAYS], 2 * CLIENTS - reset);
    pair_stop(servers[STAYS]);
    return 0;
}

int suite_server_shared(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_that_all_ask_for_it_share_a_port),
        cmocka_unit_test(reuse_port_that_the_kernel_does_not_know_is_refused),
        cmocka_unit_test(fault_F10_member_that_dies_resets_its_queue_and_the_others_go_on),
    };
    return cmocka_run_group_tests_name("shared ports", tests, NULL, NULL);
}
