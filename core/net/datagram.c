/* datagram.c: datagrams for tasks: each call is one op, straight from and to the caller's memory.
 * Touches io.c and the lock that senders queue at. A task inside a call holds a reference; a close ends the calls that wait. */
#include <eddy/sync.h>
#include "core/net/endpoint.h"

struct eddy_datagram {
    eddyi_endpoint endpoint; /* first; its `reading`, `sending`: a task is inside such a call */
    uint32_t references;
    uint32_t inside;  /* tasks in calls: so many references are theirs */
    eddy_lock sender; /* whose turn it is to send */
    eddyi_op receive, send;
    eddyi_buffer room, data; /* of the ops */
    eddyi_node gone;         /* the loop closed under the tasks inside: their references are given back */
};

static eddy_datagram *datagram_of(eddyi_endpoint *endpoint)
{
    return EDDYI_CONTAINER(endpoint, eddy_datagram, endpoint);
}

/* ---- references ---- */

static void free_datagram(eddy_datagram *datagram)
{
    eddy_loop *loop = datagram->endpoint.loop;
    eddyi_release(&loop->allocator, datagram);
    eddyi_loop_object_remove(loop);
}

eddy_datagram *eddy_datagram_retain(eddy_datagram *datagram)
{
    if (datagram != NULL)
        datagram->references++;
    return datagram;
}

void eddy_datagram_release(eddy_datagram *datagram)
{
    if (datagram == NULL || --datagram->references != 0)
        return;
    if (datagram->endpoint.state == EDDYI_ENDPOINT_CLOSED)
        free_datagram(datagram);
    else
        eddyi_endpoint_close(&datagram->endpoint); /* nobody is inside: it is closed, and freed, now */
}

static void enter(eddy_datagram *datagram)
{
    datagram->references++;
    datagram->inside++;
}

static void leave(eddy_datagram *datagram)
{
    datagram->inside--;
    eddyi_endpoint_try_finish(&datagram->endpoint);
    eddy_datagram_release(datagram);
}

/* ---- what the endpoint tells ---- */

static void on_closing(eddyi_endpoint *endpoint)
{
    eddy_datagram *datagram = datagram_of(endpoint);
    if (endpoint->descriptor.reader == &datagram->receive)
        eddyi_io_interrupt(endpoint->loop, &datagram->receive, EDDY_ECLOSED);
    if (endpoint->descriptor.writer == &datagram->send)
        eddyi_io_interrupt(endpoint->loop, &datagram->send, EDDY_ECLOSED);
}

static void inside_gone(eddyi_node *node)
{
    eddy_datagram *datagram = EDDYI_CONTAINER(node, eddy_datagram, gone);
    uint32_t inside = datagram->inside;
    datagram->inside = 0;
    datagram->references -= inside - 1;
    eddy_datagram_release(datagram);
}

/* Tasks inside still look at the ops and the lock while they are destroyed, so their references go last, from the queue. */
static void on_shut(eddyi_endpoint *endpoint)
{
    eddy_datagram *datagram = datagram_of(endpoint);
    if (endpoint->descriptor.reader == &datagram->receive)
        (void)eddyi_io_revoke(endpoint->loop, &datagram->receive);
    if (endpoint->descriptor.writer == &datagram->send)
        (void)eddyi_io_revoke(endpoint->loop, &datagram->send);
    if (datagram->inside > 0)
        eddyi_ready_push(endpoint->loop, &datagram->gone);
}

static void on_closed(eddyi_endpoint *endpoint)
{
    eddy_datagram *datagram = datagram_of(endpoint);
    if (datagram->references == 0)
        free_datagram(datagram);
}

static const eddyi_endpoint_kind datagram_kind = {on_closing, on_shut, on_closed, "datagram socket"};

/* ---- making ---- */

