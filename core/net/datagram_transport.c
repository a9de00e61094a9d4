/* datagram_transport.c: datagrams for protocols: create_datagram_endpoint. Rule numbers U1-U5 are those of asyncio's inventory.
 * Touches outbox.h and the resolver. connection_lost is called exactly once, through the loop, also when the loop closes. */
#include "core/net/datagram_transport_inside.h"

static eddy_datagram_transport *transport_of(eddyi_endpoint *endpoint)
{
    return EDDYI_CONTAINER(endpoint, eddy_datagram_transport, endpoint);
}

static eddy_datagram_transport *owner_of(eddyi_teller *teller)
{
    return EDDYI_CONTAINER(teller, eddy_datagram_transport, teller);
}

/* ---- references ---- */

eddy_datagram_transport *eddy_datagram_transport_retain(eddy_datagram_transport *transport)
{
    if (transport != NULL)
        eddyi_teller_retain(&transport->teller);
    return transport;
}

void eddy_datagram_transport_release(eddy_datagram_transport *transport)
{
    if (transport != NULL)
        eddyi_teller_release(&transport->teller);
}

static void give_back(eddy_datagram_transport *transport)
{
    eddy_loop *loop = transport->endpoint.loop;
    eddyi_outbox_free(&transport->outbox);
    eddyi_datagram_end_receiving(transport);
    eddyi_release(&loop->allocator, transport);
}

static void free_transport(eddyi_teller *teller)
{
    eddy_loop *loop = teller->loop;
    give_back(owner_of(teller));
    eddyi_loop_object_remove(loop);
}

/* ---- telling ---- */

static void tell_made(eddy_datagram_transport *transport)
{
    transport->teller.made = true;
    if (transport->protocol->type->connection_made != NULL)
        transport->protocol->type->connection_made(transport->protocol, transport);
}

/* One error of each kind, then on: with what is behind a datagram that could not be sent, too (U4). */
static void tell_errors(eddy_datagram_transport *transport)
{
    int received = transport->receive_error, sent = transport->send_error;
    transport->receive_error = transport->send_error = 0;
    if (received != 0)
        eddyi_datagram_tell_error(transport, received);
    if (sent != 0)
        eddyi_datagram_tell_error(transport, sent);
    if (sent != 0 && transport->endpoint.state != EDDYI_ENDPOINT_CLOSED)
        eddyi_outbox_flush(&transport->outbox);
}

static void tell_paused(eddyi_teller *teller)
{
    eddy_datagram_protocol *protocol = owner_of(teller)->protocol;
    if (protocol->type->pause_writing != NULL)
        protocol->type->pause_writing(protocol);
}

static void tell_resumed(eddyi_teller *teller)
{
    eddy_datagram_protocol *protocol = owner_of(teller)->protocol;
    if (protocol->type->resume_writing != NULL)
        protocol->type->resume_writing(protocol);
}

/* A close and an abort of ours are no errors. */
static void tell_lost(eddyi_teller *teller)
{
    eddy_datagram_transport *transport = owner_of(teller);
    int error = transport->endpoint.error;
    eddyi_list_remove(&transport->endpoint.closable.link);
    tell_errors(transport);
    if (transport->protocol->type->connection_lost != NULL)
        transport->protocol->type->connection_lost(transport->protocol, error == EDDY_ECLOSED ? 0 : error);
}

static void tell(eddyi_teller *teller)
{
    eddy_datagram_transport *transport = owner_of(teller);
    if (!teller->made)
        tell_made(transport);
    tell_errors(transport);
    eddyi_teller_tell_resumed(teller);
    if (transport->readable)
        eddyi_datagram_receive_some(transport);
    else
        eddyi_datagram_start_receiving(transport);
}

static const eddyi_teller_kind teller_kind = {tell, tell_lost, tell_paused, tell_resumed, free_transport};

/* ---- what the endpoint and its outbox tell: through the queue ---- */

static void on_progress(eddyi_endpoint *endpoint)
{
    eddy_datagram_transport *transport = transport_of(endpoint);
    if (endpoint->unsent <= transport->marks.low_water)
        eddyi_teller_resume(&transport->teller);
    eddyi_endpoint_try_finish(endpoint);
}

