/* suite_datagrams.c: datagram endpoints: asyncio's rules U1-U5 and the faults of datagrams.
 * Touches the public API. */
#include "listener.h"
#include "suite.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static char big[70000];

static int open_with(listener *l, const eddy_datagram_options *options)
{
    listener_init(l);
    return eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), NULL, listener_factory, l, options);
}

static void send_to(const listener *from, const listener *to, const void *data, size_t size)
{
    eddy_address address = listener_address(to);
    assert_int_equal(eddy_datagram_transport_sendto(from->transport, data, size, &address), 0);
}

static void open_two(listener *one, listener *other)
{
    listener_init(one);
    listener_init(other);
    listener_open(one);
    listener_open(other);
}

TASK_TEST(datagram_made_comes_first_and_lost_last)
{
    static listener one, other;
    (void)arg;
    open_two(&one, &other);
    send_to(&one, &other, "hello", 5);
    listener_wait(&other, 'd', 1);
    assert_int_equal(other.sizes[0], 5);
    assert_memory_equal(other.last, "hello", 5);
    eddy_address from = listener_address(&one);
    assert_true(eddy_address_equal(&other.from, &from));
    eddy_datagram_transport_close(one.transport);
    assert_true(eddy_datagram_transport_is_closing(one.transport));
    assert_string_equal(one.story.text, "M"); /* through the loop, never inside close */
    listener_close(&one);
    listener_close(&other);
    assert_string_equal(one.story.text, "ML");
    assert_string_equal(other.story.text, "MdL");
    assert_int_equal(one.lost_with, 0);
    return 0;
}

TASK_TEST(datagram_echo_keeps_every_bound)
{
    static listener server, client;
    (void)arg;
    listener_init(&server);
    listener_init(&client);
    server.echoes = true;
    listener_open(&server);
    listener_open_to(&client, &server, false);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(eddy_datagram_transport_sendto(client.transport, big, i * 10, NULL), 0);
    listener_wait(&client, 'd', 40);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(client.sizes[i], i * 10);
    assert_int_equal(eddy_datagram_transport_get_write_buffer_size(client.transport), 0);
    listener_close(&client);
    listener_close(&server);
    return 0;
}

TASK_TEST(datagram_U1_options_that_make_no_sense_are_refused)
{
    static listener l;
    eddy_fd fd = -1;
    (void)arg;
    assert_int_equal(open_with(&l, NULL), EDDY_EINVAL);
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .reuse_port = true)), EDDY_EINVAL);
    assert_int_equal(
        open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .sock = &fd, .family = EDDY_FAMILY_IPV4)),
        EDDY_EINVAL);
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .sock = &fd, .local_service = "0")),
                     EDDY_EINVAL);
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .sock = &fd, .reuse_port = true)),
                     EDDY_EINVAL);
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .sock = &fd)), EDDY_EBADF);
    assert_int_equal(
        eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), NULL, NULL, NULL,
                                           EDDY_OPTIONS(eddy_datagram_options, .family = EDDY_FAMILY_IPV4)),
        EDDY_EINVAL);
    assert_string_equal(l.story.text, "");
    return 0;
}

TASK_TEST(datagram_U1_a_family_is_enough)
{
    static listener l, other;
    (void)arg;
    listener_init(&other);
    listener_open(&other);
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .family = EDDY_FAMILY_IPV4)), 0);
    send_to(&l, &other, "x", 1);
    listener_wait(&other, 'd', 1);
    listener_close(&l);
    listener_close(&other);
    return 0;
}

TASK_TEST(datagram_U2_ends_need_a_common_family)
{
    static listener l;
    (void)arg;
    assert_int_equal(
        open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .local_host = "127.0.0.1", .local_service = "0",
                                   .remote_host = "::1", .remote_service = "9")),
        EDDY_ENOHOST);
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .local_host = "no-such-host.invalid",
                                                .local_service = "0", .family = EDDY_FAMILY_IPV4)) < 0,
                     true);
    return 0;
}

