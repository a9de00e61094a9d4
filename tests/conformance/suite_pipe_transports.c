/* suite_pipe_transports.c: connect_read_pipe and connect_write_pipe with protocols (asyncio 18.1). Rule numbers are those of asyncio's inventory.
 * Touches the public API and real descriptors. The simulator has none, and says so. */
#include "pair.h"
#include "recorder.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/inject.h"

#define NEEDS_REAL_DESCRIPTORS()                                                                             \
    do {                                                                                                     \
        (void)arg;                                                                                           \
        if (support_is_simulated())                                                                          \
            return support_skip("nothing outside can be reached");                                           \
    } while (0)

enum { MUCH = 1 << 20 };

static char much[MUCH];

static eddy_loop *loop(void)
{
    return eddy_get_running_loop();
}

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static void begin_reading(recorder *r, int fd)
{
    recorder_init(r, false);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), NULL, fd, &r->protocol, NULL), 0);
    assert_string_equal(r->story.text, ""); /* connection_made comes through the loop */
    recorder_wait(r, 'M');
}

static void begin_writing(recorder *r, int fd)
{
    recorder_init(r, false);
    assert_int_equal(eddy_loop_connect_write_pipe(loop(), NULL, fd, &r->protocol, NULL), 0);
    recorder_wait(r, 'M');
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static bool is_non_blocking(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/* ---- reading ---- */

TASK_TEST(pipe_transport_tells_data_then_the_end_then_the_loss)
{
    int ends[2];
    recorder r;
    eddy_stream *out;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_reading(&r, ends[0]);
    assert_int_equal(eddy_connect_write_pipe(&out, ends[1], NULL), 0);
    assert_int_equal(eddy_transport_fileno(r.transport), ends[0]);
    assert_int_equal(eddy_stream_write(out, "hello", 5), 0);
    recorder_wait_data(&r, 5);
    assert_int_equal(eddy_stream_write(out, "you", 3), 0);
    recorder_wait_data(&r, 8);
    assert_memory_equal(r.data, "helloyou", 8);
    eddy_stream_release(out);
    recorder_wait(&r, 'L');
    assert_string_equal(r.story.text, "MddeL");
    assert_int_equal(r.lost_with, 0);
    assert_false(is_open(ends[0]));
    return 0;
}

TASK_TEST(pipe_transport_closes_at_its_end_whatever_eof_received_returns)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_reading(&r, ends[0]);
    r.stays_at_end = true;
    close(ends[1]);
    recorder_wait(&r, 'L');
    assert_string_equal(r.story.text, "MeL");
    return 0;
}

TASK_TEST(pipe_transport_reads_into_the_protocols_own_memory)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    recorder_init(&r, true);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), NULL, ends[0], &r.protocol, NULL), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    recorder_wait_data(&r, 3);
    assert_memory_equal(r.data, "abc", 3);
    close(ends[1]);
    recorder_wait(&r, 'L');
    return 0;
}

TASK_TEST(pipe_transport_paused_gets_nothing_until_it_is_resumed)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    recorder_init(&r, false);
    r.pauses_when_made = true;
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), NULL, ends[0], &r.protocol, NULL), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    recorder_wait(&r, 'M');
    support_turn_the_loop();
    assert_false(eddy_transport_is_reading(r.transport));
    assert_string_equal(r.story.text, "M");
    eddy_transport_resume_reading(r.transport);
    recorder_wait(&r, 'L');
    assert_string_equal(r.story.text, "MdeL");
    return 0;
}

/* EIO is how Linux says that a terminal's other end is gone. */
TASK_TEST(fault_P9_pipe_transport_of_a_terminal_that_is_gone_has_ended)
{
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    begin_reading(&r, master);
    assert_int_equal(write(slave, "bye", 3), 3);
    close(slave);
    recorder_wait(&r, 'L');
    assert_memory_equal(r.data, "bye", 3);
    assert_int_equal(r.lost_with, 0);
    return 0;
}

/* ---- writing ---- */

TASK_TEST(pipe_transport_write_eof_closes_when_all_is_sent)
{
    static char got[MUCH + 1];
    int ends[2];
    recorder r;
    eddy_stream *in;
    NEEDS_REAL_DESCRIPTORS();
    for (size_t i = 0; i < MUCH; i++)
        much[i] = (char)(i * 31);
    open_pipe(ends);
    begin_writing(&r, ends[1]);
    assert_true(eddy_transport_can_write_eof(r.transport));
    assert_int_equal(eddy_transport_write(r.transport, much, MUCH), 0); /* more than a pipe holds */
    assert_string_equal(r.story.text, "Mp");
    assert_int_equal(eddy_transport_write_eof(r.transport), 0);
    assert_int_equal(eddy_transport_write(r.transport, "x", 1), EDDY_ECLOSED);
    assert_int_equal(eddy_connect_read_pipe(&in, ends[0], NULL), 0);
    assert_int_equal(pair_read_all(in, got, sizeof got), MUCH);
    assert_memory_equal(got, much, MUCH);
    recorder_wait(&r, 'L');
    assert_int_equal(r.story.text[r.story.told - 1], 'L');
    assert_int_equal(r.lost_with, 0);
    eddy_stream_release(in);
    return 0;
}

