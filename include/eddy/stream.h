/* stream.h: TCP streams and servers, read and written as if they blocked.
 * asyncio's streams. A read cancelled at any point loses no byte; a write suspends while the peer is slow. */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/task.h>

EDDY_BEGIN

/* One task a client. The server closes the stream after it; a negative return is reported. */
typedef int (*eddy_client_fn)(eddy_stream *stream, void *arg);

/* UNIX: the host is a path, or "@name" for an abstract one, and there is no service; see local.h */
typedef enum eddy_family {
    EDDY_FAMILY_ANY,
    EDDY_FAMILY_IPV4,
    EDDY_FAMILY_IPV6,
    EDDY_FAMILY_UNIX
} eddy_family;

typedef struct eddy_connect_options {
    size_t size;
    eddy_family family;
    size_t limit;      /* bytes before a separator; 0: 64 KiB. Reading pauses above twice that */
    size_t high_water; /* unsent bytes above which writers wait; 0: 64 KiB */
    size_t low_water;  /* unsent bytes at which they go on; 0: a quarter of high_water */
    const char *local_host, *local_service; /* bind before connecting; NULL: the system chooses */
} eddy_connect_options;

EDDY_API void eddy_connect_options_init(eddy_connect_options *options);

typedef struct eddy_server_options {
    size_t size;
    eddy_family family;
    int backlog;           /* 0: 100 */
    bool no_reuse_address; /* SO_REUSEADDR is on by default where it is safe */
    bool reuse_port; /* several servers share a port, in this process or in others: all of them ask for it */
    bool keep_alive;
    bool keep_socket_file;               /* of a local socket: closing leaves it in the file system */
    bool do_not_start;                   /* listen only at eddy_server_start_serving or serve_forever */
    size_t limit, high_water, low_water; /* of each client's stream; as in eddy_connect_options */
    eddy_task_options
        client_task; /* of each client's task; zero for the defaults; never eager, by no factory */
} eddy_server_options;

EDDY_API void eddy_server_options_init(eddy_server_options *options);