TASK_TEST(datagram_U3_a_peer_is_the_only_one_but_with_broadcast)
{
    static listener server, other, client, wide;
    eddy_address address;
    (void)arg;
    open_two(&server, &other);
    listener_init(&client);
    listener_init(&wide);
    listener_open_to(&client, &server, false);
    listener_open_to(&wide, &server, true);
    assert_int_equal(eddy_datagram_transport_peer_address(client.transport, &address), 0);
    assert_int_equal(eddy_datagram_transport_peer_address(wide.transport, &address), EDDY_ENOTCONN);
    listener *each[] = {&client, &wide};
    for (int i = 0; i < 2; i++) {
        address = listener_address(&server);
        assert_int_equal(eddy_datagram_transport_sendto(each[i]->transport, "a", 1, NULL), 0);
        assert_int_equal(eddy_datagram_transport_sendto(each[i]->transport, "b", 1, &address), 0);
        address = listener_address(&other);
        assert_int_equal(eddy_datagram_transport_sendto(each[i]->transport, "c", 1, &address), EDDY_EINVAL);
    }
    listener_wait(&server, 'd', 4);
    eddy_address to_client = listener_address(&client), to_wide;
    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%s", listener_port(&wide));
    assert_int_equal(eddy_address_parse(&to_wide, text), 0);
    assert_int_equal(eddy_datagram_transport_sendto(other.transport, "?", 1, &to_client), 0);
    assert_int_equal(eddy_datagram_transport_sendto(other.transport, "!", 1, &to_wide), 0);
    listener_wait(&wide, 'd', 1); /* not connected: hears anybody */
    assert_int_equal(listener_count(&client, 'd'), 0);
    assert_int_equal(eddy_datagram_transport_sendto(other.transport, "x", 1, NULL), EDDY_EINVAL);
    listener_close(&client);
    listener_close(&wide);
    listener_close(&other);
    listener_close(&server);
    return 0;
}

/* The second fails, at once or from the queue: it is told, once, and what is behind it goes on; the protocol is resumed. */
TASK_TEST(datagram_U4_fault_U4_failing_send_is_told_and_the_rest_goes_on)
{
    static listener server, client;
    (void)arg;
    listener_init(&server);
    listener_init(&client);
    listener_open(&server);
    listener_open_to(&client, &server, false);
    assert_int_equal(eddy_datagram_transport_set_write_buffer_limits(client.transport, 10, 0), 0);
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, "one", 3, NULL), 0);
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, big, sizeof big, NULL), 0);
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, "three", 5, NULL), 0);
    listener_wait(&client, 'E', 1);
    assert_int_equal(client.error, EDDY_EMSGSIZE);
    listener_wait(&server, 'd', 2);
    assert_int_equal(server.sizes[0], 3);
    assert_int_equal(server.sizes[1], 5);
    while (listener_count(&client, 'r') < listener_count(&client, 'p'))
        listener_wait(&client, 'r', listener_count(&client, 'p'));
    assert_int_equal(eddy_datagram_transport_get_write_buffer_size(client.transport), 0);
    assert_int_equal(listener_count(&client, 'E'), 1);
    listener_close(&client);
    listener_close(&server);
    assert_int_equal(client.lost_with, 0);
    return 0;
}

/* Answers of one batch go together; one that cannot go does not hold the others up. */
static void answer_oddly(listener *l, const void *data, size_t size, const eddy_address *from)
{
    if (size == 3) /* more than a batch may keep, and more than fits a datagram */
        assert_int_equal(eddy_datagram_transport_sendto(l->transport, big, sizeof big, from), 0);
    else
        assert_int_equal(eddy_datagram_transport_sendto(l->transport, data, size, from), 0);
}

TASK_TEST(datagram_U4_answers_behind_one_that_fails_go_on)
{
    static listener server, client;
    (void)arg;
    open_two(&server, &client);
    server.on_datagram = answer_oddly;
    for (size_t i = 1; i <= 6; i++)
        send_to(&client, &server, "123456", i);
    listener_wait(&client, 'd', 5);
    listener_wait(&server, 'E', 1);
    assert_int_equal(server.error, EDDY_EMSGSIZE);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(client.sizes[i], i < 2 ? i + 1 : i + 2);
    listener_close(&client);
    listener_close(&server);
    return 0;
}

