/* pipe.h: streams and transports over one direction of a pipe, FIFO, terminal, other character device or socket.
 * asyncio's connect_read_pipe and connect_write_pipe: as streams, read, written and closed as in stream.h, or with protocols. */
#ifndef EDDY_PIPE_H
#define EDDY_PIPE_H

#include <eddy/stream.h>
#include <eddy/transport.h>

EDDY_BEGIN

typedef struct eddy_pipe_options {
    size_t size;
    size_t limit, high_water, low_water; /* as in eddy_connect_options */
    double close_timeout;                /* the same */
} eddy_pipe_options;

EDDY_API void eddy_pipe_options_init(eddy_pipe_options *options);

/**
 * Take the reading end of a pipe over. It is made non-blocking, and blocking again when it is closed if it was.
 *
 * A terminal whose other end is gone has ended. Writing to the stream is EDDY_EOPNOTSUPP.
 *
 * asyncio   loop.connect_read_pipe
 * takes     fd: the stream's on success; options: NULL for the defaults
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    EDDY_EINVAL a regular file or a directory, NULL · EDDY_EPERM a device that never waits · EDDY_EBADF · EDDY_EBUSY it is watched
 *           or a stream's already · EDDY_ENOMEM · EDDY_ENOSYS the backend reaches no descriptors of the system · EDDY_ENOLOOP
 * thread    a running loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_connect_read_pipe(eddy_stream **out, eddy_fd fd,
                                               const eddy_pipe_options *options);

/**
 * Take the writing end of a pipe over.
 *
 * Unless it is a device, the stream notices when nobody reads any more: it closes, and writing is EDDY_EPIPE. If something was unsent
 * eddy_stream_wait_closed says so too. write_eof closes when all is sent. Reading from the stream is EDDY_EOPNOTSUPP.
 *
 * asyncio   loop.connect_write_pipe
 * takes     fd: the stream's on success; options: NULL for the defaults
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    as eddy_connect_read_pipe
 * thread    a running loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_connect_write_pipe(eddy_stream **out, eddy_fd fd,
                                                const eddy_pipe_options *options);

/**
 * Give the reading end of a pipe to a protocol. connection_made is called in the next iteration. At its end eof_received is called, and then
 * it closes, whatever that returns.
 *
 * asyncio   loop.connect_read_pipe
 * takes     out: NULL, or gets the transport, as in eddy_loop_create_connection; fd: as in eddy_connect_read_pipe; protocol: as from a
 *           factory; options: NULL for the defaults; the limit is for streams only
 * returns   0
 * errors    as eddy_connect_read_pipe · EDDY_ECLOSED · EDDY_EWRONGTHREAD in debug mode
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_loop_connect_read_pipe(eddy_loop *loop, eddy_transport **out, eddy_fd fd,
                                                    eddy_protocol *protocol,
                                                    const eddy_pipe_options *options);

/**
 * Give the writing end of a pipe to a protocol.
 *
 * Unless it is a device, it is lost when nobody reads any more: connection_lost has EDDY_EPIPE if something was unsent, else 0. write_eof
 * closes when all is sent. There is nothing to pause and nothing received.
 *
 * asyncio   loop.connect_write_pipe
 * takes     as eddy_loop_connect_read_pipe
 * returns   0
 * errors    as eddy_loop_connect_read_pipe
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_loop_connect_write_pipe(eddy_loop *loop, eddy_transport **out, eddy_fd fd,
                                                     eddy_protocol *protocol,
                                                     const eddy_pipe_options *options);

EDDY_END

#endif