static int create(eddy_loop *loop, eddy_datagram **out, const eddyi_datagram_socket *socket)
{
    eddy_datagram *datagram = eddyi_allocate_zero(&loop->allocator, sizeof *datagram);
    if (datagram == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_endpoint_init(&datagram->endpoint, loop, &datagram_kind, socket);
    if (rc < 0) {
        eddyi_release(&loop->allocator, datagram);
        return rc;
    }
    datagram->references = 1;
    eddyi_node_init(&datagram->gone, inside_gone);
    eddyi_loop_object_add(loop);
    *out = datagram;
    return 0;
}

int eddy_open_datagram(eddy_datagram **out, const eddy_datagram_options *options)
{
    static const char operation[] = "open_datagram";
    eddyi_datagram_socket socket;
    eddy_task *task = eddyi_current_task();
    int rc = out == NULL ? EDDY_EINVAL : task == NULL ? EDDY_ENOTASK : 0;
    if (rc == 0)
        rc = eddyi_datagram_socket_open(&socket, options);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    eddy_loop *loop = task->future.loop;
    rc = create(loop, out, &socket);
    if (rc < 0)
        eddyi_datagram_socket_close(loop, &socket, options);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

/* ---- receiving ---- */

static int begin(const eddy_datagram *datagram, bool valid, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    if (datagram == NULL || !valid)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    if (task->future.loop != datagram->endpoint.loop)
        return eddyi_fail(EDDY_EWRONGLOOP, operation);
    return datagram->endpoint.state == EDDYI_ENDPOINT_OPEN ? 0 : eddyi_fail(EDDY_ECLOSED, operation);
}

static ptrdiff_t explain(int64_t value, size_t size, int os_error, const char *operation)
{
    if (value == EDDY_ECANCELED)
        return EDDY_ECANCELED;
    if (value < 0)
        return eddyi_fail_system((int)value, os_error, operation);
    if ((uint64_t)value <= size)
        return (ptrdiff_t)value;
    eddy_error *record = eddyi_fail_detail(EDDY_EMSGSIZE, operation);
    record->partial = size;
    record->expected = (uint64_t)value;
    return EDDY_EMSGSIZE;
}

ptrdiff_t eddy_datagram_receive(eddy_datagram *datagram, void *buffer, size_t size, eddy_address *from)
{
    static const char operation[] = "recvfrom";
    int32_t os_error = 0;
    eddyi_address address;
    int rc = begin(datagram, buffer != NULL && size > 0 && size <= PTRDIFF_MAX, operation);
    if (rc == 0 && datagram->endpoint.reading)
        rc = eddyi_fail(EDDY_EBUSY, operation);
    if (rc < 0)
        return rc;
    enter(datagram);
    datagram->room = (eddyi_buffer){buffer, size};
    datagram->receive = (eddyi_op){.descriptor = &datagram->endpoint.descriptor,
                                   .kind = EDDYI_RECVFROM,
                                   .buffers = &datagram->room,
                                   .buffer_count = 1,
                                   .address = &address};
    datagram->endpoint.reading = true;
    int64_t value = eddyi_io_await(datagram->endpoint.loop, &datagram->receive, &os_error);
    datagram->endpoint.reading = false;
    ptrdiff_t result = explain(value, size, os_error, operation);
    if (from != NULL && value >= 0)
        *from = address;
    leave(datagram);
    return result;
}

/* ---- sending ---- */

/* With the turn. */
static int send_one(eddy_datagram *datagram, const void *data, size_t size, const eddy_address *to)
{
    int32_t os_error = 0;
    int rc = eddyi_endpoint_address(&datagram->endpoint, &to); /* closed while we waited? */
    if (rc < 0)
        return eddyi_fail(rc, "sendto");
    datagram->data = (eddyi_buffer){(void *)(uintptr_t)data, size};
    datagram->send = (eddyi_op){.descriptor = &datagram->endpoint.descriptor,
                                .kind = EDDYI_SENDTO,
                                .buffers = &datagram->data,
                                .buffer_count = 1,
                                .address = (eddyi_address *)(uintptr_t)to};
    datagram->endpoint.sending = true;
    int64_t value = eddyi_io_await(datagram->endpoint.loop, &datagram->send, &os_error);
    datagram->endpoint.sending = false;
    if (value < 0 && value != EDDY_ECANCELED)
        eddyi_fail_system((int)value, os_error, "sendto");
    return value < 0 ? (int)value : 0;
}

int eddy_datagram_send(eddy_datagram *datagram, const void *data, size_t size, const eddy_address *to)
{
    int rc = begin(datagram, data != NULL || size == 0, "sendto");
    if (rc < 0)
        return rc;
    enter(datagram);
    rc = eddy_lock_acquire(&datagram->sender);
    if (rc == 0) {
        rc = send_one(datagram, data, size, to);
        (void)eddy_lock_release(&datagram->sender);
    }
    leave(datagram);
    return rc;
}

/* ---- closing, and what is known of it ---- */

void eddy_datagram_close(eddy_datagram *datagram)
{
    if (datagram != NULL)
        eddyi_endpoint_close(&datagram->endpoint);
}

int eddy_datagram_local_address(const eddy_datagram *datagram, eddy_address *address)
{
    return eddyi_endpoint_name(datagram != NULL ? &datagram->endpoint : NULL, false, address);
}

int eddy_datagram_peer_address(const eddy_datagram *datagram, eddy_address *address)
{
    return eddyi_endpoint_name(datagram != NULL ? &datagram->endpoint : NULL, true, address);
}

eddy_fd eddy_datagram_fileno(const eddy_datagram *datagram)
{
    return datagram != NULL ? datagram->endpoint.descriptor.fd : -1;
}
