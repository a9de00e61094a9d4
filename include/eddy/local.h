/* local.h: streams and servers over local (UNIX) sockets: a path in the file system in place of a host.
 * A path that begins with '@' is a name in Linux's abstract space, which has no file; "./@name" is a file. */
#ifndef EDDY_LOCAL_H
#define EDDY_LOCAL_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/stream.h>
#include <eddy/transport.h>

EDDY_BEGIN

/**
 * Connect to a local socket.
 *
 * asyncio   open_unix_connection
 * suspends  while the connection is made
 * takes     path: of the socket; options: as in eddy_open_connection, but for family and the local address
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    EDDY_ENOENT · EDDY_ECONNREFUSED nobody listens, or too many wait · EDDY_EACCES · EDDY_ENAMETOOLONG · EDDY_ENOSYS no local
 *           sockets here · EDDY_EINVAL · else as eddy_open_connection
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_open_unix_connection(eddy_stream **out, const char *path,
                                         const eddy_connect_options *options);

/**
 * Listen at a path; one task a client.
 *
 * The file of a socket that nobody listens at any more is removed first. Closing removes the server's own, if it still is that.
 *
 * asyncio   start_unix_server
 * suspends  as eddy_start_server
 * takes     path: where to make the socket; else as eddy_start_server; options: reuse_port has no sense here
 * returns   0 and a server in *out, which eddy_server_release gives back
 * errors    EDDY_EADDRINUSE somebody listens there, or it is no socket · EDDY_ENOENT no such folder · EDDY_EACCES ·
 *           EDDY_ENAMETOOLONG nothing is cut · EDDY_ENOSYS no local sockets here · EDDY_EINVAL · else as eddy_start_server
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_start_unix_server(eddy_server **out, const char *path, eddy_client_fn fn, void *arg,
                                      const eddy_server_options *options);

/**
 * Connect to a local socket, and give the connection to a protocol.
 *
 * asyncio   loop.create_unix_connection
 * suspends  while the connection is made
 * takes     path, options: as in eddy_open_unix_connection; the rest as in eddy_loop_create_connection
 * returns   0
 * errors    as eddy_open_unix_connection · EDDY_EWRONGLOOP · the factory's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_create_unix_connection(eddy_loop *loop, eddy_transport **out, const char *path,
                                                eddy_protocol_factory factory, void *arg,
                                                const eddy_connect_options *options);

/**
 * Listen at a path, and give each connection to a protocol of its own.
 *
 * asyncio   loop.create_unix_server
 * suspends  as eddy_loop_create_server
 * takes     path, options: as in eddy_start_unix_server; the rest as in eddy_loop_create_server
 * returns   0
 * errors    as eddy_start_unix_server · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_create_unix_server(eddy_loop *loop, eddy_server **out, const char *path,
                                            eddy_protocol_factory factory, void *arg,
                                            const eddy_server_options *options);

EDDY_END

#endif
