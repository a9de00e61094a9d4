/* socket.h: sockets of your own, used from tasks without blocking; host names and addresses.
 * asyncio's loop.sock_... and loop.getaddrinfo. A socket is borrowed for the length of one call; nothing stays registered. */
#ifndef EDDY_SOCKET_H
#define EDDY_SOCKET_H

#include <eddy/address.h>
#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/stream.h>

EDDY_BEGIN

/*
 * The socket must be non-blocking, which is looked at in debug mode only (EDDY_EINVAL), and must not be one that a stream, a server or a
 * transport has (EDDY_EBUSY). One call a direction at a time: a second one gets EDDY_EBUSY. Do not close it while a call waits.
 */

/**
 * Receive what is there, up to `size` bytes.
 *
 * asyncio   loop.sock_recv, loop.sock_recv_into
 * suspends  while nothing is there
 * takes     buffer: yours, written until the call returns; size: bytes, at least 1
 * returns   > 0 bytes; 0 the peer has ended its half
 * errors    EDDY_ECANCELED nothing was received · EDDY_EBUSY · EDDY_ECONNRESET · EDDY_EBADF · EDDY_EINVAL · EDDY_ENOMEM · EDDY_ENOTASK ·
 *           EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_loop_sock_recv(eddy_loop *loop, eddy_fd fd, void *buffer, size_t size);

/**
 * Receive one datagram; what does not fit is lost.
 *
 * asyncio   loop.sock_recvfrom, loop.sock_recvfrom_into
 * suspends  while nothing is there
 * takes     buffer: as in eddy_loop_sock_recv; from: NULL, or gets the sender
 * returns   its bytes, as many as fit; 0 is an empty datagram
 * errors    as eddy_loop_sock_recv
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_loop_sock_recvfrom(eddy_loop *loop, eddy_fd fd, void *buffer, size_t size,
                                             eddy_address *from);

/**
 * Send all of it.
 *
 * asyncio   loop.sock_sendall
 * suspends  while the peer is slow
 * takes     data: unchanged until the call returns
 * returns   0
 * errors    EDDY_ECANCELED · EDDY_EPIPE · EDDY_ECONNRESET: the record's `partial` bytes had gone · EDDY_EBUSY · EDDY_EBADF · EDDY_EINVAL ·
 *           EDDY_ENOMEM · EDDY_ENOTASK · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_sock_sendall(eddy_loop *loop, eddy_fd fd, const void *data, size_t size);

/**
 * Send one datagram.
 *
 * asyncio   loop.sock_sendto
 * suspends  while the system has no room for it
 * takes     data: unchanged until the call returns; to: NULL for a connected socket's peer
 * returns   the bytes sent
 * errors    EDDY_ECANCELED nothing was sent · EDDY_EMSGSIZE · EDDY_EHOSTUNREACH · EDDY_ENETUNREACH · EDDY_EBUSY · EDDY_EBADF ·
 *           EDDY_EINVAL · EDDY_ENOMEM · EDDY_ENOTASK · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_loop_sock_sendto(eddy_loop *loop, eddy_fd fd, const void *data, size_t size,
                                           const eddy_address *to);

/**
 * Accept a connection. Those that died in the queue are skipped.
 *
 * asyncio   loop.sock_accept
 * suspends  while nobody connects
 * takes     out: gets a socket, non-blocking and not inherited, that is yours; from: NULL, or gets the peer, of size 0 if it is gone already
 * returns   0
 * errors    EDDY_ECANCELED none was taken · EDDY_EMFILE · EDDY_ENFILE · EDDY_ENOBUFS · EDDY_EBUSY · EDDY_EBADF · EDDY_EINVAL ·
 *           EDDY_ENOMEM · EDDY_ENOTASK · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_sock_accept(eddy_loop *loop, eddy_fd *out, eddy_fd fd, eddy_address *from);

/**
 * Connect to the first address that the host has in the socket's own family.
 *
 * asyncio   loop.sock_connect
 * suspends  while the name is resolved and the connection is made
 * takes     host: name or number; of a local socket, the path; service: number or name
 * returns   0
 * errors    as eddy_open_connection: the socket stays yours, and is good for nothing but closing · EDDY_EISCONN · EDDY_EBUSY ·
 *           EDDY_EBADF · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_sock_connect(eddy_loop *loop, eddy_fd fd, const char *host, const char *service);

/* ---- names ---- */

typedef struct eddy_getaddrinfo_options {
    size_t size;
    eddy_family family;
    bool datagram; /* services of datagrams; streams by default */
    bool passive;  /* without a host: any address, to listen on; else this machine's own, to connect to */
    bool numeric;  /* no lookup: a name is EDDY_ENOHOST */
} eddy_getaddrinfo_options;

EDDY_API void eddy_getaddrinfo_options_init(eddy_getaddrinfo_options *options);

/**
 * The addresses of a host and a service, in the order in which they are to be tried.
 *
 * Numbers are told at once; a name is looked up in a thread of eddy's own, or on the loop in a build with c-ares. A cancel ends the call
 * without waiting for an answer.
 *
 * asyncio   loop.getaddrinfo
 * suspends  while a name is looked up
 * takes     addresses: room for `count`; host: NULL for this machine; service: NULL for none; options: NULL for the defaults
 * returns   how many there are, at least 1; more than `count` were left out, and no more than 32 are known
 * errors    EDDY_ENOHOST · EDDY_ERESOLVE · EDDY_ERESOLVEFAIL · EDDY_ENAMETOOLONG · EDDY_ECANCELED · EDDY_ENOMEM · EDDY_EINVAL ·
 *           EDDY_ENOTASK · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_getaddrinfo(eddy_loop *loop, eddy_address *addresses, size_t count, const char *host,
                                     const char *service, const eddy_getaddrinfo_options *options);

typedef struct eddy_getnameinfo_options {
    size_t size;
    bool numeric_host;
    bool numeric_service;
    bool name_required; /* an address without a name is EDDY_ENOHOST rather than a number */
    bool datagram;      /* services of datagrams; streams by default */
} eddy_getnameinfo_options;

EDDY_API void eddy_getnameinfo_options_init(eddy_getnameinfo_options *options);

/**
 * The names of an address: the other way round.
 *
 * asyncio   loop.getnameinfo
 * suspends  while it is looked up, unless both are to be numeric
 * takes     host, service: room for text, NUL at its end; NULL with size 0: not wanted
 * returns   0
 * errors    EDDY_EOVERFLOW does not fit · EDDY_ENOHOST · EDDY_ERESOLVE · EDDY_ERESOLVEFAIL · EDDY_ECANCELED · EDDY_ENOMEM · EDDY_EINVAL ·
 *           EDDY_ENOTASK · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_getnameinfo(eddy_loop *loop, char *host, size_t host_size, char *service,
                                     size_t service_size, const eddy_address *address,
                                     const eddy_getnameinfo_options *options);

EDDY_END

#endif
