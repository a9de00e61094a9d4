/* laws_support.c: the bench of the laws: submitting, waiting and checking every report, connections and clean-up.
 * Touches seam 1 and the network table of seam 2. A report for an op that is not lent fails the test at once. */
#include "conformance/laws_support.h"

#include <fcntl.h>

#include "core/base/memory.h"
#include "support/results.h"

static const eddyi_backend_ops *selected;
static bool skipped, impatient;

void law_select(const eddyi_backend_ops *ops)
{
    selected = ops;
}

const eddyi_backend_ops *law_selected(void)
{
    return selected;
}

void law_expect_failure(void)
{
    impatient = true;
}

uint64_t law_patience(void)
{
    return (impatient ? 400 : 3000) * LAW_MILLISECOND;
}

bool law_needs_real(const char *why)
{
    if (!(selected->caps & EDDYI_CAP_VIRTUAL_TIME))
        return true;
    (void)support_skip(why);
    skipped = true;
    return false;
}

bool law_needs(enum support_feature feature, const char *why)
{
    if (support_has(feature))
        return true;
    print_message("skipped: %s\n", why);
    skipped = true;
    return false;
}

bool law_was_skipped(void)
{
    return skipped;
}

bool law_has_kind(const law_bench *b, enum eddyi_op_kind kind)
{
    return (b->kinds >> kind) & 1;
}

int law_open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void open_bench(law_bench *b, uint64_t seed)
{
    eddyi_backend_config config = {.allocator = eddyi_default_allocator(), .seed = seed};
    *b = (law_bench){.ops = selected, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    b->net = selected->net != NULL ? selected->net : &eddyi_platform_net;
    b->is_virtual = (selected->caps & EDDYI_CAP_VIRTUAL_TIME) != 0;
    b->descriptors = law_open_descriptors();
    assert_int_equal(selected->open(&b->backend, &config, &b->kinds), 0);
}

void law_run(void (*body)(law_bench *))
{
    uint64_t seeds = selected->caps & EDDYI_CAP_VIRTUAL_TIME ? 12 : 1;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        law_bench b;
        open_bench(&b, seed);
        body(&b);
        assert_int_equal(b.lent, 0);
        b.ops->close(b.backend);
        assert_int_equal(law_open_descriptors(), b.descriptors);
    }
}

uint64_t law_now(law_bench *b)
{
    return b->ops->now != NULL ? b->ops->now(b->backend) : eddyi_clock_now();
}

/* xorshift64, Marsaglia 2003 */
uint64_t law_random(law_bench *b, uint64_t below)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return (b->random >> 11) % below;
}

/* ---- ops ---- */

law_op law_make(eddyi_descriptor *descriptor, enum eddyi_op_kind kind, void *data, size_t size)
{
    law_op o;
    memset(&o, 0, sizeof o);
    o.op.descriptor = descriptor;
    o.op.kind = (uint8_t)kind;
    o.op.offset = UINT64_MAX;
    o.buffers[0] = (eddyi_buffer){data, size};
    o.op.buffer_count = data != NULL ? 1 : 0;
    return o;
}

static void report(law_bench *b, law_op *o, const eddyi_result *result)
{
    assert_ptr_equal(result->op, &o->op);
    assert_ptr_equal(o->op.waiter, o);
    assert_memory_equal(o->buffers, o->given, sizeof o->given);
    o->reports++;
    o->value = result->value;
    o->flags = result->flags;
    if (!(o->op.flags & EDDYI_MULTI))
        assert_true(result->flags & EDDYI_LAST);
    if (result->flags & EDDYI_LAST) {
        b->lent -= o->lent;
        o->lent = false;
        o->ended = true;
    }
    if (o->each != NULL)
        o->each(o, result);
}

void law_submit(law_bench *b, law_op *o)
{
    eddyi_result now = {0};
    assert_false(o->lent);
    o->op.waiter = o;
    o->op.state = 0;
    o->op.buffers = o->buffers;
    if (o->op.address == NULL)
        o->op.address = &o->address;
    memcpy(o->given, o->buffers, sizeof o->given);
    o->ended = false;
    o->reports = 0;
    int rc = b->ops->submit(b->backend, &o->op, &now);
    if (rc == EDDYI_DONE) {
        assert_true(now.flags & EDDYI_LAST);
        report(b, o, &now);
        return;
    }
    assert_int_equal(rc, EDDYI_PENDING);
    o->lent = true;
    b->lent++;
}

void law_cancel(law_bench *b, law_op *o)
{
    eddyi_result now = {0};
    assert_true(o->lent);
    int rc = b->ops->cancel(b->backend, &o->op, &now);
    if (rc == EDDYI_DONE) {
        assert_true(now.flags & EDDYI_LAST);
        report(b, o, &now);
    } else {
        assert_int_equal(rc, EDDYI_PENDING);
    }
}