TASK_TEST(fault_S15_pipe_transport_whose_reader_goes_is_lost_without_an_error)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_writing(&r, ends[1]);
    assert_int_equal(eddy_transport_write(r.transport, "x", 1), 0);
    close(ends[0]);
    recorder_wait(&r, 'L'); /* without another write */
    assert_int_equal(r.lost_with, 0);
    return 0;
}

TASK_TEST(fault_S15_pipe_transport_whose_reader_goes_with_bytes_unsent_is_told)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_writing(&r, ends[1]);
    assert_int_equal(eddy_transport_write(r.transport, much, MUCH), 0);
    eddy_transport_close(r.transport); /* it watches until all is sent */
    close(ends[0]);
    recorder_wait(&r, 'L');
    assert_int_equal(r.lost_with, EDDY_EPIPE);
    return 0;
}

TASK_TEST(fault_S15_pipe_transport_whose_reader_was_never_there)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    close(ends[0]);
    recorder_init(&r, false);
    assert_int_equal(eddy_loop_connect_write_pipe(loop(), NULL, ends[1], &r.protocol, NULL), 0);
    recorder_wait(&r, 'L');
    assert_string_equal(r.story.text, "ML");
    assert_int_equal(r.lost_with, 0);
    return 0;
}

/* ---- directions ---- */

TASK_TEST(pipe_transport_has_one_direction)
{
    int ends[2];
    recorder in, out;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_reading(&in, ends[0]);
    begin_writing(&out, ends[1]);
    assert_int_equal(eddy_transport_write(in.transport, "x", 1), EDDY_EOPNOTSUPP);
    assert_false(eddy_transport_can_write_eof(in.transport));
    assert_int_equal(eddy_transport_write_eof(in.transport), EDDY_EOPNOTSUPP);
    assert_true(eddy_transport_is_reading(in.transport));
    assert_false(eddy_transport_is_reading(out.transport));
    eddy_transport_pause_reading(out.transport); /* nothing to pause: it is still watched */
    eddy_transport_resume_reading(out.transport);
    assert_int_equal(eddy_transport_write(out.transport, "y", 1), 0); /* none of this harmed it */
    recorder_wait_data(&in, 1);
    eddy_transport_close(in.transport);
    recorder_wait(&out, 'L');
    recorder_wait(&in, 'L');
    assert_int_equal(out.lost_with, 0);
    return 0;
}

TASK_TEST(pipe_transport_gives_the_open_file_back_as_it_was)
{
    int ends[2];
    recorder r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    int copy = dup(ends[0]);
    begin_reading(&r, ends[0]);
    assert_true(is_non_blocking(copy));
    eddy_transport_close(r.transport);
    recorder_wait(&r, 'L');
    assert_false(is_non_blocking(copy));
    assert_false(is_open(ends[0]));
    close(copy);
    close(ends[1]);
    return 0;
}

TASK_TEST(pipe_transport_refuses_what_is_no_pipe_and_leaves_it_alone)
{
    int ends[2];
    recorder r, second;
    eddy_transport *transport = NULL;
    eddy_pipe_options no_size = {.high_water = 1};
    NEEDS_REAL_DESCRIPTORS();
    recorder_init(&second, false);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), &transport, file, &second.protocol, NULL),
                     EDDY_EINVAL);
    assert_int_equal(eddy_loop_connect_write_pipe(loop(), &transport, -1, &second.protocol, NULL),
                     EDDY_EBADF);
    open_pipe(ends);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), NULL, ends[0], NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_connect_read_pipe(NULL, NULL, ends[0], &second.protocol, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), NULL, ends[0], &second.protocol, &no_size),
                     EDDY_EINVAL);
    assert_true(is_open(file) && !is_non_blocking(file) && !is_non_blocking(ends[0]));
    begin_reading(&r, ends[0]);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), &transport, ends[0], &second.protocol, NULL),
                     EDDY_EBUSY);
    assert_null(transport);
    assert_string_equal(second.story.text, "");
    eddy_transport_close(r.transport);
    recorder_wait(&r, 'L');
    close(ends[1]);
    close(file);
    return 0;
}

