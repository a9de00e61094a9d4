/* suite_listener.c: the recording datagram protocol of listener.h.
 * Touches the public API and cmocka. */
#include "listener.h"

#include <stdio.h>

static listener *of(eddy_datagram_protocol *protocol)
{
    return (listener *)(void *)protocol;
}

static void tell(listener *l, char letter)
{
    if (l->told + 1 < sizeof l->story)
        l->story[l->told++] = letter;
    l->story[l->told] = '\0';
    if (l->event != NULL && !eddy_future_done(l->event))
        assert_int_equal(eddy_future_set_result(l->event, 0), 0);
}

static void made(eddy_datagram_protocol *protocol, eddy_datagram_transport *transport)
{
    of(protocol)->transport = transport;
    tell(of(protocol), 'M');
}

static void lost(eddy_datagram_protocol *protocol, int error)
{
    of(protocol)->lost_with = error;
    of(protocol)->transport = NULL;
    tell(of(protocol), 'L');
}

static void received(eddy_datagram_protocol *protocol, const void *data, size_t size,
                     const eddy_address *from)
{
    listener *l = of(protocol);
    if (size > 0 && size <= sizeof l->last)
        memcpy(l->last, data, size);
    if (l->count < LISTENER_MOST)
        l->sizes[l->count] = size;
    l->count++;
    l->from = *from;
    tell(l, 'd');
    if (l->echoes)
        assert_int_equal(eddy_datagram_transport_sendto(l->transport, data, size, from), 0);
    if (l->closes_on_datagram)
        eddy_datagram_transport_close(l->transport);
    if (l->on_datagram != NULL)
        l->on_datagram(l, data, size, from);
}

static void failed(eddy_datagram_protocol *protocol, int error)
{
    of(protocol)->error = error;
    tell(of(protocol), 'E');
}

static void paused(eddy_datagram_protocol *protocol)
{
    tell(of(protocol), 'p');
}

static void resumed(eddy_datagram_protocol *protocol)
{
    tell(of(protocol), 'r');
}

static const eddy_datagram_protocol_type type = {.size = sizeof type,
                                                 .connection_made = made,
                                                 .connection_lost = lost,
                                                 .datagram_received = received,
                                                 .error_received = failed,
                                                 .pause_writing = paused,
                                                 .resume_writing = resumed};

void listener_init(listener *l)
{
    memset(l, 0, sizeof *l);
    l->protocol.type = &type;
}

int listener_factory(eddy_datagram_protocol **out, void *arg)
{
    listener *l = arg;
    *out = &l->protocol;
    return 0;
}

int listener_count(const listener *l, char letter)
{
    int count = 0;
    for (size_t i = 0; i < l->told; i++)
        count += l->story[i] == letter;
    return count;
}

void listener_wait(listener *l, char letter, int times)
{
    while (listener_count(l, letter) < times) {
        assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &l->event), 0);
        assert_int_equal(eddy_await_future(l->event, NULL), 0);
        eddy_future_release(l->event);
        l->event = NULL;
    }
}

void listener_open(listener *l)
{
    const eddy_datagram_options options = {
        .size = sizeof options, .local_host = "127.0.0.1", .local_service = "0"};
    assert_int_equal(eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), &l->transport,
                                                        listener_factory, l, &options),
                     0);
    assert_string_equal(l->story, "M");
}

const char *listener_port(const listener *l)
{
    static char text[16];
    eddy_address address = listener_address(l);
    snprintf(text, sizeof text, "%d", eddy_address_port(&address));
    return text;
}

void listener_open_to(listener *l, const listener *peer, bool broadcast)
{
    const eddy_datagram_options options = {.size = sizeof options,
                                           .remote_host = "127.0.0.1",
                                           .remote_service = listener_port(peer),
                                           .allow_broadcast = broadcast};
    assert_int_equal(
        eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), NULL, listener_factory, l, &options), 0);
    assert_string_equal(l->story, "M");
}

eddy_address listener_address(const listener *l)
{
    eddy_address address;
    assert_int_equal(eddy_datagram_transport_local_address(l->transport, &address), 0);
    return address;
}

void listener_close(listener *l)
{
    eddy_datagram_transport_close(l->transport);
    listener_wait(l, 'L', 1);
}
