/* datagram.h: datagrams (UDP): pushed into a protocol's callbacks, or received and sent by tasks.
 * asyncio's datagram endpoints. Nothing here retries or orders: a datagram arrives whole, once, more than once or not at all. */
#ifndef EDDY_DATAGRAM_H
#define EDDY_DATAGRAM_H

#include <eddy/address.h>
#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/stream.h>

EDDY_BEGIN

typedef struct eddy_datagram eddy_datagram;                     /* for tasks */
typedef struct eddy_datagram_transport eddy_datagram_transport; /* for protocols */
typedef struct eddy_datagram_protocol eddy_datagram_protocol;

/* What a protocol does: its class. Every member may be NULL and then does nothing. connection_made comes first, connection_lost last. All
 * are plain callbacks on the loop's thread: they must not await, and may call everything of the transport. */
typedef struct eddy_datagram_protocol_type {
    size_t size;
    /* asyncio: BaseProtocol.connection_made. The transport is there until connection_lost has returned. */
    void (*connection_made)(eddy_datagram_protocol *, eddy_datagram_transport *);
    /* asyncio: BaseProtocol.connection_lost. Once, last. error: 0 after a close or an abort of ours. */
    void (*connection_lost)(eddy_datagram_protocol *, int error);
    /* asyncio: DatagramProtocol.datagram_received. `data` and `from` are valid during the call; size may be 0. */
    void (*datagram_received)(eddy_datagram_protocol *, const void *data, size_t size,
                              const eddy_address *from);
    /* asyncio: DatagramProtocol.error_received. A send or a receive failed; the transport lives on. EDDY_EMSGSIZE also tells of a
     * datagram that came and was too large to be taken. */
    void (*error_received)(eddy_datagram_protocol *, int error);
    /* asyncio: BaseProtocol.pause_writing. More than the high-water mark is unsent. Called inside sendto. */
    void (*pause_writing)(eddy_datagram_protocol *);
    /* asyncio: BaseProtocol.resume_writing. Strictly alternates with pause_writing. */
    void (*resume_writing)(eddy_datagram_protocol *);
} eddy_datagram_protocol_type;

/* Yours: make it the first member of a larger struct. */
struct eddy_datagram_protocol {
    const eddy_datagram_protocol_type *type;
};

/* Make a protocol: 0 and it in *out, or an error. It is yours to free, at the earliest when its connection_lost is called. Must not await. */
typedef int (*eddy_datagram_protocol_factory)(eddy_datagram_protocol **out, void *arg);

/* Where it is and whom it talks to. Both ends are needed of one family; with neither, `family` is. */
typedef struct eddy_datagram_options {
    size_t size;
    eddy_family family;
    const char *local_host, *local_service;   /* bind; both NULL: the system chooses when something is sent */
    const char *remote_host, *remote_service; /* the only peer; both NULL: anybody */
    bool reuse_port;
    bool allow_broadcast; /* with it, the remote address is the default target, not the only peer */
    const eddy_fd *sock;  /* take this socket over instead; nothing else but the marks may be given */
    size_t high_water,
        low_water; /* of a protocol's unsent datagrams; 0: 64 KiB, and a quarter of the high one */
} eddy_datagram_options;

EDDY_API void eddy_datagram_options_init(eddy_datagram_options *options);

/* ---- protocols ---- */

