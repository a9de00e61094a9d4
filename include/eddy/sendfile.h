/* sendfile.h: a file straight into a connection.
 * asyncio's sendfile: by the system's own means where it has some for that file, else by reading and writing. */
#ifndef EDDY_SENDFILE_H
#define EDDY_SENDFILE_H

#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/file.h>
#include <eddy/stream.h>
#include <eddy/transport.h>

EDDY_BEGIN

typedef struct eddy_sendfile_options {
    size_t size;
    uint64_t offset;  /* where to begin */
    uint64_t count;   /* bytes; 0: to the end */
    bool no_fallback; /* by the system's own means, or EDDY_ESENDFILE */
} eddy_sendfile_options;

EDDY_API void eddy_sendfile_options_init(eddy_sendfile_options *options);

/**
 * Send a file into a stream, after what is unsent. Nothing else can be written meanwhile.
 *
 * The file's position is behind what was sent afterwards, also when it failed.
 *
 * asyncio   loop.sendfile with streams
 * suspends  until all is taken by the system
 * takes     options: NULL for the defaults
 * returns   the bytes sent, fewer than `count` when the file ends before
 * errors    EDDY_ESENDFILE nothing was sent, it would have to be read and written · EDDY_EPIPE, EDDY_ECONNRESET and the like · EDDY_EIO ·
 *           EDDY_ECANCELED · EDDY_ECLOSED the stream was closed: for all of these the record's `partial` bytes were sent, or taken · EDDY_EBUSY
 *           another sendfile is under way · EDDY_EOPNOTSUPP an offset, and the file has none · EDDY_ENOMEM · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int64_t eddy_stream_sendfile(eddy_stream *stream, eddy_file *file,
                                        const eddy_sendfile_options *options);

/**
 * Send a file into a transport, after what is unsent. Reading is paused and nothing else can be written meanwhile.
 *
 * asyncio   loop.sendfile
 * suspends  until all is taken by the system
 * takes     loop: the running one; options: NULL for the defaults
 * returns   as eddy_stream_sendfile
 * errors    as eddy_stream_sendfile · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int64_t eddy_loop_sendfile(eddy_loop *loop, eddy_transport *transport, eddy_file *file,
                                      const eddy_sendfile_options *options);

/**
 * Send a file into a connected stream socket of yours, which does not block.
 *
 * asyncio   loop.sock_sendfile
 * suspends  until all is taken by the system
 * takes     loop: the running one; fd: not a stream's or a transport's, nor watched; options: NULL for the defaults
 * returns   as eddy_stream_sendfile
 * errors    as eddy_stream_sendfile · EDDY_EBADF · EDDY_EBUSY it is used otherwise · EDDY_EINVAL also: no stream socket · EDDY_EWRONGLOOP
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int64_t eddy_loop_sock_sendfile(eddy_loop *loop, eddy_fd fd, eddy_file *file,
                                           const eddy_sendfile_options *options);

EDDY_END

#endif
