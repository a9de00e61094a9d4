/* test_iocp_bench.h: a bench for the completion port: one backend, ops in pages of their own, sockets and pipes of the system.
 * Touches seam 1, the network table and the system's memory. Every wait has a limit; memory that was reported may not be touched by anybody again. */
#ifndef TEST_IOCP_BENCH_H
#define TEST_IOCP_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/iocp/iocp.h"
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"

extern const eddyi_backend_ops eddyi_backend_iocp;

#define MILLISECOND UINT64_C(1000000)
#define PATIENCE    (5000 * MILLISECOND)

enum { ROOM = 64, PAGE = 4096 };

typedef struct bench {
    eddyi_backend *backend;
    uint32_t kinds;
    int lent;
} bench;

typedef struct trial {
    eddyi_op op; /* op.waiter points at this struct */
    eddyi_buffer buffer;
    eddyi_address address;
    bool lent;
    int reports;
    eddyi_result result;
} trial;

enum { SKIP = 0, NEVER_SKIP = 1, ASK_THROUGH_SOCKET = 2 };

static inline bench bench_open(int how)
{
    bench b = {0};
    eddyi_backend_config config = {.allocator = eddyi_default_allocator()};
    assert_int_equal(eddyi_backend_iocp.open(&b.backend, &config, &b.kinds), 0);
    if (how & NEVER_SKIP)
        eddyi_iocp_never_skip(b.backend);
    if (how & ASK_THROUGH_SOCKET)
        assert_int_equal(eddyi_iocp_ask_through_socket(b.backend), 0);
    return b;
}

static inline void bench_close(bench *b)
{
    assert_int_equal(b->lent, 0);
    eddyi_backend_iocp.close(b->backend);
}

static inline void attach(bench *b, eddyi_descriptor *d, eddy_fd fd, enum eddyi_descriptor_kind kind)
{
    *d = (eddyi_descriptor){.fd = fd, .kind = (uint8_t)kind};
    assert_int_equal(eddyi_backend_iocp.attach(b->backend, d), 0);
}

static inline void release(bench *b, eddyi_descriptor *d)
{
    eddyi_backend_iocp.detach(b->backend, d);
    assert_int_equal(eddyi_platform_net.close(NULL, d->fd), 0);
}

/* ---- ops ---- */

static inline void prepare(trial *t, eddyi_descriptor *d, enum eddyi_op_kind kind, void *data, size_t size)
{
    *t = (trial){.buffer = {data, size}};
    t->op = (eddyi_op){.descriptor = d,
                       .kind = (uint8_t)kind,
                       .buffers = &t->buffer,
                       .buffer_count = data != NULL ? 1 : 0,
                       .offset = UINT64_MAX,
                       .address = &t->address,
                       .waiter = t};
}

static inline void told(bench *b, trial *t, const eddyi_result *result)
{
    t->reports++;
    t->result = *result;
    if (!(t->op.flags & EDDYI_MULTI))
        assert_true(result->flags & EDDYI_LAST);
    if ((result->flags & EDDYI_LAST) && t->lent) {
        t->lent = false;
        b->lent--;
    }
}

static inline void submit(bench *b, trial *t)
{
    eddyi_result now;
    t->reports = 0;
    if (eddyi_backend_iocp.submit(b->backend, &t->op, &now) == EDDYI_DONE) {
        told(b, t, &now);
        return;
    }
    t->lent = true;
    b->lent++;
}

static inline void cancel(bench *b, trial *t)
{
    eddyi_result now;
    assert_true(t->lent);
    if (eddyi_backend_iocp.cancel(b->backend, &t->op, &now) == EDDYI_DONE)
        told(b, t, &now);
}

static inline int step(bench *b, uint64_t deadline)
{
    eddyi_result results[ROOM];
    int count = eddyi_backend_iocp.wait(b->backend, deadline, results, ROOM);
    assert_in_range(count, 0, ROOM);
    for (int i = 0; i < count; i++) {
        trial *t = results[i].op->waiter;
        assert_true(t->lent); /* else it is told twice */
        told(b, t, &results[i]);
    }
    return count;
}

static inline int step_for(bench *b, uint64_t nanoseconds)
{
    return step(b, eddyi_clock_now() + nanoseconds);
}

static inline int64_t finish(bench *b, trial *t)
{
    uint64_t limit = eddyi_clock_now() + PATIENCE;
    while (t->lent) {
        (void)step(b, limit);
        assert_true(!t->lent || eddyi_clock_now() < limit);
    }
    assert_true((t->op.flags & EDDYI_MULTI) || t->reports == 1);
    return t->result.value;
}

