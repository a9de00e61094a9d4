/* test_attempt.c: single attempts of operations on streams, pipes and files.
 * Touches seam 2 and the injection table. */
#include "test_attempt_bench.h"

/* ---- buffers ---- */

static void several_buffers_are_moved_in_one_go(void **state)
{
    char first[2], second[4], third[8];
    eddyi_buffer out[] = {{"ab", 2}, {"", 0}, {"cdefg", 5}}, in[] = {{first, 2}, {second, 4}, {third, 8}};
    pair p = connected();
    (void)state;
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, out, 3, NULL, 0), 7);
    await_events(&p.server, POLLIN);
    assert_int_equal(attempt_buffers(&p.server, EDDYI_RECV, in, 3, NULL, 0), 7);
    assert_memory_equal(first, "ab", 2);
    assert_memory_equal(second, "cdef", 4);
    assert_memory_equal(third, "g", 1);
    close_pair(&p);
}

static void fault_M5_empty_and_too_many_buffers_are_cut_never_refused(void **state)
{
    enum { MANY = 3000 };
    static eddyi_buffer buffers[MANY];
    static char bytes[MANY];
    pair p = connected();
    (void)state;
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 0), 0);
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, NULL, 0, NULL, 0), 0);
    for (int i = 0; i < MANY; i++)
        buffers[i] = (eddyi_buffer){&bytes[i], 1};
    int64_t sent = attempt_buffers(&p.client, EDDYI_SEND, buffers, MANY, NULL, 0);
    assert_in_range(sent, 16, MANY);
    await_events(&p.server, POLLIN);
    int64_t got = attempt_buffers(&p.server, EDDYI_RECV, buffers, MANY, NULL, 0);
    assert_in_range(got, 1, sent);
    while (got < sent)
        got += complete(&p.server, EDDYI_RECV, bytes, sizeof bytes);

    /* As many empty ones in front as the system would take: neither "nothing sent" nor "end of stream". */
    for (int i = 0; i < MANY - 1; i++)
        buffers[i].size = 0;
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, buffers, MANY, NULL, 0), 1);
    await_events(&p.server, POLLIN);
    assert_int_equal(attempt_buffers(&p.server, EDDYI_RECV, buffers, MANY, NULL, 0), 1);
    close_pair(&p);
}

static void fault_S1_transfers_of_one_byte_lose_nothing(void **state)
{
    const eddyi_inject_plan plan = {.most_bytes = 1};
    eddyi_buffer out[] = {{"", 0}, {"ab", 2}, {"c", 1}};
    char byte[2], rest[4];
    eddyi_buffer in[] = {{byte, 0}, {byte, 2}, {rest, 4}};
    pair p = connected();
    (void)state;
    eddyi_inject_start(&plan);
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "xyz", 3), 1);
    assert_int_equal(attempt_buffers(&p.client, EDDYI_SEND, out, 3, NULL, 0), 1);
    assert_int_equal(complete(&p.server, EDDYI_RECV, byte, 2), 1);
    assert_int_equal(byte[0], 'x');
    await_events(&p.server, POLLIN);
    assert_int_equal(attempt_buffers(&p.server, EDDYI_RECV, in, 3, NULL, 0), 1);
    assert_int_equal(byte[0], 'a');
    eddyi_inject_stop();
    close_pair(&p);
}

static void an_interrupted_call_is_repeated(void **state)
{
    static const enum eddyi_inject_call calls[] = {EDDYI_INJECT_send, EDDYI_INJECT_recv};
    char byte = 0;
    pair p = connected();
    (void)state;
    for (int i = 0; i < 2; i++) {
        const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << calls[i], .os_error = EINTR};
        eddyi_inject_start(&plan);
        assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 1), 1);
        await_events(&p.server, POLLIN);
        assert_int_equal(attempt(&p.server, EDDYI_RECV, &byte, 1), 1);
        assert_int_equal(eddyi_inject_failures(), 1);
        eddyi_inject_stop();
    }
    close_pair(&p);
}

static void one_buffer_costs_one_plain_call(void **state)
{
    char byte = 0;
    pair p = connected();
    (void)state;
    eddyi_inject_start(NULL);
    assert_int_equal(attempt(&p.client, EDDYI_SEND, "x", 1), 1);
    assert_int_equal(eddyi_inject_count(), 1);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_send), 1);
    eddyi_inject_stop();
    await_events(&p.server, POLLIN);
    eddyi_inject_start(NULL);
    assert_int_equal(attempt(&p.server, EDDYI_RECV, &byte, 1), 1);
    assert_int_equal(eddyi_inject_count(), 1);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), 1);
    eddyi_inject_stop();
    close_pair(&p);
}

/* ---- pipes and files ---- */

static void make_pipe(port *reader, port *writer)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    *reader = port_of(ends[0], EDDYI_PIPE);
    *writer = port_of(ends[1], EDDYI_PIPE);
}

static void pipes_are_read_and_written(void **state)
{
    char buffer[8];
    eddyi_buffer out[] = {{"", 0}, {"ab", 2}};
    port reader, writer;
    (void)state;
    make_pipe(&reader, &writer);
    assert_int_equal(attempt(&reader, EDDYI_READ, buffer, 8), EDDY_EAGAIN);
    assert_int_equal(attempt_buffers(&writer, EDDYI_WRITE, out, 2, NULL, UINT64_MAX), 2);
    assert_int_equal(attempt(&reader, EDDYI_READ, buffer, 8), 2);
    assert_int_equal(attempt_buffers(&reader, EDDYI_READ, NULL, 0, NULL, UINT64_MAX), EDDY_EINVAL);
    close_port(&writer);
    assert_int_equal(attempt(&reader, EDDYI_READ, buffer, 8), 0);
    close_port(&reader);
}