/* Ten answers are kept, and the fourth is to a port that no socket can name; nothing is sent afterwards that would flush by itself. */
static void answer_to_nowhere(listener *l, const void *data, size_t size, const eddy_address *from)
{
    eddy_address nowhere;
    assert_int_equal(eddy_address_parse(&nowhere, size == 4 ? "127.0.0.1:0" : "127.0.0.1:1"), 0);
    assert_int_equal(eddy_datagram_transport_sendto(l->transport, data, size, size == 4 ? &nowhere : from),
                     0);
}

TASK_TEST(datagram_U4_what_is_kept_behind_an_error_goes_on)
{
    static listener server, client;
    (void)arg;
    if (support_is_simulated())
        return support_skip("it takes any port");
    open_two(&server, &client);
    server.on_datagram = answer_to_nowhere;
    for (size_t i = 1; i <= 10; i++)
        send_to(&client, &server, "1234567890", i);
    listener_wait(&client, 'd', 9);
    listener_wait(&server, 'E', 1);
    listener_close(&client);
    listener_close(&server);
    return 0;
}

TASK_TEST(datagram_U4_close_sends_what_is_unsent_first)
{
    static listener server, client;
    (void)arg;
    listener_init(&server);
    listener_init(&client);
    listener_open(&server);
    listener_open_to(&client, &server, false);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(eddy_datagram_transport_sendto(client.transport, big, 100 + i, NULL), 0);
    eddy_datagram_transport_close(client.transport);
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, "x", 1, NULL), EDDY_ECLOSED);
    listener_wait(&server, 'd', 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(server.sizes[i], 100 + i);
    listener_close(&client);
    listener_close(&server);
    return 0;
}

TASK_TEST(datagram_closed_inside_a_callback_hears_no_more)
{
    static listener server, client;
    (void)arg;
    open_two(&server, &client);
    server.closes_on_datagram = true;
    for (int i = 0; i < 5; i++)
        send_to(&client, &server, "x", 1);
    listener_wait(&server, 'L', 1);
    assert_string_equal(server.story.text, "MdL");
    listener_close(&client);
    return 0;
}

/* ---- faults ---- */

/* The port is closed: told, and the endpoint goes on to talk to whoever opens it. */
TASK_TEST(fault_U1_refused_datagram_is_told_and_the_endpoint_lives_on)
{
    static listener server, client, again;
    char port[16];
    (void)arg;
    if (!support_has(SUPPORT_REFUSED_DATAGRAMS))
        return support_skip("nobody tells that a datagram was refused");
    listener_init(&server);
    listener_init(&client);
    listener_open(&server);
    listener_open_to(&client, &server, false);
    snprintf(port, sizeof port, "%s", listener_port(&server));
    listener_close(&server);
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, "x", 1, NULL), 0);
    listener_wait(&client, 'E', 1);
    assert_int_equal(client.error, EDDY_ECONNREFUSED);
    assert_int_equal(open_with(&again, EDDY_OPTIONS(eddy_datagram_options, .local_host = "127.0.0.1",
                                                    .local_service = port)),
                     0);
    again.echoes = true;
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, "yz", 2, NULL), 0);
    listener_wait(&client, 'd', 1);
    assert_int_equal(client.sizes[0], 2);
    listener_close(&client);
    listener_close(&again);
    assert_int_equal(client.lost_with, 0);
    return 0;
}

TASK_TEST(fault_U2_U5_every_size_arrives_whole_or_is_refused)
{
    static const size_t sizes[] = {0, 1, 1472, 65507};
    static listener server, client;
    (void)arg;
    listener_init(&server);
    listener_init(&client);
    server.echoes = true;
    listener_open(&server);
    listener_open_to(&client, &server, false);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 256);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(eddy_datagram_transport_sendto(client.transport, big, sizes[i], NULL), 0);
        listener_wait(&client, 'd', i + 1);
        assert_int_equal(client.sizes[i], sizes[i]);
        assert_memory_equal(client.last, big, sizes[i]);
    }
    assert_int_equal(eddy_datagram_transport_sendto(client.transport, big, 65508, NULL), 0);
    listener_wait(&client, 'E', 1);
    assert_int_equal(client.error, EDDY_EMSGSIZE);
    listener_close(&client);
    listener_close(&server);
    return 0;
}

