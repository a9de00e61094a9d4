/* suite_pipes.c: connect_read_pipe and connect_write_pipe (asyncio 18.1) over pipes, FIFOs, terminals and sockets.
 * Touches the public API and real descriptors. The simulator has none, and says so. */
#include "pair.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/loop/loop.h"

#define NEEDS_REAL_DESCRIPTORS()                                                                             \
    do {                                                                                                     \
        (void)arg;                                                                                           \
        if (support_is_simulated())                                                                          \
            return support_skip("descriptors from elsewhere cannot be reached");                             \
    } while (0)

/* ---- what the tests share ---- */

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static eddy_stream *reading(int fd)
{
    eddy_stream *stream;
    assert_int_equal(eddy_connect_read_pipe(&stream, fd, NULL), 0);
    return stream;
}

static eddy_stream *writing(int fd)
{
    eddy_stream *stream;
    assert_int_equal(eddy_connect_write_pipe(&stream, fd, NULL), 0);
    return stream;
}

typedef struct joined {
    eddy_stream *in, *out;
} joined;

static joined join(void)
{
    int ends[2];
    open_pipe(ends);
    return (joined){reading(ends[0]), writing(ends[1])};
}

static void part(joined *both)
{
    eddy_stream_release(both->in);
    eddy_stream_release(both->out);
}

