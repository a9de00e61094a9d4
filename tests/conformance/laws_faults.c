/* laws_faults.c: faults of the poller that every backend must survive, checked at the seam: P4, P5, P8, P9, P11.
 * Touches the bench and the operating system, where the fault needs a file of its own. */
#include "conformance/laws_support.h"

#include <fcntl.h>
#include <unistd.h>

#include "conformance/laws_tests.h"

static void second_attach(law_bench *b)
{
    law_pair pair;
    char byte;
    law_connect_pair(b, &pair);
    eddyi_descriptor second = {.fd = pair.near.fd, .kind = EDDYI_STREAM};
    assert_int_equal(b->ops->attach(b->backend, &pair.near), EDDY_EEXIST);
    assert_int_equal(b->ops->attach(b->backend, &second), EDDY_EEXIST);
    assert_false(second.attached);
    law_op receive = law_make(&pair.near, EDDYI_RECV, &byte, 1);
    law_submit(b, &receive); /* the first one did not notice */
    law_send_all(b, &pair.far, "x", 1);
    law_finish(b, &receive);
    assert_int_equal(receive.value, 1);
    b->ops->detach(b->backend, &pair.near);
    assert_int_equal(b->ops->attach(b->backend, &second), 0);
    b->ops->detach(b->backend, &second);
    law_release_pair(b, &pair);
}

void fault_P4_second_attach_is_refused(void **state)
{
    (void)state;
    law_run(second_attach);
}

static void refused(law_bench *b)
{
    static const struct {
        const char *path;
        int flags;
    } files[] = {{"/proc/self/exe", O_RDONLY},
                 {"/", O_RDONLY | O_DIRECTORY},
                 {"/dev/null", O_RDWR},
                 {"/dev/zero", O_RDWR}};
    static const uint8_t kinds[] = {EDDYI_FOREIGN, EDDYI_FILE, EDDYI_PIPE};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int fd = open(files[i].path, files[i].flags | O_CLOEXEC | O_NONBLOCK);
        assert_true(fd >= 0);
        for (size_t k = 0; k < sizeof kinds; k++) {
            eddyi_descriptor d = {.fd = fd, .kind = kinds[k]};
            assert_int_equal(b->ops->attach(b->backend, &d), EDDY_EPERM);
            assert_false(d.attached);
        }
        close(fd);
    }
    eddyi_descriptor closed = {.fd = 1000, .kind = EDDYI_STREAM}, none = {.fd = -1, .kind = EDDYI_STREAM};
    assert_int_equal(b->ops->attach(b->backend, &closed), EDDY_EBADF);
    assert_int_equal(b->ops->attach(b->backend, &none), EDDY_EBADF);
}

void fault_P5_files_that_never_wait_are_refused(void **state)
{
    (void)state;
    if (law_needs_real("there are no files in a simulated network"))
        law_run(refused);
}

/* Both are ready in one batch; who is told first closes the other. */
static void same_batch(law_bench *b)
{
    for (int round = 0; round < 8; round++) {
        law_pair pairs[2];
        law_op ops[2];
        char in[2];
        for (int i = 0; i < 2; i++) {
            law_connect_pair(b, &pairs[i]);
            ops[i] =
                law_make(&pairs[i].near, round % 2 ? EDDYI_RECV : EDDYI_POLL, round % 2 ? &in[i] : NULL, 1);
            ops[i].op.events = EDDYI_IN;
            law_submit(b, &ops[i]);
        }
        for (int i = 0; i < 2; i++) {
            law_op send = law_make(&pairs[i].far, EDDYI_SEND, "x", 1);
            law_submit(b, &send);
            if (send.lent)
                law_finish(b, &send);
        }
        uint64_t limit = law_now(b) + LAW_PATIENCE;
        while (ops[0].lent && ops[1].lent) {
            law_step(b, limit, 1);
            assert_true(law_now(b) < limit || !ops[0].lent || !ops[1].lent);
        }
        int other = ops[0].lent ? 0 : 1;
        law_take_back(b, &ops[other]);
        int reports = ops[other].reports;
        assert_int_equal(reports, 1);
        law_release(b, &pairs[other].near);
        memset(&pairs[other].near, 0xee, sizeof pairs[other].near);
        law_step_for(b, LAW_MILLISECOND);
        assert_int_equal(ops[other].reports, reports);
        law_release(b, &pairs[other].far);
        law_release_pair(b, &pairs[1 - other]);
    }
}

void fault_P8_closed_in_same_batch(void **state)
{
    (void)state;
    law_run(same_batch);
}