/* ---- U6: a flood leaves others their turn ---- */

typedef struct turns {
    const listener *flooded;
    size_t seen, most;
    bool over;
} turns;

static void take_turn(void *arg)
{
    turns *t = arg;
    size_t more = t->flooded->count - t->seen;
    t->most = more > t->most ? more : t->most;
    t->seen = t->flooded->count;
    if (!t->over)
        assert_int_equal(eddy_loop_call_soon(eddy_get_running_loop(), NULL, take_turn, t), 0);
}

TASK_TEST(fault_U6_flood_is_bounded_in_each_turn)
{
    static listener server, client;
    turns t = {.flooded = &server};
    (void)arg;
    open_two(&server, &client);
    for (int i = 0; i < 100; i++)
        send_to(&client, &server, "flood", 5);
    take_turn(&t);
    listener_wait(&server, 'd', 100);
    t.over = true;
    assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_sleep(0), 0);
    assert_in_range(t.most, 1, 16);
    listener_close(&client);
    listener_close(&server);
    return 0;
}

/* ---- local sockets, which really block ---- */

static void adopt(listener *l, int fd)
{
    eddy_fd sock = fd;
    assert_int_equal(open_with(l, EDDY_OPTIONS(eddy_datagram_options, .sock = &sock)), 0);
}

TASK_TEST(datagram_full_peer_pauses_the_protocol_until_it_reads)
{
    static listener one, other;
    int ends[2], sent = 0;
    static char big_one[1000];
    (void)arg;
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    if (!support_has(SUPPORT_LOCAL_DATAGRAMS))
        return support_skip("there are no local datagram sockets");
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    adopt(&one, ends[0]);
    assert_int_equal(eddy_datagram_transport_set_write_buffer_limits(one.transport, 5000, 2000), 0);
    while (listener_count(&one, 'p') == 0) {
        assert_int_equal(eddy_datagram_transport_sendto(one.transport, big_one, sizeof big_one, NULL), 0);
        sent++;
        assert_in_range(sent, 1, LISTENER_MOST * 4);
    }
    assert_int_equal(eddy_datagram_transport_get_write_buffer_size(one.transport) % 1008, 0);
    assert_true(eddy_datagram_transport_get_write_buffer_size(one.transport) > 5000);
    assert_int_equal(listener_count(&one, 'r'), 0);
    adopt(&other, ends[1]);
    listener_wait(&one, 'r', 1);
    assert_true(eddy_datagram_transport_get_write_buffer_size(one.transport) <= 2000);
    eddy_datagram_transport_close(one.transport);
    listener_wait(&other, 'd', sent);
    listener_wait(&one, 'L', 1);
    listener_close(&other);
    assert_string_equal(one.story.text, "MprL");
    return 0;
}

TASK_TEST(datagram_abort_discards_what_is_unsent)
{
    static listener one;
    int ends[2];
    (void)arg;
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    if (!support_has(SUPPORT_LOCAL_DATAGRAMS))
        return support_skip("there are no local datagram sockets");
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    adopt(&one, ends[0]);
    for (int i = 0; i < LISTENER_MOST && eddy_datagram_transport_get_write_buffer_size(one.transport) == 0;
         i++)
        assert_int_equal(eddy_datagram_transport_sendto(one.transport, big, 1000, NULL), 0);
    eddy_datagram_transport_abort(one.transport);
    listener_wait(&one, 'L', 1);
    assert_int_equal(one.lost_with, 0);
    close(ends[1]);
    return 0;
}

/* No limit of 64 KiB there; what does not even fit the memory of the loop is told, not cut. */
TASK_TEST(fault_U2_large_local_datagrams_arrive_whole)
{
    static listener one, other;
    int ends[2], room = 1 << 18;
    (void)arg;
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    if (!support_has(SUPPORT_LOCAL_DATAGRAMS))
        return support_skip("there are no local datagram sockets");
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    adopt(&one, ends[0]);
    adopt(&other, ends[1]);
    assert_int_equal(eddy_datagram_transport_sendto(one.transport, big, sizeof big, NULL), 0);
    listener_wait(&other, 'd', 1);
    assert_int_equal(other.sizes[0], sizeof big);
    listener_close(&one);
    listener_close(&other);
    return 0;
}

