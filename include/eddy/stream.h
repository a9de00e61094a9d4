/* stream.h: TCP streams and servers, read and written as if they blocked.
 * asyncio's streams. A read cancelled at any point loses no byte; a write suspends while the peer is slow. */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/task.h>
#include <eddy/tls.h>

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
    /* Seconds after which the next address is tried beside those under way (RFC 8305); it is tried at once when one fails.
     * 0: 0.25; < 0: all at once; INFINITY: one after the other, each when the one before has failed. */
    double happy_eyeballs_delay;
    int interleave; /* so many addresses of the first family before the families take turns; < 0: the resolver's order.
                                    0: 1, or the resolver's order when they are tried one after the other */
    eddy_tls_context *tls;                      /* speak TLS from the first byte; NULL: do not */
    const char *server_hostname;                /* with tls; as in eddy_tls_options */
    double handshake_timeout, shutdown_timeout; /* with tls; seconds, 0: 60 and 30 */
    /* Seconds that a close may take to send what is unsent; then it is aborted, with EDDY_ETIMEDOUT. 0: no limit. With tls:
     * shutdown_timeout if that is given, else this one, else 30. */
    double close_timeout;
    eddy_tls_session *session; /* with tls; as in eddy_tls_options */
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
        client_task;          /* of each client's task; zero for the defaults; never eager, by no factory */
    const char *const *hosts; /* several hosts in place of the one of the call, which is NULL then */
    size_t host_count;
    eddy_tls_context *tls; /* speak TLS from the first byte; the server keeps a reference. NULL: do not */
    double handshake_timeout, shutdown_timeout; /* with tls; seconds, 0: 60 and 30 */
    double close_timeout;                       /* of each client's connection; as in eddy_connect_options */
} eddy_server_options;

EDDY_API void eddy_server_options_init(eddy_server_options *options);

