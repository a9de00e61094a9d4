/* test_platform_net.c: sockets: opening, binding, connecting, accepting, options; over loopback and local sockets.
 * Touches seam 2 and the system's own calls to look at the result. Port 0 always. */
#include "test_attempt_bench.h"

static void exchange(enum eddyi_family family)
{
    char buffer[16], text[128], peer[128];
    eddyi_address local;
    pair p;
    if (!try_connect(&p, family)) {
        skip();
        return;
    }
    assert_int_equal(net->family(&p.address), family);
    assert_int_equal(attempt(&p.server, EDDYI_RECV, buffer, sizeof buffer), EDDY_EAGAIN);
    assert_int_equal(complete(&p.client, EDDYI_SEND, "hello", 5), 5);
    assert_int_equal(complete(&p.server, EDDYI_RECV, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(complete(&p.server, EDDYI_SEND, "you", 3), 3);
    assert_int_equal(net->shutdown(NULL, p.server.descriptor.fd, EDDYI_SHUT_WRITE), 0);
    assert_int_equal(complete(&p.client, EDDYI_RECV, buffer, sizeof buffer), 3);
    assert_int_equal(complete(&p.client, EDDYI_RECV, buffer, sizeof buffer), 0);
    assert_int_equal(complete(&p.client, EDDYI_RECV, buffer, sizeof buffer), 0);
    /* S8: the other direction stays usable */
    assert_int_equal(complete(&p.client, EDDYI_SEND, "more", 4), 4);
    assert_int_equal(complete(&p.server, EDDYI_RECV, buffer, sizeof buffer), 4);

    assert_int_equal(net->peer_address(NULL, p.client.descriptor.fd, &local), 0);
    assert_true(net->format(&local, peer, sizeof peer) > 0);
    assert_true(net->format(&p.address, text, sizeof text) > 0);
    assert_string_equal(peer, text);
    assert_int_equal(net->port(&local), net->port(&p.address));
    assert_int_equal(net->port(&local) > 0, family != EDDYI_FAMILY_UNIX);
    close_pair(&p);
}

static void streams_carry_bytes_over_ipv4(void **state)
{
    (void)state;
    exchange(EDDYI_FAMILY_IPV4);
}

static void streams_carry_bytes_over_ipv6(void **state)
{
    (void)state;
    exchange(EDDYI_FAMILY_IPV6);
}

static void streams_carry_bytes_over_local_sockets(void **state)
{
    (void)state;
    exchange(EDDYI_FAMILY_UNIX);
}

static void a_socket_pair_of_somebody_else_works_too(void **state)
{
    int ends[2];
    char buffer[8];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    port a = port_of(ends[0], EDDYI_STREAM), b = port_of(ends[1], EDDYI_STREAM);
    assert_int_equal(attempt(&a, EDDYI_SEND, "ab", 2), 2);
    assert_int_equal(attempt(&b, EDDYI_RECV, buffer, 1), 1);
    assert_int_equal(attempt(&b, EDDYI_RECV, buffer, 8), 1);
    close_port(&a);
    assert_int_equal(attempt(&b, EDDYI_RECV, buffer, 8), 0);
    assert_int_equal(attempt(&b, EDDYI_SEND, "x", 1), EDDY_EPIPE); /* and no signal */
    assert_int_equal(b.os_error, EPIPE);
    close_port(&b);
}

static void expect_born_well(eddy_fd fd)
{
    assert_true(fcntl((int)fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl((int)fd, F_GETFL) & O_NONBLOCK);
}

static void fault_F5_descriptors_are_close_on_exec_and_non_blocking_from_birth(void **state)
{
    static const enum eddyi_family families[] = {EDDYI_FAMILY_IPV4, EDDYI_FAMILY_UNIX};
    (void)state;
    for (int i = 0; i < 2; i++) {
        pair p;
        assert_true(try_connect(&p, families[i]));
        expect_born_well(p.listener.descriptor.fd);
        expect_born_well(p.client.descriptor.fd);
        expect_born_well(p.server.descriptor.fd); /* accepted */
        close_pair(&p);
        port datagrams = open_socket(families[i], EDDYI_SOCKET_DATAGRAM);
        expect_born_well(datagrams.descriptor.fd);
        close_port(&datagrams);
    }
}

static void a_family_that_is_none_is_refused(void **state)
{
    eddy_fd fd = 77;
    (void)state;
    assert_int_equal(net->socket(NULL, &fd, EDDYI_FAMILY_OTHER, EDDYI_SOCKET_STREAM), EDDY_EAFNOSUPPORT);
    assert_int_equal(fd, 77);
}

static void fault_S7_a_reset_is_an_error_once_and_never_a_signal(void **state)
{
    char buffer[8];
    pair p = connected();
    (void)state;
    assert_int_equal(net->set_option(NULL, p.server.descriptor.fd, EDDYI_LINGER_RESET, 1), 0);
    close_port(&p.server);
    await_events(&p.client, POLLIN);
    assert_int_equal(attempt(&p.client, EDDYI_RECV, buffer, sizeof buffer), EDDY_ECONNRESET);
    assert_int_equal(p.client.os_error, ECONNRESET);
    assert_int_equal(attempt(&p.client, EDDYI_RECV, buffer, sizeof buffer), 0);
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 1), EDDY_EPIPE);
    eddyi_buffer two[] = {{"x", 1}, {"y", 1}};
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, two, 2, NULL, 0), EDDY_EPIPE);
    close_port(&p.client);
    close_port(&p.listener);
}