/* The queue may be empty now, emptied by an error: then, too, the protocol is resumed (U4). */
static void on_failed(eddyi_endpoint *endpoint, int error)
{
    eddy_datagram_transport *transport = transport_of(endpoint);
    transport->send_error = error;
    eddyi_teller_queue(&transport->teller);
}

static void on_closing(eddyi_endpoint *endpoint)
{
    eddy_datagram_transport *transport = transport_of(endpoint);
    eddyi_datagram_stop_receiving(transport);
    if (endpoint->error != 0)
        eddyi_outbox_take_back(&transport->outbox);
}

static void on_shut(eddyi_endpoint *endpoint)
{
    eddy_datagram_transport *transport = transport_of(endpoint);
    if (endpoint->reading)
        (void)eddyi_io_revoke(endpoint->loop, &transport->receive);
    eddyi_outbox_shut(&transport->outbox);
}

static void lose_now(eddyi_closable *closable)
{
    eddyi_teller_lose(&EDDYI_CONTAINER(closable, eddy_datagram_transport, endpoint.closable)->teller);
}

/* A protocol is freed in connection_lost, so it is called even when the loop closes. */
static void on_closed(eddyi_endpoint *endpoint)
{
    if (endpoint->cut_off && endpoint->error == 0)
        endpoint->error = EDDY_ECANCELED; /* the loop's end is not the protocol's wish */
    endpoint->closable.shut = lose_now;
    eddyi_teller_end(&transport_of(endpoint)->teller, &endpoint->closable);
}

static const eddyi_endpoint_kind transport_kind = {on_closing, on_shut, on_closed, "datagram transport"};

/* ---- making ---- */

/* A local socket: its datagrams have no limit of 64 KiB. */
static bool is_local(eddy_loop *loop, eddy_fd fd)
{
    eddyi_address here;
    return loop->net->local_address(loop->backend, fd, &here) >= 0 &&
           loop->net->family(&here) == EDDYI_FAMILY_UNIX;
}

static int create(eddy_loop *loop, eddy_datagram_transport **out, const eddyi_datagram_socket *socket,
                  const eddy_datagram_options *options)
{
    eddy_datagram_transport *transport = eddyi_allocate_zero(&loop->allocator, sizeof *transport);
    if (transport == NULL)
        return EDDY_ENOMEM;
    transport->endpoint.loop = loop;
    eddyi_outbox_init(&transport->outbox, &transport->endpoint, on_progress, on_failed);
    int rc = eddyi_datagram_prepare_receiving(transport);
    if (rc == 0)
        rc = eddyi_endpoint_init(&transport->endpoint, loop, &transport_kind, socket);
    if (rc < 0) {
        give_back(transport);
        return rc;
    }
    eddyi_teller_init(&transport->teller, loop, &teller_kind);
    transport->one_at_a_time = is_local(loop, socket->fd);
    transport->marks = eddyi_marks_in_force((eddyi_marks){options->high_water, options->low_water});
    eddyi_loop_object_add(loop);
    *out = transport;
    return 0;
}

static int check(const eddy_loop *loop, eddy_datagram_protocol_factory factory)
{
    eddy_task *task = eddyi_current_task();
    if (loop == NULL || factory == NULL)
        return EDDY_EINVAL;
    if (task == NULL)
        return EDDY_ENOTASK;
    return task->future.loop == loop ? 0 : EDDY_EWRONGLOOP;
}

static int make_protocol(eddy_datagram_protocol **out, eddy_datagram_protocol_factory factory, void *arg)
{
    *out = NULL;
    int rc = factory(out, arg);
    if (rc >= 0 && (*out == NULL || (*out)->type == NULL))
        rc = EDDY_EINVAL;
    return rc < 0 ? rc : 0;
}

