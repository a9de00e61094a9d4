/* pair.h: two connected streams in one loop, for tests of streams.
 * Touches the public API and cmocka. What open made, close gives back, so a test leaves nothing. */
#ifndef PAIR_H
#define PAIR_H

#include "support/support.h"

typedef struct stream_pair {
    eddy_server *server;
    eddy_stream *client, *peer; /* peer: the server's end */
    eddy_future *here, *leave;  /* the server's task has the stream; it may end */
} stream_pair;

void pair_open(stream_pair *pair, const eddy_connect_options *client, const eddy_server_options *server);
void pair_close(stream_pair *pair);

/* The port of the server's first socket as text. */
const char *pair_service(const eddy_server *server);

/* A client of the server, and the end of the server with all of its clients. */
eddy_stream *pair_connect(const eddy_server *server);
void pair_stop(eddy_server *server);

/* Read until the end or `size` bytes; returns how many. */
size_t pair_read_all(eddy_stream *stream, char *buffer, size_t size);

#endif
