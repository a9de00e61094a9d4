/* test_readiness_bench.h: a backend, ops on descriptors of the system, and a driver, for the tests of the readiness layer.
 * Touches seam 1 and sockets. Every wait has a limit; what a test opens it closes. */
#ifndef TEST_READINESS_BENCH_H
#define TEST_READINESS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/readiness/poller.h"
#include "core/backend.h"
#include "core/base/inject.h"
#include "core/base/memory.h"
#include "core/platform.h"

#define MILLISECOND  UINT64_C(1000000)
#define BIT_OF(call) (UINT64_C(1) << EDDYI_INJECT_##call)

typedef struct bench {
    const eddyi_backend_ops *ops;
    eddyi_backend *backend;
    uint32_t kinds;
} bench;

typedef struct trial { /* an op and what it came to */
    eddyi_op op;
    eddyi_buffer buffer;
    bool lent;
    int reports;
    eddyi_result result;
} trial;

static inline int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 8192; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static inline bench bench_open(const eddyi_backend_ops *ops)
{
    bench b = {.ops = ops};
    eddyi_backend_config config = {.allocator = eddyi_default_allocator()};
    assert_int_equal(ops->open(&b.backend, &config, &b.kinds), 0);
    return b;
}

static inline void bench_close(bench *b)
{
    b->ops->close(b->backend);
}

static inline void trial_submit(bench *b, trial *t, eddyi_descriptor *d, enum eddyi_op_kind kind, void *data,
                                size_t size)
{
    *t = (trial){.buffer = {data, size}};
    t->op = (eddyi_op){.descriptor = d,
                       .kind = (uint8_t)kind,
                       .events = EDDYI_IN,
                       .buffers = &t->buffer,
                       .buffer_count = 1,
                       .offset = UINT64_MAX,
                       .waiter = t};
    t->lent = b->ops->submit(b->backend, &t->op, &t->result) == EDDYI_PENDING;
    t->reports = !t->lent;
}

static inline int bench_wait(bench *b, uint64_t deadline, int room)
{
    eddyi_result results[64];
    int count = b->ops->wait(b->backend, deadline, results, room);
    for (int i = 0; i < count; i++) {
        trial *t = results[i].op->waiter;
        assert_true(t->lent);
        t->result = results[i];
        t->reports++;
        t->lent = !(results[i].flags & EDDYI_LAST);
    }
    return count;
}

static inline int bench_wait_for(bench *b, uint64_t nanoseconds)
{
    return bench_wait(b, eddyi_clock_now() + nanoseconds, 64);
}

static inline int64_t trial_finish(bench *b, trial *t)
{
    uint64_t limit = eddyi_clock_now() + 2000 * MILLISECOND;
    while (t->lent) {
        assert_true(eddyi_clock_now() < limit);
        assert_true(bench_wait(b, limit, 64) >= 0);
    }
    return t->result.value;
}

static inline void trial_cancel(bench *b, trial *t)
{
    assert_true(t->lent);
    assert_int_equal(b->ops->cancel(b->backend, &t->op, &t->result), EDDYI_DONE);
    assert_int_equal(t->result.value, EDDY_ECANCELED);
    t->lent = false;
}

static inline int64_t perform(bench *b, eddyi_descriptor *d, enum eddyi_op_kind kind, void *data, size_t size)
{
    trial t;
    trial_submit(b, &t, d, kind, data, size);
    return trial_finish(b, &t);
}

static inline void attach(bench *b, eddyi_descriptor *d, int fd, enum eddyi_descriptor_kind kind)
{
    *d = (eddyi_descriptor){.fd = fd, .kind = (uint8_t)kind};
    assert_int_equal(b->ops->attach(b->backend, d), 0);
}

static inline void release(bench *b, eddyi_descriptor *d)
{
    b->ops->detach(b->backend, d);
    assert_int_equal(close((int)d->fd), 0);
}

static inline void local_pair(int ends[2], int type)
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static inline int loopback_socket(struct sockaddr_in *at, int type)
{
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
    return fd;
}

static inline int loopback_listener(struct sockaddr_in *at)
{
    int fd = loopback_socket(at, SOCK_STREAM);
    assert_int_equal(listen(fd, 128), 0);
    return fd;
}

static inline int loopback_client(const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline void loopback_pair(int ends[2])
{
    struct sockaddr_in at;
    int listener = loopback_listener(&at);
    ends[0] = loopback_client(&at);
    ends[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(ends[1] >= 0);
    close(listener);
}

static inline uint64_t kernel_waits(void)
{
    return eddyi_inject_count_of(EDDYI_INJECT_epoll_pwait2) + eddyi_inject_count_of(EDDYI_INJECT_epoll_wait) +
           eddyi_inject_count_of(EDDYI_INJECT_select) + eddyi_inject_count_of(EDDYI_INJECT_kevent) +
           eddyi_inject_count_of(EDDYI_INJECT_poll) + eddyi_inject_count_of(EDDYI_INJECT_io_uring_enter);
}

#endif
