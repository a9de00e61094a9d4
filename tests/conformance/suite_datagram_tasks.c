/* suite_datagram_tasks.c: datagrams received and sent by tasks.
 * Touches the public API. */
#include "suite.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static eddy_datagram *open_bound(void)
{
    eddy_datagram *datagram;
    assert_int_equal(
        eddy_open_datagram(
            &datagram, EDDY_OPTIONS(eddy_datagram_options, .local_host = "127.0.0.1", .local_service = "0")),
        0);
    return datagram;
}

static eddy_address address_of(const eddy_datagram *datagram)
{
    eddy_address address;
    assert_int_equal(eddy_datagram_local_address(datagram, &address), 0);
    return address;
}

TASK_TEST(datagram_tasks_ask_and_answer)
{
    char in[16];
    eddy_address from, expected, to;
    eddy_datagram *one = open_bound(), *other = open_bound();
    (void)arg;
    to = address_of(other);
    expected = address_of(one);
    for (size_t size = 0; size < 4; size++) {
        assert_int_equal(eddy_datagram_send(one, "abcdef", size, &to), 0);
        assert_int_equal(eddy_datagram_receive(other, in, sizeof in, &from), size);
        assert_memory_equal(in, "abcdef", size);
        assert_true(eddy_address_equal(&from, &expected));
        assert_int_equal(eddy_datagram_send(other, "yes", 3, &from), 0);
        assert_int_equal(eddy_datagram_receive(one, in, sizeof in, NULL), 3);
    }
    eddy_datagram_release(one);
    eddy_datagram_release(other);
    return 0;
}

TASK_TEST(fault_U2_datagram_that_was_cut_is_told_with_its_length)
{
    char in[4];
    eddy_datagram *one = open_bound(), *other = open_bound();
    eddy_address to = address_of(other);
    (void)arg;
    assert_int_equal(eddy_datagram_send(one, "12345678", 8, &to), 0);
    assert_int_equal(eddy_datagram_send(one, "next", 4, &to), 0);
    assert_int_equal(eddy_datagram_receive(other, in, sizeof in, NULL), EDDY_EMSGSIZE);
    assert_memory_equal(in, "1234", 4);
    assert_int_equal(eddy_last_error()->partial, 4);
    assert_true(eddy_last_error()->expected == 8 || eddy_last_error()->expected == 5);
    assert_int_equal(eddy_datagram_receive(other, in, sizeof in, NULL), 4);
    assert_memory_equal(in, "next", 4);
    eddy_datagram_release(one);
    eddy_datagram_release(other);
    return 0;
}

typedef struct waiting {
    eddy_datagram *datagram;
    ptrdiff_t got;
    char in[8];
    bool began;
} waiting;

static int receive_one(void *arg)
{
    waiting *w = arg;
    w->began = true;
    w->got = eddy_datagram_receive(w->datagram, w->in, sizeof w->in, NULL);
    return w->got < 0 ? (int)w->got : 0;
}

static eddy_task *start_receiving(waiting *w, eddy_datagram *datagram)
{
    eddy_task *task;
    *w = (waiting){.datagram = datagram};
    assert_int_equal(eddy_create_task(&task, receive_one, w, NULL), 0);
    while (!w->began)
        assert_int_equal(eddy_sleep(0), 0);
    assert_int_equal(eddy_sleep(0), 0);
    return task;
}

