/* suite_pair.c: two connected streams in one loop.
 * Touches the public API. The server's task holds its end open until the pair is closed. */
#include "pair.h"

#include <stdio.h>

static int hold(eddy_stream *stream, void *arg)
{
    stream_pair *pair = arg;
    pair->peer = eddy_stream_retain(stream);
    eddy_future_set_result(pair->here, 0);
    return eddy_await_future(pair->leave, NULL);
}

const char *pair_service(const eddy_server *server)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", eddy_server_port(server, 0));
    return text;
}

eddy_stream *pair_connect(const eddy_server *server)
{
    eddy_stream *stream;
    assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", pair_service(server), NULL), 0);
    return stream;
}

void pair_stop(eddy_server *server)
{
    eddy_server_close(server);
    eddy_server_close_clients(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
}

/* A server that cannot set a connection up drops and reports it (F3), and nobody else sets `here`. */
static void give_up(eddy_loop *loop, const eddy_exception_context *context, void *pair)
{
    (void)loop;
    (void)eddy_future_set_exception(((stream_pair *)pair)->here, context->exception);
}

void pair_open(stream_pair *pair, const eddy_connect_options *client, const eddy_server_options *server)
{
    eddy_loop *loop = eddy_get_running_loop();
    *pair = (stream_pair){0};
    assert_int_equal(eddy_loop_create_future(loop, &pair->here), 0);
    assert_int_equal(eddy_loop_create_future(loop, &pair->leave), 0);
    bool watch = support_calls_fail() && eddy_loop_get_exception_handler(loop) == NULL;
    if (watch)
        assert_int_equal(eddy_loop_set_exception_handler(loop, give_up, pair), 0);
    assert_int_equal(eddy_start_server(&pair->server, "127.0.0.1", "0", hold, pair, server), 0);
    assert_int_equal(eddy_open_connection(&pair->client, "127.0.0.1", pair_service(pair->server), client), 0);
    assert_int_equal(eddy_await_future(pair->here, NULL), 0);
    if (watch)
        assert_int_equal(eddy_loop_set_exception_handler(loop, NULL, NULL), 0);
}

void pair_close(stream_pair *pair)
{
    eddy_stream_abort(pair->client);
    eddy_stream_abort(pair->peer);
    eddy_future_set_result(pair->leave, 0);
    eddy_server_close(pair->server);
    assert_int_equal(eddy_server_wait_closed(pair->server), 0);
    int rc = eddy_stream_wait_closed(pair->client);
    assert_true(rc != EDDY_ECANCELED); /* whatever ended it */
    eddy_stream_release(pair->client);
    eddy_stream_release(pair->peer);
    eddy_server_release(pair->server);
    eddy_future_release(pair->here);
    eddy_future_release(pair->leave);
}

size_t pair_read_all(eddy_stream *stream, char *buffer, size_t size)
{
    size_t total = 0;
    ptrdiff_t got = 1;
    while (total < size && (got = eddy_stream_read(stream, buffer + total, size - total)) > 0)
        total += (size_t)got;
    assert_true(got >= 0);
    return total;
}