static bool broken_pipe_waits(void)
{
    sigset_t waiting;
    return sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE) == 1;
}

/* SIGPIPE has its default action here: one that got through would end this program. */
static void fault_S15_a_pipe_without_a_reader_is_an_error_and_no_signal(void **state)
{
    int number;
    sigset_t broken_pipe, before;
    port reader, writer;
    (void)state;
    (void)signal(SIGPIPE, SIG_DFL);
    make_pipe(&reader, &writer);
    close_port(&reader);
    assert_int_equal(attempt(&writer, EDDYI_WRITE, "x", 1), EDDY_EPIPE);
    assert_int_equal(writer.os_error, EPIPE);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(sigismember(&before, SIGPIPE), 0); /* not left blocked */

    (void)sigemptyset(&broken_pipe);
    (void)sigaddset(&broken_pipe, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);
    assert_int_equal(attempt(&writer, EDDYI_WRITE, "x", 1), EDDY_EPIPE);
    assert_false(broken_pipe_waits()); /* taken back */
    (void)raise(SIGPIPE);
    assert_int_equal(attempt(&writer, EDDYI_WRITE, "x", 1), EDDY_EPIPE);
    assert_true(broken_pipe_waits()); /* that one was not ours */
    assert_int_equal(sigwait(&broken_pipe, &number), 0);
    assert_int_equal(number, SIGPIPE);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    close_port(&writer);
}

static void files_are_read_and_written_at_an_offset(void **state)
{
    char buffer[8] = {0};
    eddyi_buffer one = {"hello", 5}, in = {buffer, 8};
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    port p = port_of(fileno(file), EDDYI_FILE);
    assert_int_equal(attempt_buffers(&p, EDDYI_WRITE, &one, 1, NULL, 3), 5);
    assert_int_equal(attempt_buffers(&p, EDDYI_WRITE, &one, 1, NULL, UINT64_MAX),
                     5); /* its own position, 0 */
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, 5), 3);
    assert_memory_equal(buffer, "llo", 3);
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, UINT64_MAX), 3); /* at 5 by now */
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, 100), 0);
    assert_int_equal(attempt_buffers(&p, EDDYI_READ, &in, 1, NULL, UINT64_MAX - 1), EDDY_EINVAL);
    assert_int_equal(fclose(file), 0);
}

/* ---- polling ---- */

static int64_t poll_for(port *p, int events)
{
    eddyi_op op = {.descriptor = &p->descriptor, .kind = EDDYI_POLL, .events = (uint8_t)events};
    return eddyi_attempt(&op, &p->os_error);
}

static void polling_tells_what_holds_of_what_was_asked(void **state)
{
    const eddyi_inject_plan plan = {
        .fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_poll, .os_error = EINTR};
    pair p = connected();
    (void)state;
    assert_int_equal(poll_for(&p.server, EDDYI_IN), EDDY_EAGAIN);
    assert_int_equal(poll_for(&p.server, EDDYI_OUT), EDDYI_OUT);
    assert_int_equal(poll_for(&p.server, EDDYI_IN | EDDYI_OUT), EDDYI_OUT);
    assert_int_equal(complete(&p.client, EDDYI_SEND, "x", 1), 1);
    await_events(&p.server, POLLIN);
    eddyi_inject_start(&plan);
    assert_int_equal(poll_for(&p.server, EDDYI_IN), EDDYI_IN); /* an interruption is not "nothing" */
    eddyi_inject_stop();
    assert_int_equal(poll_for(&p.server, EDDYI_IN | EDDYI_OUT), EDDYI_IN | EDDYI_OUT);
    close_pair(&p);

    port reader, writer; /* a hang-up wakes who asks for either */
    make_pipe(&reader, &writer);
    close_port(&reader);
    assert_int_equal(poll_for(&writer, EDDYI_OUT), EDDYI_OUT);
    assert_int_equal(poll_for(&writer, EDDYI_IN), EDDYI_IN);
    close_port(&writer);
}

static void what_cannot_be_attempted_is_told(void **state)
{
    pair p = connected();
    (void)state;
    assert_int_equal(attempt(&p.client, EDDYI_KINDS, "", 0), EDDY_ENOSYS);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_buffers_are_moved_in_one_go),
        cmocka_unit_test(fault_M5_empty_and_too_many_buffers_are_cut_never_refused),
        cmocka_unit_test(fault_S1_transfers_of_one_byte_lose_nothing),
        cmocka_unit_test(an_interrupted_call_is_repeated),
        cmocka_unit_test(one_buffer_costs_one_plain_call),
        cmocka_unit_test(pipes_are_read_and_written),
        cmocka_unit_test(fault_S15_a_pipe_without_a_reader_is_an_error_and_no_signal),
        cmocka_unit_test(files_are_read_and_written_at_an_offset),
        cmocka_unit_test(polling_tells_what_holds_of_what_was_asked),
        cmocka_unit_test(what_cannot_be_attempted_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