static inline int64_t take_back(bench *b, trial *t)
{
    if (t->lent)
        cancel(b, t);
    return finish(b, t);
}

static inline int64_t perform(bench *b, eddyi_descriptor *d, enum eddyi_op_kind kind, void *data, size_t size)
{
    trial t;
    prepare(&t, d, kind, data, size);
    submit(b, &t);
    return finish(b, &t);
}

static inline void nothing_more(bench *b)
{
    assert_int_equal(step_for(b, 2 * MILLISECOND), 0);
    assert_int_equal(eddyi_iocp_strays(b->backend), 0);
}

/* ---- sockets and pipes of the system, which nobody has attached ---- */

static inline eddy_fd bound_socket(enum eddyi_socket_type type, eddyi_address *at)
{
    eddy_fd fd;
    eddyi_address any;
    assert_true(eddyi_platform_net.resolve(NULL, "127.0.0.1", "0", EDDYI_FAMILY_IPV4, type,
                                           EDDYI_RESOLVE_NUMERIC, &any, 1) >= 1);
    assert_int_equal(eddyi_platform_net.socket(NULL, &fd, EDDYI_FAMILY_IPV4, type), 0);
    assert_int_equal(eddyi_platform_net.bind(NULL, fd, &any), 0);
    if (type == EDDYI_SOCKET_STREAM)
        assert_int_equal(eddyi_platform_net.listen(NULL, fd, 64), 0);
    assert_int_equal(eddyi_platform_net.local_address(NULL, fd, at), 0);
    return fd;
}

static inline void set_blocking(eddy_fd fd, bool on)
{
    assert_int_equal(eddyi_platform_net.set_option(NULL, fd, EDDYI_NON_BLOCKING, !on), 0);
}

static inline eddy_fd blocking_client(const eddyi_address *to)
{
    eddy_fd fd;
    assert_int_equal(eddyi_platform_net.socket(NULL, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM), 0);
    set_blocking(fd, true);
    assert_int_equal(connect((SOCKET)fd, (const struct sockaddr *)(const void *)to->bytes, (int)to->size), 0);
    return fd;
}

/* ends[0] does not block, ends[1] does. */
static inline void socket_pair(eddy_fd ends[2])
{
    eddyi_address at;
    eddy_fd listener = bound_socket(EDDYI_SOCKET_STREAM, &at);
    ends[1] = blocking_client(&at);
    set_blocking(listener, true);
    SOCKET accepted = accept((SOCKET)listener, NULL, NULL);
    assert_true(accepted != INVALID_SOCKET);
    ends[0] = (eddy_fd)accepted;
    set_blocking(ends[0], false);
    assert_int_equal(eddyi_platform_net.close(NULL, listener), 0);
}

static inline void send_now(eddy_fd fd, const void *data, size_t size)
{
    assert_int_equal(send((SOCKET)fd, data, (int)size, 0), (int)size);
}

static inline void close_now(eddy_fd fd)
{
    assert_int_equal(eddyi_platform_net.close(NULL, fd), 0);
}

/* Both ends are overlapped. ends[0] is read. */
static inline void pipe_pair(eddy_fd ends[2])
{
    static int made;
    wchar_t name[64];
    (void)_snwprintf(name, 64, L"\\\\.\\pipe\\eddy-test-%lx-%x", GetCurrentProcessId(), made++);
    HANDLE server =
        CreateNamedPipeW(name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                         PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT, 1, 65536, 65536, 0, NULL);
    assert_true(server != INVALID_HANDLE_VALUE);
    HANDLE client = CreateFileW(name, GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    assert_true(client != INVALID_HANDLE_VALUE);
    ends[0] = (eddy_fd)server;
    ends[1] = (eddy_fd)client;
}

/* ---- pages that nobody may touch once they are given back ---- */

static inline void *page_take(void *page)
{
    DWORD before;
    if (page == NULL)
        page = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(page);
    assert_true(VirtualProtect(page, PAGE, PAGE_READWRITE, &before));
    memset(page, 0xa5, PAGE);
    return page;
}

static inline void page_close(void *page)
{
    DWORD before;
    assert_true(VirtualProtect(page, PAGE, PAGE_NOACCESS, &before));
}

static inline void page_free(void *page)
{
    assert_true(VirtualFree(page, 0, MEM_RELEASE));
}

#endif