/**
 * Connect to a host.
 *
 * Addresses are tried one after the other in the resolver's order.
 *
 * asyncio   open_connection
 * suspends  while the name is resolved and the connection is made
 * takes     host: name or number, NULL for this machine; service: number or name; options: NULL for the defaults
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    EDDY_ECONNREFUSED · EDDY_ENOHOST · EDDY_ERESOLVE · EDDY_ETIMEDOUT · EDDY_EHOSTUNREACH · EDDY_ENETUNREACH ·
 *           EDDY_EADDRNOTAVAIL · EDDY_EMFILE · EDDY_ENOMEM · EDDY_ECANCELED nothing is left open · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_open_connection(eddy_stream **out, const char *host, const char *service,
                                    const eddy_connect_options *options);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_stream *eddy_stream_retain(eddy_stream *stream);

/**
 * Give a reference back; the last one closes. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_stream_release(eddy_stream *stream);

/**
 * Read what is there, up to `size` bytes; wait while nothing is.
 *
 * asyncio   StreamReader.read
 * suspends  while nothing is buffered and the stream has not ended
 * takes     buffer: yours, written until the call returns; size: bytes, at least 1
 * returns   > 0 bytes read; 0 end of stream, and again 0 afterwards
 * errors    EDDY_ECANCELED nothing was read · EDDY_EBUSY another task reads · EDDY_ECONNRESET · EDDY_EPIPE · EDDY_ECLOSED · EDDY_EINVAL ·
 *           EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_stream_read(eddy_stream *stream, void *buffer, size_t size);

/**
 * Read exactly that many bytes.
 *
 * asyncio   StreamReader.readexactly
 * suspends  until they are there or the stream ends
 * takes     buffer: yours; on EDDY_EINCOMPLETE it holds the record's `partial` bytes
 * returns   size
 * errors    EDDY_EINCOMPLETE the stream ended before · EDDY_ECANCELED what was read is kept for the next read · EDDY_EBUSY ·
 *           EDDY_ECONNRESET · EDDY_ENOMEM nothing is lost · EDDY_ECLOSED · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_stream_readexactly(eddy_stream *stream, void *buffer, size_t size);

/**
 * Read a line, its newline included; at the end of the stream what is left, maybe nothing.
 *
 * asyncio   StreamReader.readline
 * suspends  until a line is there or the stream ends
 * takes     line: valid until the next read of this stream
 * returns   the length of the line; 0 end of stream
 * errors    EDDY_ELIMIT the line is longer than the limit and was dropped with its newline, or, newline not yet seen, all that is
 *           buffered was dropped · EDDY_ECANCELED nothing is lost · EDDY_EBUSY · EDDY_ECONNRESET · EDDY_ENOMEM · EDDY_ECLOSED ·
 *           EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_stream_readline(eddy_stream *stream, eddy_view *line);

/**
 * Read through a separator.
 *
 * asyncio   StreamReader.readuntil
 * suspends  until it is there or the stream ends
 * takes     data: valid until the next read of this stream, separator included; size: of the separator, at least 1
 * returns   the length of the data
 * errors    EDDY_EINCOMPLETE the stream ended before: data holds the rest · EDDY_ELIMIT nothing was removed, the record's
 *           `consumed` says how much can be read · EDDY_ECANCELED nothing is lost · EDDY_EBUSY · EDDY_ECONNRESET ·
 *           EDDY_ENOMEM · EDDY_ECLOSED · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_stream_readuntil(eddy_stream *stream, eddy_view *data, const void *separator,
                                           size_t size);

/**
 * Whether the stream has ended and nothing is buffered.
 *
 * asyncio   StreamReader.at_eof
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_stream_at_eof(const eddy_stream *stream);

/**
 * Write all of it, or fail; waits while more than the high-water mark is unsent.
 *
 * What could not be sent at once is copied: `data` is yours again when the call returns.
 *
 * asyncio   StreamWriter.write and drain
 * suspends  above the high-water mark
 * returns   0
 * errors    EDDY_EPIPE · EDDY_ECONNRESET · EDDY_ECANCELED all of it was taken and will be sent · EDDY_ECLOSED closing, or write_eof
 *           was called · EDDY_ENOMEM nothing more than the record's `partial` bytes was taken · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_stream_write(eddy_stream *stream, const void *data, size_t size);

/**
 * Take all of it now, and send it as the peer allows. Unbounded: drain between writes.
 *
 * asyncio   StreamWriter.write
 * returns   0
 * errors    as eddy_stream_write
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_stream_write_nowait(eddy_stream *stream, const void *data, size_t size);

/**
 * Wait until writing may go on: at once below the high-water mark.
 *
 * asyncio   StreamWriter.drain
 * suspends  above the high-water mark; for one iteration on a closing stream
 * returns   0
 * errors    EDDY_ECONNRESET the connection is lost · EDDY_ECANCELED · the stream's own · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_stream_drain(eddy_stream *stream);

/**
 * Send what is unsent, then the end of our half; reading goes on.
 *
 * asyncio   StreamWriter.write_eof
 * returns   0, also the second time
 * errors    EDDY_ECLOSED · EDDY_EINVAL · EDDY_ENOTCONN
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_write_eof(eddy_stream *stream);

/**
 * Stop reading, send what is unsent, then close. A reader and writers that wait end with EDDY_ECLOSED. Idempotent.
 *
 * asyncio   StreamWriter.close
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_stream_close(eddy_stream *stream);

/**
 * Close now and discard what is unsent. Idempotent.
 *
 * asyncio   transport.abort
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_stream_abort(eddy_stream *stream);

/**
 * Whether it is closing or closed.
 *
 * asyncio   StreamWriter.is_closing
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_stream_is_closing(const eddy_stream *stream);

/**
 * Wait until it is closed. Does not close by itself.
 *
 * asyncio   StreamWriter.wait_closed
 * suspends  until the descriptor is closed
 * returns   0 after a clean close
 * errors    the error that ended the connection, each time · EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_stream_wait_closed(eddy_stream *stream);

/**
 * The address of the other end or of this one, as text: "127.0.0.1:80", "[::1]:80".
 *
 * asyncio   get_extra_info("peername")
 * returns   the length
 * errors    EDDY_EINVAL does not fit, NULL · EDDY_ENOTCONN · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_peer_name(const eddy_stream *stream, char *text, size_t size);

/**
 * The same for this end.
 *
 * asyncio   get_extra_info("sockname")
 * errors    as eddy_stream_peer_name
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_local_name(const eddy_stream *stream, char *text, size_t size);

/**
 * The descriptor, for options that eddy does not have; -1 when closed. Not to be read, written or closed.
 *
 * asyncio   get_extra_info("socket")
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_fd eddy_stream_fileno(const eddy_stream *stream);

/**
 * How many bytes are written and not yet sent.
 *
 * asyncio   transport.get_write_buffer_size
 * thread    the loop's
 * since     0.1
 */
