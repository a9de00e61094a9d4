/* suite_recorder.c: the recording protocol of recorder.h.
 * Touches the public API and cmocka. */
#include "recorder.h"
#include "pair.h"

static void tell(recorder *r, char letter)
{
    if (r->told + 1 < sizeof r->story)
        r->story[r->told++] = letter;
    r->story[r->told] = '\0';
    if (r->event != NULL && !eddy_future_done(r->event))
        assert_int_equal(eddy_future_set_result(r->event, 0), 0);
}

static recorder *of(eddy_protocol *protocol)
{
    return (recorder *)(void *)protocol;
}

static void made(eddy_protocol *protocol, eddy_transport *transport)
{
    recorder *r = of(protocol);
    r->transport = transport;
    tell(r, 'M');
    if (r->pauses_when_made)
        eddy_transport_pause_reading(transport);
}

static void lost(eddy_protocol *protocol, int error)
{
    recorder *r = of(protocol);
    r->lost_with = error;
    r->transport = NULL;
    tell(r, 'L');
}

static void paused(eddy_protocol *protocol)
{
    tell(of(protocol), 'p');
}

static void resumed(eddy_protocol *protocol)
{
    tell(of(protocol), 'r');
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
    tell(r, 'd');
    return got(r, data, size);
}

static int get_buffer(eddy_protocol *protocol, void **buffer, size_t *size)
{
    recorder *r = of(protocol);
    size_t room = sizeof r->data - r->size;
    *buffer = r->data + r->size;
    *size = r->window != 0 && r->window < room ? r->window : room;
    tell(r, 'b');
    return 0;
}

static int buffer_updated(eddy_protocol *protocol, size_t size)
{
    recorder *r = of(protocol);
    r->size += size;
    tell(r, 'u');
    return got(r, r->data + r->size - size, size);
}

static int eof_received(eddy_protocol *protocol)
{
    recorder *r = of(protocol);
    tell(r, 'e');
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
    int count = 0;
    for (size_t i = 0; i < r->told; i++)
        count += r->story[i] == letter;
    return count;
}

static void wait_event(recorder *r)
{
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &r->event), 0);
    assert_int_equal(eddy_await_future(r->event, NULL), 0);
    eddy_future_release(r->event);
    r->event = NULL;
}

void recorder_wait(recorder *r, char letter)
{
    while (recorder_count(r, letter) == 0)
        wait_event(r);
}

void recorder_wait_data(recorder *r, size_t size)
{
    while (r->size < size)
        wait_event(r);
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
    assert_string_equal(pair->client.story, "M");
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
