/* test_sim_bench.h: a bench for the simulator: one instance, ops that count their reports, connections.
 * Touches the seam and sim.h. Closing it checks that no op is lent, no socket open and no block allocated. */
#ifndef TEST_SIM_BENCH_H
#define TEST_SIM_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/sim/sim.h"
#include "core/backend.h"
#include "core/base/inject.h"
#include "core/platform.h"

extern const eddyi_backend_ops eddyi_backend_sim;

enum { ROOM = 32 };
#define MILLISECOND UINT64_C(1000000)
#define SECOND      UINT64_C(1000000000)

typedef struct bench {
    eddyi_backend *sim;
    uint32_t kinds;
    int lent;
    long blocks;
    uint64_t random;
    eddy_allocator allocator;
} bench;

typedef struct test_op {
    eddyi_op op;
    eddyi_buffer buffers[4];
    eddyi_address address;
    bool lent;
    int reports;
    int64_t value;
    uint32_t flags;
    void (*each)(struct test_op *);
    void *context;
} test_op;

typedef struct pair {
    eddyi_descriptor client, server;
} pair;

static const eddyi_backend_ops *const ops = &eddyi_backend_sim;
#define NET (eddyi_backend_sim.net)

static inline void *bench_allocate(void *context, size_t size)
{
    void *block = malloc(size);
    ((bench *)context)->blocks += block != NULL;
    return block;
}

static inline void *bench_reallocate(void *context, void *block, size_t size)
{
    return block == NULL ? bench_allocate(context, size) : realloc(block, size);
}

static inline void bench_release(void *context, void *block)
{
    ((bench *)context)->blocks -= block != NULL;
    free(block);
}

static inline void bench_open_faulty(bench *b, uint64_t seed, uint32_t percent, uint64_t until)
{
    *b = (bench){.random = seed, .allocator = {bench_allocate, bench_reallocate, bench_release, b}};
    eddyi_backend_config config = {
        .allocator = &b->allocator, .seed = seed, .fault_percent = percent, .fault_until_ns = until};
    assert_int_equal(ops->open(&b->sim, &config, &b->kinds), 0);
}

static inline void bench_open(bench *b, uint64_t seed)
{
    bench_open_faulty(b, seed, 0, 0);
}

static inline void bench_close(bench *b)
{
    assert_int_equal(b->lent, 0);
    assert_int_equal(eddyi_sim_open_descriptors(b->sim), 0);
    ops->close(b->sim);
    assert_int_equal(b->blocks, 0);
}

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static inline uint64_t draw(bench *b, uint64_t below)
{
    uint64_t x = b->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % below;
}

/* ---- ops ---- */

static inline test_op make_op(eddyi_descriptor *d, enum eddyi_op_kind kind, const void *data, size_t size)
{
    test_op o;
    memset(&o, 0, sizeof o);
    o.op.descriptor = d;
    o.op.kind = (uint8_t)kind;
    o.op.buffer_count = data != NULL ? 1 : 0;
    o.buffers[0] = (eddyi_buffer){(void *)(uintptr_t)data, size};
    return o;
}

static inline void report(bench *b, const eddyi_result *result)
{
    test_op *o = result->op->waiter;
    o->reports++;
    o->value = result->value;
    o->flags = result->flags;
    if (result->flags & EDDYI_LAST) {
        b->lent -= o->lent;
        o->lent = false;
    }
    if (o->each != NULL)
        o->each(o);
}

static inline void submit(bench *b, test_op *o)
{
    eddyi_result now;
    assert_false(o->lent);
    o->op.buffers = o->buffers;
    o->op.address = &o->address;
    o->op.waiter = o;
    o->op.state = 0;
    o->reports = 0;
    if (ops->submit(b->sim, &o->op, &now) == EDDYI_DONE) {
        report(b, &now);
    } else {
        o->lent = true;
        b->lent++;
    }
}

static inline void cancel(bench *b, test_op *o)
{
    eddyi_result now;
    if (ops->cancel(b->sim, &o->op, &now) == EDDYI_DONE)
        report(b, &now);
}

static inline int step(bench *b, uint64_t deadline)
{
    eddyi_result results[ROOM];
    int count = ops->wait(b->sim, deadline, results, ROOM);
    for (int i = 0; i < count; i++) {
        assert_true(((test_op *)results[i].op->waiter)->lent); /* else it is told twice */
        report(b, &results[i]);
    }
    return count;
}

static inline int step_for(bench *b, uint64_t nanoseconds)
{
    return step(b, ops->now(b->sim) + nanoseconds);
}