/* ---- binding and connecting ---- */

static void a_port_in_use_is_refused(void **state)
{
    port listener, other = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddyi_address address;
    (void)state;
    assert_true(try_listen(&listener, &address, EDDYI_FAMILY_IPV4, 1));
    assert_int_equal(net->bind(NULL, other.descriptor.fd, &address), EDDY_EADDRINUSE);
    close_port(&other);
    close_port(&listener);
}

/* A port that is bound and does not listen: it stays refused, and nobody else gets it. */
static eddyi_address refusing(port *holder)
{
    eddyi_address address = fresh_address(EDDYI_FAMILY_IPV4);
    *holder = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    assert_int_equal(net->bind(NULL, holder->descriptor.fd, &address), 0);
    assert_int_equal(net->local_address(NULL, holder->descriptor.fd, &address), 0);
    return address;
}

static void fault_S12_a_refused_connection_is_told(void **state)
{
    port holder, client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddyi_address address = refusing(&holder);
    (void)state;
    assert_int_equal(connect_to(&client, &address), EDDY_ECONNREFUSED);
    assert_int_equal(client.os_error, ECONNREFUSED);
    close_port(&client);
    close_port(&holder);
}

static void fault_S12_the_question_how_it_went_may_fail_too(void **state)
{
    static const struct {
        enum eddyi_inject_call call;
        int os_error, expected;
    } rows[] = {
        {EDDYI_INJECT_getsockopt, ENOBUFS, EDDY_ENOBUFS},
        {EDDYI_INJECT_poll, ENOMEM, EDDY_ENOMEM},
        {EDDYI_INJECT_poll, EINTR, 0},
        {EDDYI_INJECT_connect, EINTR, 0}, /* it goes on in the kernel: nothing to repeat */
        {EDDYI_INJECT_connect, ENETUNREACH, EDDY_ENETUNREACH},
        {EDDYI_INJECT_connect, EADDRNOTAVAIL, EDDY_EADDRNOTAVAIL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << rows[i].call, .os_error = rows[i].os_error};
        port listener, client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        eddyi_address address;
        assert_true(try_listen(&listener, &address, EDDYI_FAMILY_IPV4, 1));
        if (rows[i].call == EDDYI_INJECT_connect &&
            rows[i].os_error == EINTR) /* as a signal would leave it */
            (void)connect((int)client.descriptor.fd, (struct sockaddr *)(void *)address.bytes,
                          (socklen_t)address.size);
        eddyi_inject_start(&plan);
        int64_t value = connect_to(&client, &address);
        assert_int_equal(eddyi_inject_failures(), 1);
        eddyi_inject_stop();
        assert_int_equal(value, rows[i].expected);
        assert_int_equal(client.os_error, rows[i].expected == 0 ? 0 : rows[i].os_error);
        close_port(&client);
        close_port(&listener);
    }
}

static void fault_S13_a_connection_to_itself_is_refused(void **state)
{
    port client;
    eddyi_address address = refusing(&client);
    (void)state;
    assert_int_equal(connect_to(&client, &address), EDDY_ECONNREFUSED);
    assert_int_equal(client.os_error, ECONNREFUSED);
    close_port(&client);
}

static void a_local_listener_whose_queue_is_full_refuses(void **state)
{
    enum { MOST = 16 };
    port listener, clients[MOST];
    eddyi_address address;
    int64_t value = 0;
    int count = 0;
    (void)state;
    assert_true(try_listen(&listener, &address, EDDYI_FAMILY_UNIX, 0));
    while (value == 0 && count < MOST) { /* "would block" here would never be followed by an event */
        clients[count] = open_socket(EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM);
        value = connect_to(&clients[count++], &address);
    }
    assert_int_equal(value, EDDY_ECONNREFUSED);
    while (count > 0)
        close_port(&clients[--count]);
    close_port(&listener);
}

static void connecting_needs_an_address(void **state)
{
    port client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    (void)state;
    assert_int_equal(connect_to(&client, NULL), EDDY_EINVAL);
    close_port(&client);
}