int eddy_loop_create_datagram_endpoint(eddy_loop *loop, eddy_datagram_transport **out,
                                       eddy_datagram_protocol_factory factory, void *arg,
                                       const eddy_datagram_options *options)
{
    static const char operation[] = "create_datagram_endpoint";
    eddyi_datagram_socket socket;
    eddy_datagram_transport *transport = NULL;
    eddy_datagram_protocol *protocol;
    int rc = check(loop, factory);
    if (rc == 0)
        rc = eddyi_datagram_socket_open(&socket, options);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = make_protocol(&protocol, factory, arg);
    if (rc == 0)
        rc = create(loop, &transport, &socket, options);
    if (rc < 0) {
        eddyi_datagram_socket_close(loop, &socket, options);
        return eddyi_fail(rc, operation);
    }
    transport->protocol = protocol;
    eddyi_teller_queue(&transport->teller);
    rc = eddyi_yield(
        eddyi_current_task()); /* connection_made comes through the loop, and is over when we go on */
    if (rc < 0)
        eddy_datagram_transport_abort(transport);
    else if (out != NULL)
        *out = transport;
    return rc;
}

/* ---- sending ---- */

static void pause_above_the_mark(eddy_datagram_transport *transport)
{
    eddyi_teller_pause_above(&transport->teller, transport->endpoint.unsent, transport->marks.high_water);
}

int eddy_datagram_transport_sendto(eddy_datagram_transport *transport, const void *data, size_t size,
                                   const eddy_address *to)
{
    int rc = transport == NULL || (data == NULL && size > 0) ? EDDY_EINVAL : 0;
    if (rc == 0)
        rc = eddyi_endpoint_address(&transport->endpoint, &to);
    if (rc == 0)
        rc = eddyi_outbox_send(&transport->outbox, data, size, to);
    if (rc < 0)
        return eddyi_fail(rc, "sendto");
    pause_above_the_mark(transport);
    return 0;
}

int eddy_datagram_transport_set_write_buffer_limits(eddy_datagram_transport *transport, size_t high,
                                                    size_t low)
{
    int rc = eddyi_marks_set(transport != NULL ? &transport->marks : NULL, high, low);
    if (rc == 0)
        pause_above_the_mark(transport);
    return rc;
}

void eddy_datagram_transport_get_write_buffer_limits(const eddy_datagram_transport *transport, size_t *low,
                                                     size_t *high)
{
    if (transport != NULL)
        eddyi_marks_get(&transport->marks, low, high);
}

size_t eddy_datagram_transport_get_write_buffer_size(const eddy_datagram_transport *transport)
{
    return transport != NULL ? transport->endpoint.unsent : 0;
}

/* ---- closing, and what is known of it ---- */

void eddy_datagram_transport_close(eddy_datagram_transport *transport)
{
    if (transport != NULL)
        eddyi_endpoint_close(&transport->endpoint);
}

void eddy_datagram_transport_abort(eddy_datagram_transport *transport)
{
    if (transport != NULL)
        eddyi_endpoint_fail(&transport->endpoint, EDDY_ECLOSED);
}

bool eddy_datagram_transport_is_closing(const eddy_datagram_transport *transport)
{
    return transport == NULL || transport->endpoint.state != EDDYI_ENDPOINT_OPEN;
}

int eddy_datagram_transport_set_protocol(eddy_datagram_transport *transport, eddy_datagram_protocol *protocol)
{
    int rc = eddyi_teller_check_protocol(transport != NULL ? &transport->teller : NULL,
                                         protocol != NULL ? protocol->type : NULL);
    if (rc == 0)
        transport->protocol = protocol;
    return rc;
}

eddy_datagram_protocol *eddy_datagram_transport_get_protocol(const eddy_datagram_transport *transport)
{
    return transport != NULL ? transport->protocol : NULL;
}

int eddy_datagram_transport_local_address(const eddy_datagram_transport *transport, eddy_address *address)
{
    return eddyi_endpoint_name(transport != NULL ? &transport->endpoint : NULL, false, address);
}

int eddy_datagram_transport_peer_address(const eddy_datagram_transport *transport, eddy_address *address)
{
    return eddyi_endpoint_name(transport != NULL ? &transport->endpoint : NULL, true, address);
}

eddy_fd eddy_datagram_transport_fileno(const eddy_datagram_transport *transport)
{
    return transport != NULL ? transport->endpoint.descriptor.fd : -1;
}