static void end(eddy_stream *stream)
{
    eddy_stream_close(stream);
    assert_int_equal(eddy_stream_wait_closed(stream), 0);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static bool is_non_blocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* ---- the rules ---- */

TASK_TEST(bytes_flow_through_a_pipe_and_it_ends_when_the_writer_closes)
{
    char buffer[64];
    NEEDS_REAL_DESCRIPTORS();
    joined both = join();
    assert_int_equal(eddy_stream_write(both.out, "hello\nworld", 11), 0);
    eddy_view line;
    assert_int_equal(eddy_stream_readline(both.in, &line), 6);
    assert_memory_equal(line.data, "hello\n", 6);
    end(both.out);
    assert_int_equal(pair_read_all(both.in, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "world", 5);
    assert_int_equal(eddy_stream_read(both.in, buffer, sizeof buffer), 0);
    assert_true(eddy_stream_at_eof(both.in));
    end(both.in);
    part(&both);
    return 0;
}

typedef struct read_call {
    eddy_stream *stream;
    char buffer[64];
    ptrdiff_t got;
} read_call;

static int read_once(void *arg)
{
    read_call *self = arg;
    self->got = eddy_stream_read(self->stream, self->buffer, sizeof self->buffer);
    return self->got < 0 ? (int)self->got : 0;
}

static eddy_task *start_reading(read_call *call, eddy_stream *stream)
{
    eddy_task *task;
    *call = (read_call){.stream = stream};
    assert_int_equal(eddy_create_task(&task, read_once, call, NULL), 0);
    assert_int_equal(eddy_sleep(0.001), 0); /* it waits now */
    assert_false(eddy_task_done(task));
    return task;
}

TASK_TEST(a_read_that_is_cancelled_loses_no_byte)
{
    read_call call;
    NEEDS_REAL_DESCRIPTORS();
    joined both = join();
    eddy_task *reader = start_reading(&call, both.in);
    eddy_task_cancel(reader);
    assert_int_equal(eddy_await(reader, NULL), EDDY_ECANCELED);
    eddy_task_release(reader);
    reader = start_reading(&call, both.in);
    assert_int_equal(eddy_stream_write(both.out, "abc", 3), 0);
    assert_int_equal(eddy_await(reader, NULL), 0);
    assert_int_equal(call.got, 3);
    assert_memory_equal(call.buffer, "abc", 3);
    eddy_task_release(reader);
    part(&both);
    return 0;
}

TASK_TEST(a_stream_owns_its_descriptor_and_gives_the_file_back_as_it_was)
{
    int ends[2];
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    int copies[2] = {dup(ends[0]), dup(ends[1])};
    joined both = {reading(ends[0]), writing(ends[1])};
    assert_int_equal(eddy_stream_fileno(both.in), ends[0]);
    assert_true(is_non_blocking(copies[0]) && is_non_blocking(copies[1]));
    end(both.in);
    end(both.out);
    assert_false(is_open(ends[0]) || is_open(ends[1]));
    assert_false(is_non_blocking(copies[0]) || is_non_blocking(copies[1])); /* S15 */
    part(&both);
    close(copies[0]);
    close(copies[1]);
    return 0;
}

TASK_TEST(what_never_waits_or_is_not_there_is_refused_and_left_alone)
{
    eddy_stream *stream = NULL;
    eddy_pipe_options no_size = {.limit = 1};
    int ends[2];
    NEEDS_REAL_DESCRIPTORS();
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), folder = open("/", O_RDONLY | O_CLOEXEC);
    assert_int_equal(eddy_connect_read_pipe(&stream, file, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_connect_write_pipe(&stream, folder, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_connect_read_pipe(&stream, -1, NULL), EDDY_EBADF);
    assert_int_equal(eddy_connect_write_pipe(&stream, 12345, NULL), EDDY_EBADF);
    assert_true(is_open(file) && !is_non_blocking(file));
    open_pipe(ends);
    assert_int_equal(eddy_connect_read_pipe(NULL, ends[0], NULL), EDDY_EINVAL);
    assert_int_equal(eddy_connect_read_pipe(&stream, ends[0], &no_size), EDDY_EINVAL);
    assert_false(is_non_blocking(ends[0]));
    joined both = {reading(ends[0]), writing(ends[1])};
    assert_int_equal(eddy_connect_write_pipe(&stream, ends[1], NULL), EDDY_EBUSY);
    assert_null(stream);
    part(&both);
    close(file);
    close(folder);
    return 0;
}

static void a_pipe_needs_a_running_loop(void **state)
{
    int ends[2];
    eddy_stream *stream;
    (void)state;
    open_pipe(ends);
    eddyi_running_loop = NULL;
    assert_int_equal(eddy_connect_read_pipe(&stream, ends[0], NULL), EDDY_ENOLOOP);
    close(ends[0]);
    close(ends[1]);
}

TASK_TEST(the_simulator_says_that_it_reaches_no_pipe)
{
    int ends[2];
    eddy_stream *stream;
    (void)arg;
    if (!support_is_simulated())
        return support_skip("they can be reached");
    open_pipe(ends);
    assert_int_equal(eddy_connect_read_pipe(&stream, ends[0], NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_connect_write_pipe(&stream, ends[1], NULL), EDDY_ENOSYS);
    assert_true(is_open(ends[0]) && !is_non_blocking(ends[0]));
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TASK_TEST(a_pipe_has_one_direction)
{
    char buffer[8];
    eddy_view view;
    NEEDS_REAL_DESCRIPTORS();
    joined both = join();
    assert_int_equal(eddy_stream_write(both.in, "x", 1), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_write_nowait(both.in, "x", 1), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_write_eof(both.in), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_read(both.out, buffer, sizeof buffer), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_readline(both.out, &view), EDDY_EOPNOTSUPP);
    assert_int_equal(eddy_stream_write(both.out, "y", 1), 0); /* none of this harmed it */
    assert_int_equal(eddy_stream_read(both.in, buffer, sizeof buffer), 1);
    part(&both);
    return 0;
}

enum { MUCH = 1 << 20 };

static char much[MUCH];

static void fill_much(void)
{
    uint32_t x = 1;
    for (size_t i = 0; i < MUCH; i++) {
        x = x * 1664525 + 1013904223;
        much[i] = (char)(x >> 24);
    }
}

static int write_much(void *stream)
{
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < MUCH; at += MUCH / 64)
        rc = eddy_stream_write(stream, much + at, MUCH / 64);
    eddy_stream_close(stream);
    return rc;
}

/* S3: the writer waits while the pipe is full; every byte arrives, in order. */
static void transfer_much(eddy_stream *in, eddy_stream *out)
{
    static char got[MUCH + 1];
    eddy_task *writer;
    fill_much();
    assert_int_equal(eddy_create_task(&writer, write_much, out, NULL), 0);
    assert_int_equal(eddy_sleep(0.001), 0);
    assert_false(eddy_task_done(writer));
    assert_true(eddy_stream_write_buffer_size(out) <= 64 * 1024 + MUCH / 64);
    assert_int_equal(pair_read_all(in, got, sizeof got), MUCH);
    assert_memory_equal(got, much, MUCH);
    assert_int_equal(eddy_await(writer, NULL), 0);
    assert_int_equal(eddy_stream_wait_closed(out), 0);
    eddy_task_release(writer);
}

TASK_TEST(fault_S3_a_full_pipe_makes_the_writer_wait)
{
    NEEDS_REAL_DESCRIPTORS();
    joined both = join();
    transfer_much(both.in, both.out);
    part(&both);
    return 0;
}

TASK_TEST(fault_S1_one_byte_at_a_time_is_enough)
{
    char buffer[128];
    eddyi_inject_plan plan = {.most_bytes = 1};
    NEEDS_REAL_DESCRIPTORS();
    joined both = join();
    eddyi_inject_start(&plan);
    assert_int_equal(eddy_stream_write(both.out, "one two three", 13), 0);
    assert_int_equal(eddy_stream_write_eof(both.out), 0);
    assert_int_equal(pair_read_all(both.in, buffer, sizeof buffer), 13);
    eddyi_inject_stop();
    assert_memory_equal(buffer, "one two three", 13);
    part(&both);
    return 0;
}

TASK_TEST(write_eof_closes_when_all_is_sent)
{
    static char got[MUCH + 1];
    NEEDS_REAL_DESCRIPTORS();
    fill_much();
    joined both = join();
    assert_int_equal(eddy_stream_write_nowait(both.out, much, MUCH), 0); /* more than a pipe holds */
    assert_int_equal(eddy_stream_write_eof(both.out), 0);
    assert_int_equal(eddy_stream_write_eof(both.out), 0);
    assert_int_equal(eddy_stream_write(both.out, "x", 1), EDDY_ECLOSED);
    assert_int_equal(pair_read_all(both.in, got, sizeof got), MUCH);
    assert_memory_equal(got, much, MUCH);
    assert_int_equal(eddy_stream_wait_closed(both.out), 0);
    part(&both);
    return 0;
}

TASK_TEST(limits_of_the_options_are_used)
{
    int ends[2];
    eddy_view line;
    joined both;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    eddy_pipe_options options;
    eddy_pipe_options_init(&options);
    options.limit = 8;
    assert_int_equal(eddy_connect_read_pipe(&both.in, ends[0], &options), 0);
    both.out = writing(ends[1]);
    assert_int_equal(eddy_stream_write(both.out, "a line that is too long\nshort\n", 30), 0);
    assert_int_equal(eddy_stream_readline(both.in, &line), EDDY_ELIMIT);
    assert_int_equal(eddy_stream_readline(both.in, &line), 6);
    part(&both);
    return 0;
}

TASK_TEST(fault_S9_pipe_that_nobody_reads_is_given_up_in_time)
{
    int ends[2];
    eddy_stream *out;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    eddy_pipe_options options = {.size = sizeof options, .close_timeout = -1};
    assert_int_equal(eddy_connect_write_pipe(&out, ends[1], &options), EDDY_EINVAL);
    options.close_timeout = 0.01;
    assert_int_equal(eddy_connect_write_pipe(&out, ends[1], &options), 0);
    assert_int_equal(eddy_stream_write_nowait(out, much, MUCH), 0);
    assert_int_equal(eddy_stream_write_eof(out), 0);
    assert_int_equal(eddy_stream_wait_closed(out), EDDY_ETIMEDOUT);
    eddy_stream_release(out);
    close(ends[0]);
    return 0;
}

/* ---- the reader goes away ---- */

TASK_TEST(fault_S15_a_reader_that_goes_is_noticed_and_nothing_was_lost)
{
    struct sigaction pipe_signal;
    int ends[2];
    NEEDS_REAL_DESCRIPTORS();
    assert_int_equal(sigaction(SIGPIPE, NULL, &pipe_signal), 0);
    assert_true(pipe_signal.sa_handler == SIG_DFL); /* and yet nobody dies */
    open_pipe(ends);
    eddy_stream *out = writing(ends[1]);
    assert_int_equal(eddy_stream_write(out, "x", 1), 0);
    close(ends[0]);
    assert_int_equal(eddy_stream_wait_closed(out), 0); /* without a write */
    assert_true(eddy_stream_is_closing(out));
    assert_int_equal(eddy_stream_write(out, "x", 1), EDDY_EPIPE);
    assert_int_equal(eddy_stream_drain(out), EDDY_EPIPE);
    eddy_stream_release(out);
    return 0;
}

TASK_TEST(fault_S15_a_reader_that_goes_with_bytes_unsent_is_an_error)
{
    int ends[2];
    eddy_task *writer;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    eddy_stream *out = writing(ends[1]);
    assert_int_equal(eddy_create_task(&writer, write_much, eddy_stream_retain(out), NULL), 0);
    assert_int_equal(eddy_sleep(0.001), 0);
    assert_false(eddy_task_done(writer));
    close(ends[0]);
    assert_int_equal(eddy_await(writer, NULL), EDDY_EPIPE);
    assert_int_equal(eddy_stream_wait_closed(out), EDDY_EPIPE);
    assert_int_equal(eddy_stream_write_buffer_size(out), 0);
    eddy_task_release(writer);
    eddy_stream_release(out);
    eddy_stream_release(out);
    return 0;
}

TASK_TEST(fault_S15_a_reader_that_was_never_there_kills_nobody)
{
    int ends[2];
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    close(ends[0]);
    eddy_stream *out = writing(ends[1]);
    assert_int_equal(eddy_stream_write(out, "x", 1), EDDY_EPIPE);
    assert_int_equal(eddy_stream_wait_closed(out), 0);
    eddy_stream_release(out);
    return 0;
}

TASK_TEST(a_stream_let_go_with_bytes_unsent_still_sends_them)
{
    static char got[MUCH + 1];
    NEEDS_REAL_DESCRIPTORS();
    fill_much();
    joined both = join();
    assert_int_equal(eddy_stream_write_nowait(both.out, much, MUCH), 0);
    eddy_stream_release(both.out);
    assert_int_equal(pair_read_all(both.in, got, sizeof got), MUCH);
    both.out = NULL;
    part(&both);
    return 0;
}

TASK_TEST(a_stream_let_go_goes_when_its_reader_does)
{
    int ends[2];
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    eddy_stream *out = writing(ends[1]);
    assert_int_equal(eddy_stream_write_nowait(out, much, MUCH), 0);
    eddy_stream_release(out);
    assert_true(is_open(ends[1]));
    close(ends[0]);
    while (is_open(ends[1]))
        assert_int_equal(eddy_sleep(0.001), 0);
    return 0;
}

/* ---- sockets, FIFOs, terminals ---- */

TASK_TEST(sockets_do_as_pipes_and_what_the_other_end_says_is_no_end)
{
    int ends[2];
    char buffer[8];
    NEEDS_REAL_DESCRIPTORS();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(write(ends[0], "noise", 5), 5); /* the writing end does not read it */
    eddy_stream *out = writing(ends[1]), *in = reading(ends[0]);
    assert_int_equal(eddy_sleep(0.001), 0);
    assert_false(eddy_stream_is_closing(out));
    assert_int_equal(eddy_stream_write(out, "abc", 3), 0);
    assert_int_equal(eddy_stream_read(in, buffer, sizeof buffer), 3);
    end(in);
    assert_int_equal(eddy_stream_write(out, "abc", 3), EDDY_EPIPE);
    eddy_stream_release(out);
    eddy_stream_release(in);
    return 0;
}

TASK_TEST(a_socket_whose_reader_goes_is_noticed)
{
    int ends[2];
    NEEDS_REAL_DESCRIPTORS();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    eddy_stream *out = writing(ends[1]);
    close(ends[0]);
    assert_int_equal(eddy_stream_wait_closed(out), 0);
    eddy_stream_release(out);
    return 0;
}

TASK_TEST(a_fifo_does_as_a_pipe)
{
    char path[] = "/tmp/eddy-fifo-XXXXXX";
    NEEDS_REAL_DESCRIPTORS();
    assert_non_null(mkdtemp(path));
    char name[sizeof path + 8];
    snprintf(name, sizeof name, "%s/fifo", path);
    assert_int_equal(mkfifo(name, 0600), 0);
    int in = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int out = open(name, O_WRONLY | O_CLOEXEC);
    assert_true(in >= 0 && out >= 0);
    joined both = {reading(in), writing(out)};
    transfer_much(both.in, both.out);
    part(&both);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(rmdir(path), 0);
    return 0;
}

typedef struct terminal {
    int master, slave;
} terminal;

static terminal open_terminal(void)
{
    struct termios raw;
    terminal both = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(both.master >= 0);
    assert_int_equal(grantpt(both.master), 0);
    assert_int_equal(unlockpt(both.master), 0);
    both.slave = open(ptsname(both.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(both.slave >= 0);
    assert_int_equal(tcgetattr(both.slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(both.slave, TCSANOW, &raw), 0);
    return both;
}

TASK_TEST(a_terminal_is_read_and_written_like_a_pipe)
{
    char buffer[16];
    read_call call;
    NEEDS_REAL_DESCRIPTORS();
    terminal both = open_terminal();
    eddy_stream *typed = writing(both.master), *program = reading(both.slave);
    eddy_task *reader = start_reading(&call, program);
    assert_int_equal(eddy_stream_write(typed, "ls\n", 3), 0);
    assert_int_equal(eddy_await(reader, NULL), 0);
    assert_int_equal(call.got, 3);
    end(typed);
    assert_int_equal(eddy_stream_read(program, buffer, sizeof buffer), 0); /* hung up */
    eddy_task_release(reader);
    eddy_stream_release(typed);
    eddy_stream_release(program);
    return 0;
}

/* P9: Linux says EIO when a terminal's other end is gone. What it wrote before is read first. */
TASK_TEST(fault_P9_a_terminal_that_is_gone_has_ended)
{
    char buffer[16];
    NEEDS_REAL_DESCRIPTORS();
    terminal both = open_terminal();
    eddy_stream *in = reading(both.master);
    assert_int_equal(write(both.slave, "bye", 3), 3);
    close(both.slave);
    assert_int_equal(pair_read_all(in, buffer, sizeof buffer), 3);
    assert_int_equal(eddy_stream_read(in, buffer, sizeof buffer), 0);
    assert_true(eddy_stream_at_eof(in));
    eddy_stream_close(in);
    assert_int_equal(eddy_stream_wait_closed(in), 0);
    eddy_stream_release(in);
    return 0;
}

/* ---- the end of the loop, memory, calls that fail ---- */

static eddy_stream *left[2];

static int leave_open(void *arg)
{
    static read_call call;
    (void)arg;
    joined both = join();
    eddy_task *reader = start_reading(&call, both.in);
    assert_int_equal(eddy_stream_write_nowait(both.out, much, MUCH), 0);
    assert_int_equal(eddy_await(reader, NULL), 0);
    assert_int_equal(eddy_stream_write_nowait(both.out, much, MUCH), 0);
    eddy_task_release(reader);
    left[0] = both.in;
    left[1] = both.out;
    return 0;
}

static void fault_P14_a_loop_closed_under_pipes_leaves_nothing(void **state)
{
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("descriptors from elsewhere cannot be reached");
        return;
    }
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    assert_int_equal(eddy_run(leave_open, NULL, &options), 0);
    assert_int_equal(support_open_descriptors(), descriptors);
    eddy_stream_release(left[0]);
    eddy_stream_release(left[1]);
    assert_int_equal(support_live_blocks(), blocks);
}

TASK_TEST(fault_M1_a_pipe_that_cannot_be_taken_over_is_left_alone)
{
    eddyi_inject_plan plan = {.fail_at = 1};
    int ends[2], rc, failures = 0;
    eddy_stream *stream;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    joined before = join(); /* what the backend keeps for all descriptors is there */
    part(&before);
    long blocks = support_live_blocks();
    do {
        eddyi_inject_start(&plan);
        rc = eddy_connect_write_pipe(&stream, ends[1], NULL);
        eddyi_inject_stop();
        if (rc < 0) {
            assert_true(is_open(ends[1]));
            assert_int_equal(support_live_blocks(), blocks);
            failures++;
        }
        plan.fail_at++;
    } while (rc < 0);
    assert_true(failures >= 3); /* fstat, fcntl, memory */
    eddy_stream_release(stream);
    close(ends[0]);
    return 0;
}

int suite_pipes(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_flow_through_a_pipe_and_it_ends_when_the_writer_closes),
        cmocka_unit_test(a_read_that_is_cancelled_loses_no_byte),
        cmocka_unit_test(a_stream_owns_its_descriptor_and_gives_the_file_back_as_it_was),
        cmocka_unit_test(what_never_waits_or_is_not_there_is_refused_and_left_alone),
        cmocka_unit_test(a_pipe_needs_a_running_loop),
        cmocka_unit_test(the_simulator_says_that_it_reaches_no_pipe),
        cmocka_unit_test(a_pipe_has_one_direction),
        cmocka_unit_test(fault_S3_a_full_pipe_makes_the_writer_wait),
        cmocka_unit_test(fault_S1_one_byte_at_a_time_is_enough),
        cmocka_unit_test(write_eof_closes_when_all_is_sent),
        cmocka_unit_test(limits_of_the_options_are_used),
        cmocka_unit_test(fault_S9_pipe_that_nobody_reads_is_given_up_in_time),
        cmocka_unit_test(fault_S15_a_reader_that_goes_is_noticed_and_nothing_was_lost),
        cmocka_unit_test(fault_S15_a_reader_that_goes_with_bytes_unsent_is_an_error),
        cmocka_unit_test(fault_S15_a_reader_that_was_never_there_kills_nobody),
        cmocka_unit_test(a_stream_let_go_with_bytes_unsent_still_sends_them),
        cmocka_unit_test(a_stream_let_go_goes_when_its_reader_does),
        cmocka_unit_test(sockets_do_as_pipes_and_what_the_other_end_says_is_no_end),
        cmocka_unit_test(a_socket_whose_reader_goes_is_noticed),
        cmocka_unit_test(a_fifo_does_as_a_pipe),
        cmocka_unit_test(a_terminal_is_read_and_written_like_a_pipe),
        cmocka_unit_test(fault_P9_a_terminal_that_is_gone_has_ended),
        cmocka_unit_test(fault_P14_a_loop_closed_under_pipes_leaves_nothing),
        cmocka_unit_test(fault_M1_a_pipe_that_cannot_be_taken_over_is_left_alone),
    };
    return cmocka_run_group_tests_name("pipes", tests, NULL, NULL);
}