/**
 * Open a datagram socket and give it to a protocol. connection_made was called when this returns.
 *
 * asyncio   loop.create_datagram_endpoint
 * suspends  while names are resolved
 * takes     loop: the running one; out: NULL, or gets the transport, not a reference: it is there until connection_lost has
 *           returned; factory, arg: called when the socket is there; options: at least an address or a family
 * returns   0
 * errors    EDDY_EINVAL neither address nor family, sock beside others or no datagram socket · EDDY_ENOHOST also: no common
 *           family · EDDY_EADDRINUSE · EDDY_EADDRNOTAVAIL · EDDY_EACCES · EDDY_ENOSYS no such option here · EDDY_EBUSY sock is used
 *           already · EDDY_EMFILE · EDDY_ENOMEM · EDDY_ECANCELED nothing is left open · EDDY_EWRONGLOOP · EDDY_ENOTASK · the factory's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_create_datagram_endpoint(eddy_loop *loop, eddy_datagram_transport **out,
                                                  eddy_datagram_protocol_factory factory, void *arg,
                                                  const eddy_datagram_options *options);

/**
 * One more reference: the struct is there until it is given back, also after connection_lost.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_datagram_transport *eddy_datagram_transport_retain(eddy_datagram_transport *transport);

/**
 * Give a reference of eddy_datagram_transport_retain back. The socket stays open. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_datagram_transport_release(eddy_datagram_transport *transport);

/**
 * Send a datagram, or keep a copy until it goes. Those sent from within datagram_received may go together when it has returned.
 *
 * asyncio   DatagramTransport.sendto
 * takes     data: yours; size: may be 0; to: NULL for the peer or the default target, else where to; with a peer it must be that one
 * returns   0. That a send failed is told by error_received, through the loop
 * errors    EDDY_EINVAL no address, or not the peer's · EDDY_ECLOSED · EDDY_ENOMEM it is not sent · EDDY_EMSGSIZE
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_transport_sendto(eddy_datagram_transport *transport, const void *data, size_t size,
                                            const eddy_address *to);

/**
 * Stop receiving, send what is unsent, then close; connection_lost comes later, through the loop. Idempotent.
 *
 * asyncio   BaseTransport.close of a DatagramTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_datagram_transport_close(eddy_datagram_transport *transport);

/**
 * Close now and discard what is unsent; connection_lost comes later, through the loop. Idempotent.
 *
 * asyncio   DatagramTransport.abort
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_datagram_transport_abort(eddy_datagram_transport *transport);

/**
 * Whether it is closing or closed.
 *
 * asyncio   BaseTransport.is_closing of a DatagramTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_datagram_transport_is_closing(const eddy_datagram_transport *transport);

/**
 * Let another protocol have the calls from now on.
 *
 * asyncio   BaseTransport.set_protocol of a DatagramTransport
 * errors    EDDY_EINVAL · EDDY_ECLOSED connection_lost was called
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_transport_set_protocol(eddy_datagram_transport *transport,
                                                  eddy_datagram_protocol *protocol);

/**
 * The protocol that has the calls.
 *
 * asyncio   BaseTransport.get_protocol of a DatagramTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_datagram_protocol *eddy_datagram_transport_get_protocol(const eddy_datagram_transport *self);

/**
 * Set the marks of pause_writing and resume_writing; applied at once.
 *
 * asyncio   WriteTransport.set_write_buffer_limits of a DatagramTransport
 * takes     high, low: as in eddy_transport_set_write_buffer_limits
 * errors    EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_transport_set_write_buffer_limits(eddy_datagram_transport *transport, size_t high,
                                                             size_t low);

/**
 * The marks in force.
 *
 * asyncio   WriteTransport.get_write_buffer_limits of a DatagramTransport
 * takes     low, high: NULL, or gets the mark
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_datagram_transport_get_write_buffer_limits(const eddy_datagram_transport *transport,
                                                              size_t *low, size_t *high);

/**
 * How much is unsent: the bytes of each datagram, and 8 more for each.
 *
 * asyncio   WriteTransport.get_write_buffer_size of a DatagramTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API size_t eddy_datagram_transport_get_write_buffer_size(const eddy_datagram_transport *transport);

/**
 * The address of the socket.
 *
 * asyncio   get_extra_info("sockname") of a DatagramTransport
 * errors    EDDY_EINVAL · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_transport_local_address(const eddy_datagram_transport *transport,
                                                   eddy_address *address);

/**
 * The address of the only peer.
 *
 * asyncio   get_extra_info("peername") of a DatagramTransport
 * errors    EDDY_EINVAL · EDDY_ENOTCONN there is none · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_transport_peer_address(const eddy_datagram_transport *transport,
                                                  eddy_address *address);

/**
 * The descriptor, for options that eddy does not have; -1 when closed. Not to be read, written or closed.
 *
 * asyncio   get_extra_info("socket") of a DatagramTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_fd eddy_datagram_transport_fileno(const eddy_datagram_transport *transport);

/* ---- tasks ---- */

/**
 * Open a datagram socket that tasks receive from and send to.
 *
 * suspends  while names are resolved
 * takes     options: as in eddy_loop_create_datagram_endpoint; the marks are not looked at
 * returns   0 and a socket in *out, which eddy_datagram_release gives back
 * errors    as eddy_loop_create_datagram_endpoint
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_open_datagram(eddy_datagram **out, const eddy_datagram_options *options);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_datagram *eddy_datagram_retain(eddy_datagram *datagram);

/**
 * Give a reference back; the last one closes. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_datagram_release(eddy_datagram *datagram);

/**
 * Receive one datagram.
 *
 * suspends  until one is there
 * takes     buffer: yours, written until the call returns; size: at least 1; from: NULL, or gets the sender
 * returns   its length, which may be 0
 * errors    EDDY_EMSGSIZE it was longer: the record's `partial` bytes are in the buffer, `expected` is its length, or one more than
 *           the buffer where the system does not tell · EDDY_ECONNREFUSED and the like: something sent before was refused; the
 *           socket lives on · EDDY_ECANCELED nothing was received · EDDY_EBUSY another task receives · EDDY_ECLOSED ·
 *           EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_datagram_receive(eddy_datagram *datagram, void *buffer, size_t size,
                                           eddy_address *from);

/**
 * Send one datagram. Tasks that have to wait are served in order.
 *
 * suspends  while the system has no room for it
 * takes     data: yours; size: may be 0; to: as in eddy_datagram_transport_sendto
 * returns   0
 * errors    EDDY_EMSGSIZE too long · EDDY_ECONNREFUSED and the like, also of what was sent before: nothing was sent · EDDY_ECANCELED
 *           nothing was sent · EDDY_EINVAL no address, or not the peer's · EDDY_ECLOSED · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_datagram_send(eddy_datagram *datagram, const void *data, size_t size,
                                  const eddy_address *to);

/**
 * Close. Tasks that wait end with EDDY_ECLOSED. Idempotent.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_datagram_close(eddy_datagram *datagram);

/**
 * The address of the socket.
 *
 * errors    EDDY_EINVAL · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_local_address(const eddy_datagram *datagram, eddy_address *address);

/**
 * The address of the only peer.
 *
 * errors    EDDY_EINVAL · EDDY_ENOTCONN there is none · EDDY_ECLOSED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_datagram_peer_address(const eddy_datagram *datagram, eddy_address *address);

/**
 * The descriptor, for options that eddy does not have; -1 when closed. Not to be read, written or closed.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_fd eddy_datagram_fileno(const eddy_datagram *datagram);

EDDY_END

#endif