static void data_first(law_bench *b)
{
    law_pair pair;
    char out[1000], in[64];
    memset(out, 'd', sizeof out);
    law_connect_pair(b, &pair);
    law_send_all(b, &pair.far, out, sizeof out);
    law_release(b, &pair.far);
    law_step_for(b, 2 * LAW_MILLISECOND); /* the end is known before the first byte is read */
    size_t received = 0;
    for (;;) {
        int64_t n = law_do(b, &pair.near, EDDYI_RECV, in, sizeof in);
        assert_true(n >= 0);
        if (n == 0)
            break;
        received += (size_t)n;
    }
    assert_int_equal(received, sizeof out);
    assert_int_equal(law_do(b, &pair.near, EDDYI_RECV, in, sizeof in), 0); /* and again */
    law_release(b, &pair.near);
}

void fault_P9_end_comes_after_the_data(void **state)
{
    (void)state;
    law_run(data_first);
}

static uint64_t kernel_waits(void)
{
    return eddyi_inject_count_of(EDDYI_INJECT_epoll_pwait2) + eddyi_inject_count_of(EDDYI_INJECT_epoll_wait) +
           eddyi_inject_count_of(EDDYI_INJECT_select) + eddyi_inject_count_of(EDDYI_INJECT_poll) +
           eddyi_inject_count_of(EDDYI_INJECT_kevent);
}

static void no_spin(law_bench *b)
{
    law_pair pairs[3];
    for (int i = 0; i < 3; i++) {
        law_connect_pair(b, &pairs[i]);
        char byte;
        law_op receive = law_make(&pairs[i].near, EDDYI_RECV, &byte, 1);
        law_submit(b, &receive); /* so that a level-triggered poller watches it */
        law_take_back(b, &receive);
        law_send_all(b, &pairs[i].far, "unread", 6);
        law_release(b, &pairs[i].far);
    }
    law_step_for(b, LAW_MILLISECOND);
    eddyi_inject_start(NULL);
    assert_int_equal(law_step_for(b, 50 * LAW_MILLISECOND), 0);
    uint64_t waits = kernel_waits();
    eddyi_inject_stop();
    assert_in_range(waits, 0, 5);
    for (int i = 0; i < 3; i++)
        law_release(b, &pairs[i].near);
}

void fault_P9_end_that_nobody_reads_does_not_spin(void **state)
{
    (void)state;
    law_run(no_spin);
}

static void terminal(law_bench *b)
{
    char in[16];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0);
    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    eddyi_descriptor d;
    law_attach(b, &d, master, EDDYI_PIPE);
    assert_int_equal(write(slave, "bye", 3), 3);
    close(slave); /* hangs up with three bytes unread */
    law_step_for(b, LAW_MILLISECOND);
    size_t received = 0;
    int64_t n;
    while ((n = law_do(b, &d, EDDYI_READ, in + received, 2)) > 0)
        received += (size_t)n;
    assert_int_equal(received, 3);
    assert_memory_equal(in, "bye", 3);
    assert_true(n == 0 || n == EDDY_EIO);
    law_release(b, &d);
}

void fault_P9_terminal_is_read_to_its_end(void **state)
{
    (void)state;
    if (law_needs_real("there are no terminals in a simulated network") &&
        law_needs(SUPPORT_TERMINALS, "there are no terminals as POSIX has them"))
        law_run(terminal);
}

static void others_turn(law_bench *b)
{
    enum { FLOOD = 8 * 1024, PINGS = 20 };
    static char flood[FLOOD];
    law_pair busy, quiet;
    char busy_in, quiet_in;
    int busy_reports = 0;
    law_connect_pair(b, &busy);
    law_connect_pair(b, &quiet);
    law_send_all(b, &busy.far, flood, sizeof flood);
    law_op endless = law_make(&busy.near, EDDYI_POLL, NULL, 0);
    endless.op.events = EDDYI_IN;
    endless.op.flags = EDDYI_MULTI;
    law_submit(b, &endless);
    for (int i = 0; i < PINGS; i++) {
        law_op receive = law_make(&quiet.near, EDDYI_RECV, &quiet_in, 1);
        law_submit(b, &receive);
        law_send_all(b, &quiet.far, "p", 1);
        uint64_t sent = law_now(b);
        int turns = 0;
        while (receive.lent) {
            law_step(b, law_now(b) + LAW_MILLISECOND, 1);
            turns++;
            assert_true(turns < 50 || (b->is_virtual && law_now(b) - sent < LAW_PATIENCE));
        }
    }
    busy_reports = endless.reports;
    law_take_back(b, &endless);
    assert_true(busy_reports > 0);
    law_receive_all(b, &busy.near, &busy_in, 1);
    law_release_pair(b, &busy);
    law_release_pair(b, &quiet);
}

void fault_P11_busy_descriptor_leaves_others_their_turn(void **state)
{
    (void)state;
    law_run(others_turn);
}