int law_step(law_bench *b, uint64_t deadline_ns, int room)
{
    eddyi_result results[LAW_ROOM + 1];
    const eddyi_result guard = {.value = 0x5a5a5a5a, .flags = 0x77};
    assert_in_range(room, 1, LAW_ROOM);
    results[room] = guard;
    int count = b->ops->wait(b->backend, deadline_ns, results, room);
    assert_in_range(count, 0, room);
    assert_true(results[room].value == guard.value && results[room].flags == guard.flags);
    for (int i = 0; i < count; i++) {
        assert_non_null(results[i].op);
        law_op *o = results[i].op->waiter;
        assert_non_null(o);
        assert_true(o->lent); /* else it is reported twice, or after its end */
        report(b, o, &results[i]);
    }
    return count;
}

int law_step_for(law_bench *b, uint64_t nanoseconds)
{
    return law_step(b, law_now(b) + nanoseconds, LAW_ROOM);
}

void law_finish(law_bench *b, law_op *o)
{
    uint64_t limit = law_now(b) + LAW_PATIENCE;
    while (o->lent) {
        law_step(b, limit, LAW_ROOM);
        assert_true(!o->lent || law_now(b) < limit);
    }
}

void law_take_back(law_bench *b, law_op *o)
{
    if (o->lent)
        law_cancel(b, o);
    law_finish(b, o);
}

int64_t law_do(law_bench *b, eddyi_descriptor *descriptor, enum eddyi_op_kind kind, void *data, size_t size)
{
    law_op o = law_make(descriptor, kind, data, size);
    law_submit(b, &o);
    law_finish(b, &o);
    return o.value;
}

void law_send_all(law_bench *b, eddyi_descriptor *descriptor, const void *data, size_t size)
{
    const char *bytes = data;
    while (size > 0) {
        int64_t sent = law_do(b, descriptor, EDDYI_SEND, (void *)(uintptr_t)bytes, size);
        assert_in_range(sent, 1, size);
        bytes += sent;
        size -= (size_t)sent;
    }
}

void law_receive_all(law_bench *b, eddyi_descriptor *descriptor, void *data, size_t size)
{
    char *bytes = data;
    while (size > 0) {
        int64_t received = law_do(b, descriptor, EDDYI_RECV, bytes, size);
        assert_in_range(received, 1, size);
        bytes += received;
        size -= (size_t)received;
    }
}

/* ---- descriptors ---- */

void law_attach(law_bench *b, eddyi_descriptor *descriptor, eddy_fd fd, enum eddyi_descriptor_kind kind)
{
    *descriptor = (eddyi_descriptor){.fd = fd, .kind = (uint8_t)kind};
    assert_int_equal(b->ops->attach(b->backend, descriptor), 0);
}

void law_release(law_bench *b, eddyi_descriptor *descriptor)
{
    b->ops->detach(b->backend, descriptor);
    assert_int_equal(b->net->close(b->backend, descriptor->fd), 0);
    descriptor->fd = -1;
}

static void bound(law_bench *b, eddy_fd *fd, enum eddyi_socket_type type)
{
    eddyi_address address;
    assert_true(b->net->resolve(b->backend, "127.0.0.1", "0", EDDYI_FAMILY_IPV4, type, EDDYI_RESOLVE_NUMERIC,
                                &address, 1) >= 1);
    assert_int_equal(b->net->socket(b->backend, fd, EDDYI_FAMILY_IPV4, type), 0);
    assert_int_equal(b->net->bind(b->backend, *fd, &address), 0);
}

void law_listen(law_bench *b, eddyi_descriptor *listener, eddyi_address *at)
{
    eddy_fd fd;
    bound(b, &fd, EDDYI_SOCKET_STREAM);
    assert_int_equal(b->net->listen(b->backend, fd, 64), 0);
    assert_int_equal(b->net->local_address(b->backend, fd, at), 0);
    law_attach(b, listener, fd, EDDYI_LISTENER);
}

void law_client(law_bench *b, eddyi_descriptor *descriptor)
{
    eddy_fd fd;
    assert_int_equal(b->net->socket(b->backend, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_STREAM), 0);
    law_attach(b, descriptor, fd, EDDYI_STREAM);
}

void law_connect_pair(law_bench *b, law_pair *pair)
{
    eddyi_descriptor listener;
    law_op accept = law_make(&listener, EDDYI_ACCEPT, NULL, 0);
    law_op connect = law_make(&pair->near, EDDYI_CONNECT, NULL, 0);
    law_listen(b, &listener, &connect.address);
    law_client(b, &pair->near);
    law_submit(b, &accept);
    law_submit(b, &connect);
    law_finish(b, &connect);
    law_finish(b, &accept);
    assert_int_equal(connect.value, 0);
    assert_true(accept.value >= 0);
    law_attach(b, &pair->far, (eddy_fd)accept.value, EDDYI_STREAM);
    law_release(b, &listener);
}

void law_release_pair(law_bench *b, law_pair *pair)
{
    law_release(b, &pair->near);
    law_release(b, &pair->far);
}

void law_datagram(law_bench *b, eddyi_descriptor *descriptor, eddyi_address *at)
{
    eddy_fd fd;
    bound(b, &fd, EDDYI_SOCKET_DATAGRAM);
    assert_int_equal(b->net->local_address(b->backend, fd, at), 0);
    law_attach(b, descriptor, fd, EDDYI_DATAGRAM);
}
