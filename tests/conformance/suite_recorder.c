/* suite_recorder.c: the recording protocol of recorder.h.
 * Touches the public API and cmocka. */
#include "recorder.h"
#include "pair.h"

static recorder *of(eddy_protocol *protocol)
{
    return (recorder *)(void *)protocol;
}

static void made(eddy_protocol *protocol, eddy_transport *transport)
{
    recorder *r = of(protocol);
    r->transport = transport;
    story_tell(&r->story, 'M');
    if (r->pauses_when_made)
        eddy_transport_pause_reading(transport);
}

static void lost(eddy_protocol *protocol, int error)
{
    recorder *r = of(protocol);
    r->lost_with = error;
    r->transport = NULL;
    story_tell(&r->story, 'L');
}

static void paused(eddy_protocol *protocol)
{
    story_tell(&of(protocol)->story, 'p');
}

static void resumed(eddy_protocol *protocol)
{
    story_tell(&of(protocol)->story, 'r');
}

static int got(recorder *r, const char *data, size_t size)
{
    if (r->hangs_up_on_data)
        eddy_transport_close(r->transport);
    if (r->echoes)
        assert_int_equal(eddy_transport_write(r->transport, data, size), 0);
    return r->fails_with;
}

static int data_received(eddy_protocol *protocol, const void *data, size_t size)
{
    recorder *r = of(protocol);
    assert_true(size > 0);
    size_t room = r->size < sizeof r->data ? sizeof r->data - r->size : 0;
    size_t kept = size < room ? size : room;
    if (kept > 0)
        memcpy(r->data + r->size, data, kept);
    r->size += size;
    story_tell(&r->story, 'd');
    return got(r, data, size);
}

static int get_buffer(eddy_protocol *protocol, void **buffer, size_t *size)
{
    recorder *r = of(protocol);
    size_t room = sizeof r->data - r->size;
    *buffer = r->data + r->size;
    *size = r->window != 0 && r->window < room ? r->window : room;
    story_tell(&r->story, 'b');
    return 0;
}

static int buffer_updated(eddy_protocol *protocol, size_t size)
{
    recorder *r = of(protocol);
    r->size += size;
    story_tell(&r->story, 'u');
    return got(r, r->data + r->size - size, size);
}

static int eof_received(eddy_protocol *protocol)
{
    recorder *r = of(protocol);
    story_tell(&r->story, 'e');
    return r->fails_with < 0 ? r->fails_with : r->stays_at_end;
}

static const eddy_protocol_type plain_type = {.size = sizeof plain_type,
                                              .connection_made = made,
                                              .connection_lost = lost,
                                              .pause_writing = paused,
                                              .resume_writing = resumed,
                                              .data_received = data_received,
                                              .eof_received = eof_received};

static const eddy_protocol_type buffered_type = {.size = sizeof buffered_type,
                                                 .connection_made = made,
                                                 .connection_lost = lost,
                                                 .pause_writing = paused,
                                                 .resume_writing = resumed,
                                                 .get_buffer = get_buffer,
                                                 .buffer_updated = buffer_updated,
                                                 .eof_received = eof_received};

void recorder_init(recorder *r, bool buffered)
{
    memset(r, 0, sizeof *r);
    r->protocol.type = buffered ? &buffered_type : &plain_type;
}

int recorder_factory(eddy_protocol **out, void *arg)
{
    recorder *r = arg;
    *out = &r->protocol;
    return 0;
}

int recorder_count(const recorder *r, char letter)
{
    return story_count(&r->story, letter);
}

void recorder_wait(recorder *r, char letter)
{
    story_wait(&r->story, letter, 1);
}

void recorder_wait_data(recorder *r, size_t size)
{
    while (r->size < size)
        story_wait_for_more(&r->story);
}

void recorder_pair_open(recorder_pair *pair, const eddy_connect_options *client,
                        const eddy_server_options *server)
{
    eddy_loop *loop = eddy_get_running_loop();
    assert_int_equal(
        eddy_loop_create_server(loop, &pair->server, "127.0.0.1", "0", recorder_factory, &pair->peer, server),
        0);
    assert_int_equal(eddy_loop_create_connection(loop, NULL, "127.0.0.1", pair_service(pair->server),
                                                 recorder_factory, &pair->client, client),
                     0);
    assert_string_equal(pair->client.story.text, "M");
    recorder_wait(&pair->peer, 'M');
}

void recorder_pair_close(recorder_pair *pair)
{
    eddy_transport_close(pair->client.transport);
    eddy_transport_close(pair->peer.transport);
    recorder_wait(&pair->client, 'L');
    recorder_wait(&pair->peer, 'L');
    eddy_server_close(pair->server);
    assert_int_equal(eddy_server_wait_closed(pair->server), 0);
    eddy_server_release(pair->server);
}