TASK_TEST(datagram_U1_adopted_stream_socket_is_refused_and_stays_open)
{
    static listener l;
    int ends[2];
    (void)arg;
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    eddy_fd sock = ends[0];
    assert_int_equal(open_with(&l, EDDY_OPTIONS(eddy_datagram_options, .sock = &sock)), EDDY_EINVAL);
    assert_int_equal(write(ends[0], "x", 1), 1);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* ---- the rest ---- */

TASK_TEST(datagram_ports_are_exclusive_unless_they_are_shared)
{
    static listener one, other;
    char port[16];
    (void)arg;
    listener_init(&one);
    listener_open(&one);
    snprintf(port, sizeof port, "%s", listener_port(&one));
    eddy_datagram_options taken = {.size = sizeof taken, .local_host = "127.0.0.1", .local_service = port};
    assert_int_equal(open_with(&other, &taken), EDDY_EADDRINUSE);
    listener_close(&one);
    taken.reuse_port = true;
    if (!support_has(SUPPORT_SHARED_PORTS)) {
        assert_int_equal(open_with(&one, &taken), EDDY_ENOSYS);
        return 0;
    }
    assert_int_equal(open_with(&one, &taken), 0);
    assert_int_equal(open_with(&other, &taken), 0);
    listener_close(&one);
    listener_close(&other);
    return 0;
}

TASK_TEST(datagram_transport_answers_when_it_is_gone)
{
    static listener l, second;
    eddy_address address;
    (void)arg;
    listener_init(&l);
    listener_init(&second);
    listener_open(&l);
    assert_int_equal(eddy_datagram_transport_set_protocol(l.transport, &second.protocol), 0);
    assert_ptr_equal(eddy_datagram_transport_get_protocol(l.transport), &second.protocol);
    assert_int_equal(eddy_datagram_transport_set_protocol(l.transport, &l.protocol), 0);
    assert_true(eddy_datagram_transport_fileno(l.transport) >= 0);
    eddy_datagram_transport *kept = eddy_datagram_transport_retain(l.transport);
    listener_close(&l);
    assert_int_equal(eddy_datagram_transport_sendto(kept, "x", 1, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_datagram_transport_local_address(kept, &address), EDDY_ECLOSED);
    assert_int_equal(eddy_datagram_transport_set_protocol(kept, &l.protocol), EDDY_ECLOSED);
    assert_int_equal(eddy_datagram_transport_fileno(kept), -1);
    eddy_datagram_transport_close(kept);
    eddy_datagram_transport_abort(kept);
    eddy_datagram_transport_release(kept);
    assert_int_equal(eddy_datagram_transport_sendto(NULL, "x", 1, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_transport_local_address(NULL, &address), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_transport_set_protocol(NULL, &l.protocol), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_transport_set_write_buffer_limits(NULL, 1, 1), EDDY_EINVAL);
    assert_true(eddy_datagram_transport_is_closing(NULL));
    eddy_datagram_transport_close(NULL);
    eddy_datagram_transport_abort(NULL);
    eddy_datagram_transport_release(NULL);
    return 0;
}

static int refuse(eddy_datagram_protocol **out, void *arg)
{
    (void)out;
    (void)arg;
    return EDDY_EUSER;
}

TASK_TEST(datagram_factory_that_fails_leaves_nothing_open)
{
    eddy_datagram_options options = {.size = sizeof options, .family = EDDY_FAMILY_IPV4};
    (void)arg;
    int descriptors = support_open_descriptors();
    assert_int_equal(
        eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), NULL, refuse, NULL, &options),
        EDDY_EUSER);
    assert_int_equal(support_open_descriptors(), descriptors);
    return 0;
}

static int leave_open(void *arg)
{
    listener *l = arg;
    open_two(&l[0], &l[1]);
    send_to(&l[0], &l[1], big, 1000);
    send_to(&l[1], &l[0], big, 1000);
    return 0;
}

static void fault_P14_loop_closed_under_datagrams_tells_their_protocols(void **state)
{
    static listener both[2];
    (void)state;
    assert_int_equal(support_run(leave_open, both), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(listener_count(&both[i], 'L'), 1);
        assert_int_equal(both[i].lost_with, EDDY_ECANCELED);
    }
}

TASK_TEST(address_text_is_read_as_it_is_written)
{
    static const char *const texts[] = {"127.0.0.1:53", "[::1]:65535", "0.0.0.0:0"};
    static const char *const wrong[] = {
        "",         "127.0.0.1", "127.0.0.1:",    ":1",         "::1:53",    "[::1]",
        "[::1]53:", "[]:1",      "1.2.3.4:70000", "[1.2.3.4:1", "1.2.3.4]:1"};
    char back[64];
    eddy_address address, other;
    (void)arg;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_address_parse(&address, texts[i]), 0);
        assert_int_equal(eddy_address_format(&address, back, sizeof back), strlen(texts[i]));
        assert_string_equal(back, texts[i]);
        assert_int_equal(eddy_address_parse(&other, back), 0);
        assert_true(eddy_address_equal(&address, &other));
        assert_int_equal(eddy_address_format(&address, back, strlen(texts[i])), EDDY_EINVAL);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_true(eddy_address_parse(&address, wrong[i]) < 0);
    assert_int_equal(eddy_address_parse(&address, "localhost:1"), EDDY_ENOHOST);
    assert_int_equal(eddy_address_port(&other), 0);
    assert_int_equal(eddy_address_parse(&address, NULL), EDDY_EINVAL);
    memset(&address, 0, sizeof address);
    assert_int_equal(eddy_address_port(&address), EDDY_EINVAL);
    assert_int_equal(eddy_address_format(&address, back, sizeof back), EDDY_EINVAL);
    assert_false(eddy_address_equal(&address, NULL));
    return 0;
}

