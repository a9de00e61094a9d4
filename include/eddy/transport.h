/* transport.h: transports and protocols: connections whose data is pushed into callbacks of yours.
 * asyncio's low level, for those who build libraries. No task a connection, and no memory while one is idle but the two structs. */
#ifndef EDDY_TRANSPORT_H
#define EDDY_TRANSPORT_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/stream.h>

EDDY_BEGIN

/*
 * What a protocol does: its class. Every member may be NULL and then does nothing. Order of the calls:
 * made, (data_received | get_buffer, buffer_updated) ..., eof_received at most once, lost. All are plain callbacks on the
 * loop's thread: they must not await, and may call everything of the transport.
 */
typedef struct eddy_protocol_type {
    size_t size;
    /* asyncio: BaseProtocol.connection_made. Once, first. The transport is there until connection_lost has returned. */
    void (*connection_made)(eddy_protocol *, eddy_transport *);
    /* asyncio: BaseProtocol.connection_lost. Once, last. error: 0 after an end of stream, a close or an abort of ours; else
     * eddy_last_error() has the detail. */
    void (*connection_lost)(eddy_protocol *, int error);
    /* asyncio: BaseProtocol.pause_writing. More than the high-water mark is unsent. Called inside a write. */
    void (*pause_writing)(eddy_protocol *);
    /* asyncio: BaseProtocol.resume_writing. At or below the low-water mark again. Strictly alternates with pause_writing. */
    void (*resume_writing)(eddy_protocol *);
    /* asyncio: Protocol.data_received. `data` is valid during the call. < 0 is fatal: reported, and the connection is lost. */
    int (*data_received)(eddy_protocol *, const void *data, size_t size);
    /* asyncio: BufferedProtocol.get_buffer. Set: the protocol is a buffered one, and reads land in its own memory: give `*buffer`
     * of `*size` > 0 bytes, which stays yours and valid until buffer_updated or the next get_buffer. < 0 is fatal. */
    int (*get_buffer)(eddy_protocol *, void **buffer, size_t *size);
    /* asyncio: BufferedProtocol.buffer_updated. So many bytes were written into the buffer. < 0 is fatal. */
    int (*buffer_updated)(eddy_protocol *, size_t size);
    /* asyncio: Protocol.eof_received. 1: our half stays open, not with TLS; 0: close after what is unsent; < 0 is fatal. NULL: 0. */
    int (*eof_received)(eddy_protocol *);
} eddy_protocol_type;

/* One connection's protocol. Yours: make it the first member of a larger struct. */
struct eddy_protocol {
    const eddy_protocol_type *type;
};

/* Make a protocol for a connection: 0 and it in *out, or an error, which closes that connection. It is yours to free, at the earliest
 * when its connection_lost is called. Must not await. */
typedef int (*eddy_protocol_factory)(eddy_protocol **out, void *arg);

