/* suite_tls_pair.c: contexts that fit each other, and pairs of streams that use them.
 * Touches the public API and certificates.h. */
#include "tls_pair.h"

void tls_house_open(tls_house *house)
{
    house_make(&house->certificates);
    house->client = client_context(&house->certificates.authority);
    house->server = server_context(&house->certificates.server);
}

void tls_house_close(tls_house *house)
{
    eddy_tls_context_release(house->client);
    eddy_tls_context_release(house->server);
    house_free(&house->certificates);
}

void tls_pair_open(stream_pair *pair, const tls_house *house)
{
    pair_open(pair, EDDY_OPTIONS(eddy_connect_options, .tls = house->client),
              EDDY_OPTIONS(eddy_server_options, .tls = house->server));
}

void tls_pair_close(stream_pair *pair)
{
    eddy_stream_close(pair->client);
    eddy_stream_close(pair->peer);
    assert_int_equal(eddy_stream_wait_closed(pair->client), 0);
    assert_int_equal(eddy_stream_wait_closed(pair->peer), 0);
    pair_close(pair);
}

eddy_server *tls_serve(eddy_tls_context *context, eddy_client_fn fn, void *arg)
{
    eddy_server *server;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", fn, arg,
                                       EDDY_OPTIONS(eddy_server_options, .tls = context)),
                     0);
    return server;
}

void tls_end_serving(eddy_server *server)
{
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
}

static int count_and_wait(eddy_stream *stream, void *arg)
{
    char byte;
    ((tls_bare *)arg)->served++;
    return (int)eddy_stream_read(stream, &byte, 1);
}

void tls_bare_open(tls_bare *bare, const tls_house *house, double handshake_timeout)
{
    *bare = (tls_bare){0};
    assert_int_equal(eddy_start_server(&bare->server, "127.0.0.1", "0", count_and_wait, bare,
                                       EDDY_OPTIONS(eddy_server_options, .tls = house->server,
                                                    .handshake_timeout = handshake_timeout)),
                     0);
    assert_int_equal(eddy_open_connection(&bare->client, "127.0.0.1", pair_service(bare->server), NULL), 0);
}

void tls_bare_close(tls_bare *bare)
{
    eddy_stream_abort(bare->client);
    eddy_stream_release(bare->client);
    eddy_server_close(bare->server);
    assert_int_equal(eddy_server_wait_closed(bare->server), 0);
    eddy_server_release(bare->server);
}