/**
 * Connect to a host.
 *
 * The addresses of the host are tried in a staggered race (Happy Eyeballs): the first one that answers wins, the others are closed
 * before this returns. When all fail, the record's `group` has the error of each attempt, and the code is that of the first one that says
 * something about the host rather than about this machine.
 *
 * asyncio   open_connection
 * suspends  while the name is resolved and the connection is made, with TLS until the handshake is done
 * takes     host: name or number, NULL for this machine; service: number or name; options: NULL for the defaults
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    EDDY_ECONNREFUSED · EDDY_ENOHOST · EDDY_ERESOLVE · EDDY_ETIMEDOUT · EDDY_EHOSTUNREACH · EDDY_ENETUNREACH ·
 *           EDDY_EADDRNOTAVAIL · EDDY_EMFILE · EDDY_ENOMEM · EDDY_ECANCELED nothing is left open · EDDY_EINVAL also: TLS settings that make
 *           no sense · EDDY_ENOTASK; with TLS, the record's `message` says more: EDDY_ECERTIFICATE · EDDY_EHOSTNAME · EDDY_ETLS ·
 *           EDDY_ECONNABORTED the handshake took too long · EDDY_ECONNRESET it was cut off · EDDY_ENOSYS
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_open_connection(eddy_stream **out, const char *host, const char *service,
                                    const eddy_connect_options *options);

/**
 * A stream over a connected stream socket that was made elsewhere.
 *
 * asyncio   open_connection with sock
 * takes     fd: eddy's from now on if this succeeds, and made non-blocking in any case; options: as eddy_open_connection, what is
 *           about connecting is left alone
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    EDDY_EINVAL not a stream socket · EDDY_ENOTSOCK · EDDY_EBADF · EDDY_EBUSY the loop has it already · EDDY_ENOMEM ·
 *           EDDY_ENOLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_open_connection_fd(eddy_stream **out, eddy_fd fd,
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
 *           EDDY_ENOTASK; with TLS: EDDY_ETRUNCATED the connection ended and TLS did not · EDDY_ETLS
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
 * Read through the first of several separators: of those that are there, the one that ends first.
 *
 * asyncio   StreamReader.readuntil with a tuple
 * suspends  until one is there or the stream ends
 * takes     data: valid until the next read of this stream, separator included; separators: none of them empty; count: at least 1
 * returns   the length of the data
 * errors    as eddy_stream_readuntil
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_stream_readuntil_any(eddy_stream *stream, eddy_view *data,
                                               const eddy_view *separators, size_t count);

/**
 * Read all that comes until the stream ends.
 *
 * asyncio   StreamReader.read with -1
 * suspends  until the stream ends
 * takes     data: valid until the next read of this stream; limit: most bytes, at least 1, SIZE_MAX for no limit
 * returns   the length of the data, 0 when nothing came
 * errors    EDDY_ELIMIT more than the limit came: nothing was removed, the record's `consumed` says how much can be read ·
 *           EDDY_ECANCELED nothing is lost · EDDY_EBUSY · EDDY_ECONNRESET · EDDY_ENOMEM nothing is lost · EDDY_ECLOSED · EDDY_EINVAL ·
 *           EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_stream_read_all(eddy_stream *stream, eddy_view *data, size_t limit);

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
 * asyncio   StreamWriter.write and StreamWriter.drain
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
 * The same as eddy_stream_write for several pieces, in one gathering write.
 *
 * asyncio   StreamWriter.writelines and StreamWriter.drain
 * suspends  above the high-water mark
 * returns   0
 * errors    as eddy_stream_write
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_stream_writelines(eddy_stream *stream, const eddy_view *pieces, size_t count);

/**
 * The same as eddy_stream_write_nowait for several pieces, in one gathering write.
 *
 * asyncio   StreamWriter.writelines
 * returns   0
 * errors    as eddy_stream_write
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_stream_writelines_nowait(eddy_stream *stream, const eddy_view *pieces,
                                                      size_t count);

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
 * errors    EDDY_ECLOSED · EDDY_EINVAL · EDDY_ENOTCONN · EDDY_EOPNOTSUPP with TLS, which ends both ways at once
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_write_eof(eddy_stream *stream);

/**
 * Stop reading, send what is unsent, then close. A reader and writers that wait end with EDDY_ECLOSED. Idempotent.
 *
 * A peer that does not read holds this up for ever, unless close_timeout was given: then it is aborted. With TLS the other end is told,
 * and has shutdown_timeout seconds to take what is unsent and to answer; during a handshake it aborts.
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
 * errors    the error that ended the connection, each time; EDDY_ETIMEDOUT also: closing took longer than its limit · EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_stream_wait_closed(eddy_stream *stream);

/**
 * Speak TLS from here on, as the context's role says: after STARTTLS, after a PROXY header.
 *
 * What a server has read already and not handed out is the beginning of it; a client that has such bytes refuses, for they
 * are not protected and may be anybody's.
 *
 * asyncio   StreamWriter.start_tls
 * suspends  until the handshake is done
 * takes     options: NULL for the defaults, without a name to check: only for a context that checks none
 * returns   0
 * errors    EDDY_ECERTIFICATE · EDDY_EHOSTNAME · EDDY_ETLS · EDDY_ECONNABORTED the handshake took too long · EDDY_ECONNRESET · EDDY_EPROTO
 *           bytes before TLS · EDDY_EOPNOTSUPP TLS already · EDDY_EBUSY a task reads · EDDY_ECLOSED · EDDY_ECANCELED · EDDY_ENOMEM ·
 *           EDDY_EINVAL · EDDY_ENOSYS · EDDY_ENOTASK. Once begun, a failure or a cancel closes the stream
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_stream_start_tls(eddy_stream *stream, eddy_tls_context *context,
                                     const eddy_tls_options *options);

/**
 * The stream's TLS, to be asked for version, cipher, certificate. It is there as long as the stream.
 *
 * asyncio   get_extra_info("ssl_object")
 * returns   NULL without TLS
 * thread    the loop's
 * since     0.1
 */
EDDY_API const eddy_tls_object *eddy_stream_ssl_object(const eddy_stream *stream);

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
 * The marks in force: above `high` unsent bytes writers wait, at `low` they go on.
 *
 * asyncio   transport.get_write_buffer_limits
 * takes     low, high: NULL, or gets the mark
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_stream_get_write_buffer_limits(const eddy_stream *stream, size_t *low, size_t *high);

/**
 * Listen on every address of the host, or of the options' hosts, one task a client. Each distinct address is bound once.
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
 * Serve on a socket that was made elsewhere: bound, and perhaps listening already, as a service manager hands it over.
 *
 * asyncio   start_server with sock
 * takes     fd: eddy's from now on if this succeeds, and made non-blocking in any case; fn, arg: of each client; options: as
 *           eddy_start_server, what is about making sockets is left alone
 * returns   0 and a server in *out, which eddy_server_release gives back
 * errors    EDDY_EINVAL not a stream socket, or one that cannot listen · EDDY_ENOTSOCK · EDDY_EBADF · EDDY_EBUSY the loop has it already ·
 *           EDDY_ENOMEM · EDDY_ENOLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_start_server_fd(eddy_server **out, eddy_fd fd, eddy_client_fn fn, void *arg,
                                             const eddy_server_options *options);

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