/**
 * Connect to a host, and give the connection to a protocol. connection_made was called when this returns.
 *
 * asyncio   loop.create_connection
 * suspends  while the name is resolved and the connection is made
 * takes     loop: the running one; out: NULL, or gets the transport, not a reference: it is there until connection_lost has
 *           returned; host, service, options: as in eddy_open_connection; factory, arg: called when the connection is made, with
 *           TLS when the handshake is done
 * returns   0
 * errors    as eddy_open_connection · EDDY_EWRONGLOOP · the factory's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_create_connection(eddy_loop *loop, eddy_transport **out, const char *host,
                                           const char *service, eddy_protocol_factory factory, void *arg,
                                           const eddy_connect_options *options);

/**
 * Listen on every address of the host, and give each connection to a protocol of its own.
 *
 * asyncio   loop.create_server
 * suspends  while the name is resolved
 * takes     loop: the running one; out: gets a reference that eddy_server_release gives back; host, service, options: as in
 *           eddy_start_server; factory, arg: called for each connection; a failure closes that connection and is reported
 * returns   0
 * errors    as eddy_start_server · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_create_server(eddy_loop *loop, eddy_server **out, const char *host,
                                       const char *service, eddy_protocol_factory factory, void *arg,
                                       const eddy_server_options *options);

/**
 * The same on a socket that was made elsewhere: bound, and perhaps listening already.
 *
 * asyncio   loop.create_server with sock
 * takes     fd: eddy's from now on if this succeeds; the rest: as in eddy_loop_create_server
 * returns   0
 * errors    as eddy_start_server_fd
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_loop_create_server_fd(eddy_loop *loop, eddy_server **out, eddy_fd fd,
                                                   eddy_protocol_factory factory, void *arg,
                                                   const eddy_server_options *options);

/**
 * Give a socket that was connected or accepted elsewhere to a protocol. connection_made is called in the next iteration.
 *
 * asyncio   loop.connect_accepted_socket
 * takes     out: NULL, or gets the transport, as in eddy_loop_create_connection; fd: the transport's afterwards, made non-blocking;
 *           on failure it stays yours; protocol: as from a factory; options: NULL for the defaults, only the marks, close_timeout
 *           and TLS are looked at. With TLS, a server's context, connection_made comes after the handshake; a handshake that fails is told by
 *           connection_lost alone
 * returns   0
 * errors    EDDY_EINVAL not a stream socket, NULL · EDDY_EBADF · EDDY_EBUSY watched or used already · EDDY_ENOMEM · EDDY_ECLOSED ·
 *           EDDY_EWRONGTHREAD in debug mode
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_loop_connect_accepted_socket(eddy_loop *loop, eddy_transport **out, eddy_fd fd,
                                                          eddy_protocol *protocol,
                                                          const eddy_connect_options *options);

/**
 * Speak TLS from here on, as the context's role says. The same transport goes on; connection_made is not called again.
 *
 * asyncio   loop.start_tls
 * suspends  until the handshake is done
 * takes     loop: the running one; protocol: has the calls from then on, NULL to keep the one it has; options: as in
 *           eddy_stream_start_tls
 * returns   0
 * errors    as eddy_stream_start_tls · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_start_tls(eddy_loop *loop, eddy_transport *transport, eddy_protocol *protocol,
                                   eddy_tls_context *context, const eddy_tls_options *options);

/**
 * The transport's TLS, to be asked for version, cipher, certificate. It is there as long as the transport.
 *
 * asyncio   get_extra_info("ssl_object")
 * returns   NULL without TLS
 * thread    the loop's
 * since     0.1
 */
EDDY_API const eddy_tls_object *eddy_transport_ssl_object(const eddy_transport *transport);