TASK_TEST(datagram_receive_that_is_cancelled_loses_nothing)
{
    char in[8];
    waiting w;
    int outcome;
    eddy_datagram *one = open_bound(), *other = open_bound();
    eddy_address to = address_of(other);
    (void)arg;
    for (int turns = 0; turns < 4; turns++) {
        eddy_task *task = start_receiving(&w, other);
        assert_int_equal(eddy_datagram_receive(other, in, sizeof in, NULL), EDDY_EBUSY);
        assert_int_equal(eddy_datagram_send(one, "kept", 4, &to), 0);
        for (int i = 0; i < turns; i++)
            assert_int_equal(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        assert_int_equal(eddy_await(task, &outcome), 0);
        eddy_task_release(task);
        if (w.got == EDDY_ECANCELED)
            assert_int_equal(eddy_datagram_receive(other, in, sizeof in, NULL), 4);
        else
            assert_int_equal(w.got, 4);
    }
    eddy_datagram_release(one);
    eddy_datagram_release(other);
    return 0;
}

TASK_TEST(datagram_close_ends_a_task_that_waits)
{
    waiting w;
    int outcome;
    eddy_address address;
    eddy_datagram *datagram = open_bound();
    (void)arg;
    eddy_task *task = start_receiving(&w, datagram);
    eddy_datagram_close(datagram);
    eddy_datagram_close(datagram);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECLOSED);
    eddy_task_release(task);
    address = (eddy_address){0};
    assert_int_equal(eddy_datagram_send(datagram, "x", 1, &address), EDDY_ECLOSED);
    assert_int_equal(eddy_datagram_receive(datagram, w.in, 1, NULL), EDDY_ECLOSED);
    assert_int_equal(eddy_datagram_local_address(datagram, &address), EDDY_ECLOSED);
    assert_int_equal(eddy_datagram_fileno(datagram), -1);
    eddy_datagram_release(datagram);
    return 0;
}

TASK_TEST(datagram_closed_and_released_under_a_task_that_waits_is_still_there_for_it)
{
    waiting w;
    int outcome;
    eddy_datagram *datagram = open_bound();
    (void)arg;
    eddy_task *task = start_receiving(&w, datagram);
    eddy_datagram_close(datagram);
    eddy_datagram_release(datagram);
    assert_int_equal(eddy_await(task, &outcome), 0);
    assert_int_equal(outcome, EDDY_ECLOSED);
    eddy_task_release(task);
    return 0;
}

TASK_TEST(fault_U1_refusal_is_told_to_a_task_and_the_socket_lives_on)
{
    char in[4], text[64];
    eddy_datagram *server, *client;
    eddy_address at;
    (void)arg;
    if (!support_has(SUPPORT_REFUSED_DATAGRAMS))
        return support_skip("nobody tells that a datagram was refused");
    server = open_bound();
    at = address_of(server);
    snprintf(text, sizeof text, "%d", eddy_address_port(&at));
    assert_int_equal(
        eddy_open_datagram(
            &client, EDDY_OPTIONS(eddy_datagram_options, .remote_host = "127.0.0.1", .remote_service = text)),
        0);
    assert_int_equal(eddy_datagram_peer_address(client, &at), 0);
    eddy_datagram_release(server);
    assert_int_equal(eddy_datagram_send(client, "x", 1, NULL), 0);
    assert_int_equal(eddy_datagram_receive(client, in, sizeof in, NULL), EDDY_ECONNREFUSED);
    assert_int_equal(
        eddy_open_datagram(
            &server, EDDY_OPTIONS(eddy_datagram_options, .local_host = "127.0.0.1", .local_service = text)),
        0);
    assert_int_equal(eddy_datagram_send(client, "ab", 2, NULL), 0);
    assert_int_equal(eddy_datagram_receive(server, in, sizeof in, &at), 2);
    assert_int_equal(eddy_datagram_send(server, "cd", 2, &at), 0);
    assert_int_equal(eddy_datagram_receive(client, in, sizeof in, NULL), 2);
    eddy_datagram_release(server);
    eddy_datagram_release(client);
    return 0;
}

/* ---- senders that wait ---- */

typedef struct sender {
    eddy_datagram *datagram;
    char letter;
    int sent;
} sender;

static int send_forever(void *arg)
{
    sender *s = arg;
    int rc = 0;
    while (rc == 0) {
        rc = eddy_datagram_send(s->datagram, &s->letter, 1, NULL);
        s->sent += rc == 0;
    }
    return rc;
}