static void fault_F9_local_paths_are_checked(void **state)
{
    char path[200];
    eddyi_address address;
    port p = open_socket(EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM), q;
    (void)state;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[108] = '\0';
    assert_int_equal(net->resolve(NULL, path, NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &address, 1),
                     EDDY_ENAMETOOLONG);
    assert_int_equal(net->resolve(NULL, "", NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &address, 1),
                     EDDY_EINVAL);
    assert_int_equal(net->resolve(NULL, NULL, NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM, 0, &address, 1),
                     EDDY_EINVAL);
    path[107] = '\0';
    address = address_of(path, NULL, EDDYI_FAMILY_UNIX);
    char text[200];
    assert_int_equal(net->format(&address, text, sizeof text), 107);
    assert_string_equal(text, path);

    address = address_of("/nonexistent/eddy", NULL, EDDYI_FAMILY_UNIX);
    assert_int_equal(net->bind(NULL, p.descriptor.fd, &address), EDDY_ENOENT);
    assert_int_equal(connect_to(&p, &address), EDDY_ENOENT);
    assert_true(try_listen(&q, &address, EDDYI_FAMILY_UNIX, 1));
    assert_int_equal(net->bind(NULL, p.descriptor.fd, &address), EDDY_EADDRINUSE);
    close_port(&q);
    assert_int_equal(connect_to(&p, &address), EDDY_ECONNREFUSED); /* a stale socket file */
    close_port(&p);
}

static void abstract_names_are_shown_whole(void **state)
{
    char name[64], text[64];
    (void)state;
    (void)snprintf(name, sizeof name, "@eddy-%ld", (long)getpid());
    eddyi_address address = address_of(name, NULL, EDDYI_FAMILY_UNIX);
    assert_int_equal(net->format(&address, text, sizeof text), strlen(name));
    assert_string_equal(text, name);
    ((char *)address.bytes)[4] = '\0'; /* a zero inside ends nothing */
    name[2] = '@';
    assert_int_equal(net->format(&address, text, sizeof text), strlen(name));
    assert_string_equal(text, name);

    port p = open_socket(EDDYI_FAMILY_UNIX, EDDYI_SOCKET_STREAM); /* has no name at all */
    assert_int_equal(net->local_address(NULL, p.descriptor.fd, &address), 0);
    assert_int_equal(net->format(&address, text, sizeof text), 0);
    assert_string_equal(text, "");
    close_port(&p);
}

/* ---- accepting ---- */

static void fault_F2_connections_that_died_in_the_queue_are_skipped(void **state)
{
    static const int errors[] = {ECONNABORTED, EPROTO, EINTR, EPERM, ENETDOWN, EHOSTUNREACH};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_accept4, .os_error = errors[i]};
        pair p;
        assert_true(try_listen(&p.listener, &p.address, EDDYI_FAMILY_IPV4, 16));
        p.client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        assert_int_equal(connect_to(&p.client, &p.address), 0);
        await_events(&p.listener, POLLIN);
        eddyi_inject_start(&plan);
        int64_t fd = attempt(&p.listener, EDDYI_ACCEPT, NULL, 0);
        assert_int_equal(eddyi_inject_failures(), 1);
        eddyi_inject_stop();
        assert_true(fd >= 0);
        p.server = port_of((eddy_fd)fd, EDDYI_STREAM);
        close_pair(&p);
    }
}

static void fault_F1_a_process_without_descriptors_is_told_so(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_accept4};
    port listener;
    eddyi_address address;
    (void)state;
    assert_true(try_listen(&listener, &address, EDDYI_FAMILY_IPV4, 16));
    assert_int_equal(attempt(&listener, EDDYI_ACCEPT, NULL, 0), EDDY_EAGAIN);
    eddyi_inject_start(&plan);
    assert_int_equal(attempt(&listener, EDDYI_ACCEPT, NULL, 0), EDDY_EMFILE);
    assert_int_equal(listener.os_error, EMFILE);
    eddyi_inject_stop();
    close_port(&listener);
    port client = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM); /* one that cannot accept, ever */
    assert_int_equal(attempt(&client, EDDYI_ACCEPT, NULL, 0), EDDY_EINVAL);
    close_port(&client);
}

static void fault_F7_close_is_never_retried(void **state)
{
    static const int errors[] = {EINTR, EIO};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const eddyi_inject_plan plan = {
            .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_close, .os_error = errors[i]};
        port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
        eddyi_inject_start(&plan);
        assert_int_equal(net->close(NULL, p.descriptor.fd), errors[i] == EINTR ? EDDY_EINTR : EDDY_EIO);
        assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_close), 1);
        eddyi_inject_stop();
        assert_int_equal(fcntl((int)p.descriptor.fd, F_GETFD), -1); /* gone all the same */
        assert_int_equal(errno, EBADF);
    }
}