/**
 * One more reference: the struct is there until it is given back, also after connection_lost.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_transport *eddy_transport_retain(eddy_transport *transport);

/**
 * Give a reference of eddy_transport_retain back. The connection lives on. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_transport_release(eddy_transport *transport);

/**
 * Stop reading, send what is unsent, then close; connection_lost comes later, through the loop. Idempotent. What takes longer than
 * close_timeout, or with TLS shutdown_timeout, is aborted, and connection_lost is told EDDY_ETIMEDOUT.
 *
 * asyncio   BaseTransport.close
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_transport_close(eddy_transport *transport);

/**
 * Close now and discard what is unsent; connection_lost comes later, through the loop. Idempotent.
 *
 * asyncio   WriteTransport.abort
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_transport_abort(eddy_transport *transport);

/**
 * Whether it is closing or closed.
 *
 * asyncio   BaseTransport.is_closing
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_transport_is_closing(const eddy_transport *transport);

/**
 * Let another protocol have the calls from now on. Neither connection_made nor connection_lost is called for the change.
 *
 * asyncio   BaseTransport.set_protocol
 * errors    EDDY_EINVAL · EDDY_ECLOSED connection_lost was called
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_set_protocol(eddy_transport *transport, eddy_protocol *protocol);

/**
 * The protocol that has the calls.
 *
 * asyncio   BaseTransport.get_protocol
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_protocol *eddy_transport_get_protocol(const eddy_transport *transport);

/**
 * Whether data is being received: not paused, not closing.
 *
 * asyncio   ReadTransport.is_reading
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_transport_is_reading(const eddy_transport *transport);

/**
 * No data_received until eddy_transport_resume_reading: the peer is made to wait. Idempotent, also inside connection_made.
 *
 * asyncio   ReadTransport.pause_reading
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_transport_pause_reading(eddy_transport *transport);

/**
 * Receive again. Idempotent.
 *
 * asyncio   ReadTransport.resume_reading
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_transport_resume_reading(eddy_transport *transport);

/**
 * Send what goes now and keep a copy of the rest. After the connection was lost it does nothing.
 *
 * asyncio   WriteTransport.write
 * returns   0
 * errors    EDDY_ECLOSED after write_eof or close · EDDY_ENOMEM nothing more than the record's `partial` bytes was taken · EDDY_EINVAL.
 *           A lost connection is told by connection_lost only
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_write(eddy_transport *transport, const void *data, size_t size);

/**
 * The same for several pieces, in one gathering write.
 *
 * asyncio   WriteTransport.writelines
 * returns   0
 * errors    as eddy_transport_write
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_writelines(eddy_transport *transport, const eddy_view *pieces, size_t count);

/**
 * Send what is unsent, then the end of our half; reading goes on. Idempotent; nothing when closing.
 *
 * asyncio   WriteTransport.write_eof
 * returns   0
 * errors    EDDY_EINVAL · EDDY_EOPNOTSUPP as eddy_transport_can_write_eof says
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_write_eof(eddy_transport *transport);

/**
 * Whether one half can be closed: true for TCP and local sockets, false with TLS.
 *
 * asyncio   WriteTransport.can_write_eof
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_transport_can_write_eof(const eddy_transport *transport);

/**
 * Set the marks of pause_writing and resume_writing; applied at once.
 *
 * asyncio   WriteTransport.set_write_buffer_limits
 * takes     high, low: bytes, low <= high; SIZE_MAX: not given. Neither: 64 and 16 KiB; only high: low is a quarter of it; only
 *           low: high is four times it
 * errors    EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_set_write_buffer_limits(eddy_transport *transport, size_t high, size_t low);

/**
 * The marks in force.
 *
 * asyncio   WriteTransport.get_write_buffer_limits
 * takes     low, high: NULL, or gets the mark
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_transport_get_write_buffer_limits(const eddy_transport *transport, size_t *low,
                                                     size_t *high);

/**
 * How many bytes are written and not yet sent.
 *
 * asyncio   WriteTransport.get_write_buffer_size
 * thread    the loop's
 * since     0.1
 */
EDDY_API size_t eddy_transport_get_write_buffer_size(const eddy_transport *transport);

/**
 * The address of the other end as text, as eddy_stream_peer_name.
 *
 * asyncio   get_extra_info("peername")
 * returns   the length
 * errors    EDDY_EINVAL does not fit, NULL · EDDY_ENOTCONN · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_peer_name(const eddy_transport *transport, char *text, size_t size);

/**
 * The same for this end.
 *
 * asyncio   get_extra_info("sockname")
 * returns   the length
 * errors    as eddy_transport_peer_name
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_transport_local_name(const eddy_transport *transport, char *text, size_t size);

/**
 * The descriptor, for options that eddy does not have; -1 when closed. Not to be read, written or closed.
 *
 * asyncio   get_extra_info("socket")
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_fd eddy_transport_fileno(const eddy_transport *transport);

/**
 * The loop that it belongs to. Not a new reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_loop *eddy_transport_get_loop(const eddy_transport *transport);

EDDY_END

#endif