TASK_TEST(pipe_transport_is_unknown_to_the_simulator)
{
    int ends[2];
    recorder r;
    (void)arg;
    if (!support_is_simulated())
        return support_skip("they can be reached");
    open_pipe(ends);
    recorder_init(&r, false);
    assert_int_equal(eddy_loop_connect_read_pipe(loop(), NULL, ends[0], &r.protocol, NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_loop_connect_write_pipe(loop(), NULL, ends[1], &r.protocol, NULL), EDDY_ENOSYS);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TASK_TEST(pipe_transport_has_no_names_and_an_abort_is_no_error)
{
    int ends[2];
    recorder r;
    char text[64];
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_reading(&r, ends[0]);
    assert_true(eddy_transport_peer_name(r.transport, text, sizeof text) < 0);
    assert_null(eddy_transport_ssl_object(r.transport));
    eddy_transport_abort(r.transport);
    recorder_wait(&r, 'L');
    assert_int_equal(r.lost_with, 0);
    close(ends[1]);
    return 0;
}

/* ---- the end of the loop, memory, calls that fail ---- */

static recorder left[3];

static int leave_open(void *arg)
{
    int *ends = arg;
    int first[2];
    open_pipe(first);
    begin_reading(&left[0], first[0]);
    begin_writing(&left[1], dup(ends[1]));
    assert_int_equal(eddy_transport_write(left[1].transport, much, MUCH), 0);
    recorder_init(&left[2], false); /* of this one connection_made was never called */
    assert_int_equal(eddy_loop_connect_write_pipe(loop(), NULL, first[1], &left[2].protocol, NULL), 0);
    return 0;
}

static void fault_P14_loop_closed_under_pipe_transports_tells_their_protocols(void **state)
{
    int ends[2];
    (void)state;
    if (support_is_simulated()) {
        (void)support_skip("nothing outside can be reached");
        return;
    }
    open_pipe(ends);
    assert_int_equal(support_run(leave_open, ends), 0);
    close(ends[0]);
    close(ends[1]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(recorder_count(&left[i], 'L'), 1);
    assert_int_equal(left[0].lost_with, EDDY_ECANCELED);
    assert_int_equal(left[1].lost_with, EDDY_ECANCELED);
}

TASK_TEST(fault_M1_pipe_transport_that_cannot_be_made_leaves_the_pipe_alone)
{
    eddyi_inject_plan plan = {.fail_at = 1};
    int ends[2], rc, failures = 0;
    recorder before, r;
    NEEDS_REAL_DESCRIPTORS();
    open_pipe(ends);
    begin_reading(&before, ends[0]); /* what the loop keeps for all transports is there */
    recorder_init(&r, false);
    long blocks = support_live_blocks();
    do {
        eddyi_inject_start(&plan);
        rc = eddy_loop_connect_write_pipe(loop(), NULL, ends[1], &r.protocol, NULL);
        eddyi_inject_stop();
        if (rc < 0) {
            assert_true(is_open(ends[1]) && !is_non_blocking(ends[1]));
            assert_int_equal(support_live_blocks(), blocks);
            failures++;
        }
        plan.fail_at++;
    } while (rc < 0);
    assert_true(failures >= 3); /* fstat, fcntl, memory */
    recorder_wait(&r, 'M');
    eddy_transport_close(r.transport);
    recorder_wait(&r, 'L');
    recorder_wait(&before, 'L');
    return 0;
}

int suite_pipe_transports(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_transport_tells_data_then_the_end_then_the_loss),
        cmocka_unit_test(pipe_transport_closes_at_its_end_whatever_eof_received_returns),
        cmocka_unit_test(pipe_transport_reads_into_the_protocols_own_memory),
        cmocka_unit_test(pipe_transport_paused_gets_nothing_until_it_is_resumed),
        cmocka_unit_test(fault_P9_pipe_transport_of_a_terminal_that_is_gone_has_ended),
        cmocka_unit_test(pipe_transport_write_eof_closes_when_all_is_sent),
        cmocka_unit_test(fault_S15_pipe_transport_whose_reader_goes_is_lost_without_an_error),
        cmocka_unit_test(fault_S15_pipe_transport_whose_reader_goes_with_bytes_unsent_is_told),
        cmocka_unit_test(fault_S15_pipe_transport_whose_reader_was_never_there),
        cmocka_unit_test(pipe_transport_has_one_direction),
        cmocka_unit_test(pipe_transport_gives_the_open_file_back_as_it_was),
        cmocka_unit_test(pipe_transport_refuses_what_is_no_pipe_and_leaves_it_alone),
        cmocka_unit_test(pipe_transport_is_unknown_to_the_simulator),
        cmocka_unit_test(pipe_transport_has_no_names_and_an_abort_is_no_error),
        cmocka_unit_test(fault_P14_loop_closed_under_pipe_transports_tells_their_protocols),
        cmocka_unit_test(fault_M1_pipe_transport_that_cannot_be_made_leaves_the_pipe_alone),
    };
    return cmocka_run_group_tests_name("pipe transports", tests, NULL, NULL);
}
