/* suite_listener.c: the recording datagram protocol of listener.h.
 * Touches the public API and cmocka. */
#include "listener.h"

#include <stdio.h>

static listener *of(eddy_datagram_protocol *protocol)
{
    return (listener *)(void *)protocol;
}

static void made(eddy_datagram_protocol *protocol, eddy_datagram_transport *transport)
{
    of(protocol)->transport = transport;
    story_tell(&of(protocol)->story, 'M');
}

static void lost(eddy_datagram_protocol *protocol, int error)
{
    of(protocol)->lost_with = error;
    of(protocol)->transport = NULL;
    story_tell(&of(protocol)->story, 'L');
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
    story_tell(&l->story, 'd');
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
    story_tell(&of(protocol)->story, 'E');
}

static void paused(eddy_datagram_protocol *protocol)
{
    story_tell(&of(protocol)->story, 'p');
}

static void resumed(eddy_datagram_protocol *protocol)
{
    story_tell(&of(protocol)->story, 'r');
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
    return story_count(&l->story, letter);
}

void listener_wait(listener *l, char letter, int times)
{
    story_wait(&l->story, letter, times);
}

void listener_open(listener *l)
{
    const eddy_datagram_options options = {
        .size = sizeof options, .local_host = "127.0.0.1", .local_service = "0"};
    assert_int_equal(eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), &l->transport,
                                                        listener_factory, l, &options),
                     0);
    assert_string_equal(l->story.text, "M");
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
    assert_string_equal(l->story.text, "M");
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