EDDY_API size_t eddy_stream_write_buffer_size(const eddy_stream *stream);

/**
 * Listen on every address of the host, one task a client.
 *
 * asyncio   start_server
 * suspends  while the name is resolved
 * takes     host: NULL or "" for all interfaces; service: "0" or NULL for any free port, a different one for each address; fn, arg: of
 *           each client
 * returns   0 and a server in *out, which eddy_server_release gives back
 * errors    EDDY_EADDRINUSE · EDDY_EADDRNOTAVAIL · EDDY_EACCES · EDDY_ENOHOST · EDDY_ERESOLVE · EDDY_EMFILE · EDDY_ENOMEM ·
 *           EDDY_ENOSYS reuse_port where the system has none · EDDY_ECANCELED · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_start_server(eddy_server **out, const char *host, const char *service, eddy_client_fn fn,
                                 void *arg, const eddy_server_options *options);

/**
 * Give a server back; the last reference closes it. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_server_release(eddy_server *server);

/**
 * Listen now. Idempotent.
 *
 * asyncio   Server.start_serving
 * errors    EDDY_ECLOSED · EDDY_EADDRINUSE · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_server_start_serving(eddy_server *server);

/**
 * Serve until cancelled or closed; then close, close the clients, and wait for them.
 *
 * asyncio   Server.serve_forever
 * suspends  always
 * errors    EDDY_ECANCELED cancelled, or closed by somebody else · EDDY_ECLOSED · EDDY_EBUSY a second one · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_server_serve_forever(eddy_server *server);

/**
 * Stop listening now; connections live on. Ends serve_forever. Idempotent.
 *
 * asyncio   Server.close
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_server_close(eddy_server *server);

/**
 * Close every client's stream.
 *
 * asyncio   Server.close_clients
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_server_close_clients(eddy_server *server);

/**
 * Abort every client's stream.
 *
 * asyncio   Server.abort_clients
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_server_abort_clients(eddy_server *server);

/**
 * Wait until it is closed and no client is left.
 *
 * asyncio   Server.wait_closed
 * suspends  until both hold
 * errors    EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_server_wait_closed(eddy_server *server);

/**
 * Whether it accepts connections.
 *
 * asyncio   Server.is_serving
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_server_is_serving(const eddy_server *server);

/**
 * The address of its i-th listening socket as text.
 *
 * asyncio   Server.sockets
 * returns   the length
 * errors    EDDY_EINVAL no such socket, does not fit · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_server_name(const eddy_server *server, size_t index, char *text, size_t size);

/**
 * The port of its i-th listening socket.
 *
 * asyncio   Server.sockets
 * returns   the port
 * errors    EDDY_EINVAL no such socket · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_server_port(const eddy_server *server, size_t index);

EDDY_END

#endif