TASK_TEST(datagram_senders_wait_in_line_and_end_when_it_closes)
{
    int ends[2], outcome;
    char in;
    eddy_datagram *one, *other;
    eddy_task *tasks[3];
    sender senders[3];
    (void)arg;
    if (support_is_simulated())
        return support_skip("descriptors from elsewhere cannot be reached");
    if (!support_has(SUPPORT_LOCAL_DATAGRAMS))
        return support_skip("there are no local datagram sockets");
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    eddy_fd fds[] = {ends[0], ends[1]};
    assert_int_equal(eddy_open_datagram(&one, EDDY_OPTIONS(eddy_datagram_options, .sock = &fds[0])), 0);
    assert_int_equal(eddy_open_datagram(&other, EDDY_OPTIONS(eddy_datagram_options, .sock = &fds[1])), 0);
    for (int i = 0; i < 3; i++) {
        senders[i] = (sender){.datagram = one, .letter = (char)('a' + i)};
        assert_int_equal(eddy_create_task(&tasks[i], send_forever, &senders[i], NULL), 0);
    }
    int before = -1;
    while (senders[0].sent + senders[1].sent + senders[2].sent != before) { /* until all wait */
        before = senders[0].sent + senders[1].sent + senders[2].sent;
        for (int i = 0; i < 4; i++)
            assert_int_equal(eddy_sleep(0), 0);
    }
    for (int i = 0; i < before + 30; i++)
        assert_int_equal(eddy_datagram_receive(other, &in, 1, NULL), 1);
    for (int i = 0; i < 3; i++)
        assert_true(senders[i].sent > 0);
    eddy_datagram_close(one);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy_await(tasks[i], &outcome), 0);
        assert_int_equal(outcome, EDDY_ECLOSED);
        eddy_task_release(tasks[i]);
    }
    eddy_datagram_release(one);
    eddy_datagram_release(other);
    return 0;
}

/* ---- the loop closes ---- */

static int leave_waiting(void *arg)
{
    static waiting w;
    eddy_datagram *datagram = open_bound();
    (void)arg;
    eddy_task_release(start_receiving(&w, datagram));
    eddy_datagram_release(datagram);
    return 0;
}

static void fault_P14_loop_closed_under_a_task_that_receives_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(support_run(leave_waiting, NULL), 0);
}

TASK_TEST(datagram_calls_refuse_what_makes_no_sense)
{
    char byte;
    eddy_address none = {0};
    eddy_datagram *datagram = open_bound();
    (void)arg;
    assert_int_equal(eddy_open_datagram(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_open_datagram(&datagram, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_receive(datagram, NULL, 1, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_receive(datagram, &byte, 0, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_receive(NULL, &byte, 1, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_send(datagram, NULL, 1, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_send(datagram, "x", 1, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_send(datagram, "x", 1, &none), EDDY_EINVAL);
    assert_int_equal(eddy_datagram_send(NULL, "x", 1, &none), EDDY_EINVAL);
    eddy_datagram_close(NULL);
    eddy_datagram_release(NULL);
    eddy_datagram_release(datagram);
    return 0;
}

int suite_datagram_tasks(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagram_tasks_ask_and_answer),
        cmocka_unit_test(fault_U2_datagram_that_was_cut_is_told_with_its_length),
        cmocka_unit_test(datagram_receive_that_is_cancelled_loses_nothing),
        cmocka_unit_test(datagram_close_ends_a_task_that_waits),
        cmocka_unit_test(datagram_closed_and_released_under_a_task_that_waits_is_still_there_for_it),
        cmocka_unit_test(fault_U1_refusal_is_told_to_a_task_and_the_socket_lives_on),
        cmocka_unit_test(datagram_senders_wait_in_line_and_end_when_it_closes),
        cmocka_unit_test(fault_P14_loop_closed_under_a_task_that_receives_leaves_nothing),
        cmocka_unit_test(datagram_calls_refuse_what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("datagram tasks", tests, NULL, NULL);
}