/* Until a moment has passed, whatever comes meanwhile. */
static inline void pass(bench *b, uint64_t nanoseconds)
{
    uint64_t end = ops->now(b->sim) + nanoseconds;
    while (ops->now(b->sim) < end)
        step(b, end);
}

static inline void finish(bench *b, test_op *o)
{
    uint64_t limit = ops->now(b->sim) + 1000 * SECOND;
    while (o->lent) {
        step(b, limit);
        assert_true(!o->lent || ops->now(b->sim) < limit);
    }
}

static inline void take_back(bench *b, test_op *o)
{
    if (o->lent)
        cancel(b, o);
    finish(b, o);
}

static inline int64_t run_op(bench *b, eddyi_descriptor *d, enum eddyi_op_kind kind, const void *data,
                             size_t size)
{
    test_op o = make_op(d, kind, data, size);
    submit(b, &o);
    finish(b, &o);
    return o.value;
}

static inline int64_t receive(bench *b, eddyi_descriptor *d, void *data, size_t size)
{
    return run_op(b, d, EDDYI_RECV, data, size);
}

static inline void send_all(bench *b, eddyi_descriptor *d, const void *data, size_t size)
{
    const char *bytes = data;
    while (size > 0) {
        int64_t sent = run_op(b, d, EDDYI_SEND, bytes, size);
        assert_in_range(sent, 1, size);
        bytes += sent;
        size -= (size_t)sent;
    }
}

static inline void receive_all(bench *b, eddyi_descriptor *d, void *data, size_t size)
{
    char *bytes = data;
    while (size > 0) {
        int64_t received = receive(b, d, bytes, size);
        assert_in_range(received, 1, size);
        bytes += received;
        size -= (size_t)received;
    }
}

/* ---- sockets ---- */

static inline eddyi_address address_of(bench *b, const char *host, const char *service)
{
    eddyi_address address;
    assert_true(NET->resolve(b->sim, host, service, EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, 0, &address, 1) >=
                1);
    return address;
}

static inline void attach(bench *b, eddyi_descriptor *d, eddy_fd fd, enum eddyi_descriptor_kind kind)
{
    *d = (eddyi_descriptor){.fd = fd, .kind = (uint8_t)kind};
    assert_int_equal(ops->attach(b->sim, d), 0);
}

static inline void give_back(bench *b, eddyi_descriptor *d)
{
    ops->detach(b->sim, d);
    assert_int_equal(NET->close(b->sim, d->fd), 0);
}

static inline void open_bound(bench *b, eddyi_descriptor *d, eddyi_address *at,
                              enum eddyi_descriptor_kind kind, int backlog)
{
    eddy_fd fd;
    enum eddyi_socket_type type = kind == EDDYI_DATAGRAM ? EDDYI_SOCKET_DATAGRAM : EDDYI_SOCKET_STREAM;
    *at = address_of(b, "127.0.0.1", "0");
    assert_int_equal(NET->socket(b->sim, &fd, EDDYI_FAMILY_IPV4, type), 0);
    assert_int_equal(NET->bind(b->sim, fd, at), 0);
    if (backlog > 0)
        assert_int_equal(NET->listen(b->sim, fd, backlog), 0);
    assert_int_equal(NET->local_address(b->sim, fd, at), 0);
    attach(b, d, fd, kind);
}

static inline void open_client(bench *b, eddyi_descriptor *d)
{
    eddy_fd fd;
    assert_int_equal(NET->socket(b->sim, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM), 0);
    attach(b, d, fd, EDDYI_STREAM);
}

static inline int64_t connect_to(bench *b, eddyi_descriptor *d, const eddyi_address *to)
{
    test_op o = make_op(d, EDDYI_CONNECT, NULL, 0);
    o.address = *to;
    submit(b, &o);
    finish(b, &o);
    return o.value;
}

static inline void open_pair(bench *b, pair *p)
{
    eddyi_descriptor listener;
    eddyi_address at;
    open_bound(b, &listener, &at, EDDYI_LISTENER, 1);
    open_client(b, &p->client);
    assert_int_equal(connect_to(b, &p->client, &at), 0);
    int64_t fd = run_op(b, &listener, EDDYI_ACCEPT, NULL, 0);
    assert_true(fd >= 1000000);
    attach(b, &p->server, (eddy_fd)fd, EDDYI_STREAM);
    give_back(b, &listener);
}

static inline void close_pair(bench *b, pair *p)
{
    give_back(b, &p->client);
    give_back(b, &p->server);
}

#endif