static void calls_on_a_closed_descriptor_are_errors(void **state)
{
    port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddyi_address address = {.size = 7};
    int value = 77;
    char byte = 'x';
    (void)state;
    close_port(&p);
    assert_int_equal(net->close(NULL, p.descriptor.fd), EDDY_EBADF);
    assert_int_equal(net->listen(NULL, p.descriptor.fd, 1), EDDY_EBADF);
    assert_int_equal(net->local_address(NULL, p.descriptor.fd, &address), EDDY_EBADF);
    assert_int_equal(net->peer_address(NULL, p.descriptor.fd, &address), EDDY_EBADF);
    assert_int_equal(address.size, 7); /* written on success only */
    assert_int_equal(net->get_option(NULL, p.descriptor.fd, EDDYI_SOCKET_TYPE, &value), EDDY_EBADF);
    assert_int_equal(value, 77);
    assert_int_equal(attempt(&p, EDDYI_RECV, &byte, 1), EDDY_EBADF);
    assert_int_equal(attempt(&p, EDDYI_SEND, &byte, 1), EDDY_EBADF);
    eddyi_op op = {.descriptor = &p.descriptor, .kind = EDDYI_POLL, .events = EDDYI_IN};
    assert_int_equal(eddyi_attempt(&op, &p.os_error), EDDY_EBADF);
}

/* ---- options ---- */

static void options_are_set_and_read_back(void **state)
{
    static const enum eddyi_socket_option flags[] = {EDDYI_REUSE_ADDRESS, EDDYI_REUSE_PORT, EDDYI_NO_DELAY,
                                                     EDDYI_KEEP_ALIVE};
    port p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM);
    eddy_fd fd = p.descriptor.fd;
    int value;
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int on = 1; on >= 0; on--) {
            assert_int_equal(net->set_option(NULL, fd, flags[i], on), 0);
            assert_int_equal(net->get_option(NULL, fd, flags[i], &value), 0);
            assert_int_equal(value != 0, on);
        }
    }
    assert_int_equal(net->set_option(NULL, fd, EDDYI_RECEIVE_BUFFER, 8192), 0);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_RECEIVE_BUFFER, &value), 0);
    assert_true(value >= 8192);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_SOCKET_TYPE, &value), 0);
    assert_int_equal(value, EDDYI_SOCKET_STREAM);
    assert_int_equal(net->get_option(NULL, fd, EDDYI_SOCKET_ERROR, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(net->set_option(NULL, fd, (enum eddyi_socket_option)99, 1), EDDY_EINVAL);
    assert_int_equal(net->get_option(NULL, fd, (enum eddyi_socket_option)99, &value), EDDY_EINVAL);
    close_port(&p);
    p = open_socket(EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM);
    assert_int_equal(net->get_option(NULL, p.descriptor.fd, EDDYI_SOCKET_TYPE, &value), 0);
    assert_int_equal(value, EDDYI_SOCKET_DATAGRAM);
    close_port(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_carry_bytes_over_ipv4),
        cmocka_unit_test(streams_carry_bytes_over_ipv6),
        cmocka_unit_test(streams_carry_bytes_over_local_sockets),
        cmocka_unit_test(a_socket_pair_of_somebody_else_works_too),
        cmocka_unit_test(fault_F5_descriptors_are_close_on_exec_and_non_blocking_from_birth),
        cmocka_unit_test(a_family_that_is_none_is_refused),
        cmocka_unit_test(fault_S7_a_reset_is_an_error_once_and_never_a_signal),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(fault_S12_a_refused_connection_is_told),
        cmocka_unit_test(fault_S12_the_question_how_it_went_may_fail_too),
        cmocka_unit_test(fault_S13_a_connection_to_itself_is_refused),
        cmocka_unit_test(a_local_listener_whose_queue_is_full_refuses),
        cmocka_unit_test(connecting_needs_an_address),
        cmocka_unit_test(fault_F9_local_paths_are_checked),
        cmocka_unit_test(abstract_names_are_shown_whole),
        cmocka_unit_test(fault_F2_connections_that_died_in_the_queue_are_skipped),
        cmocka_unit_test(fault_F1_a_process_without_descriptors_is_told_so),
        cmocka_unit_test(fault_F7_close_is_never_retried),
        cmocka_unit_test(calls_on_a_closed_descriptor_are_errors),
        cmocka_unit_test(options_are_set_and_read_back),
    };
    char directory[] = "/tmp/eddy-net-XXXXXX";
    if (mkdtemp(directory) == NULL)
        return 1;
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(socket_path);
    (void)rmdir(directory);
    return failed;
}