int suite_datagrams(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagram_made_comes_first_and_lost_last),
        cmocka_unit_test(datagram_echo_keeps_every_bound),
        cmocka_unit_test(datagram_U1_options_that_make_no_sense_are_refused),
        cmocka_unit_test(datagram_U1_a_family_is_enough),
        cmocka_unit_test(datagram_U2_ends_need_a_common_family),
        cmocka_unit_test(datagram_U3_a_peer_is_the_only_one_but_with_broadcast),
        cmocka_unit_test(datagram_U4_fault_U4_failing_send_is_told_and_the_rest_goes_on),
        cmocka_unit_test(datagram_U4_answers_behind_one_that_fails_go_on),
        cmocka_unit_test(datagram_U4_what_is_kept_behind_an_error_goes_on),
        cmocka_unit_test(datagram_U4_close_sends_what_is_unsent_first),
        cmocka_unit_test(datagram_closed_inside_a_callback_hears_no_more),
        cmocka_unit_test(fault_U1_refused_datagram_is_told_and_the_endpoint_lives_on),
        cmocka_unit_test(fault_U2_U5_every_size_arrives_whole_or_is_refused),
        cmocka_unit_test(fault_U6_flood_is_bounded_in_each_turn),
        cmocka_unit_test(datagram_full_peer_pauses_the_protocol_until_it_reads),
        cmocka_unit_test(datagram_abort_discards_what_is_unsent),
        cmocka_unit_test(fault_U2_large_local_datagrams_arrive_whole),
        cmocka_unit_test(datagram_U1_adopted_stream_socket_is_refused_and_stays_open),
        cmocka_unit_test(datagram_ports_are_exclusive_unless_they_are_shared),
        cmocka_unit_test(datagram_transport_answers_when_it_is_gone),
        cmocka_unit_test(datagram_factory_that_fails_leaves_nothing_open),
        cmocka_unit_test(fault_P14_loop_closed_under_datagrams_tells_their_protocols),
        cmocka_unit_test(address_text_is_read_as_it_is_written),
    };
    return cmocka_run_group_tests_name("datagrams", tests, NULL, NULL);
}
