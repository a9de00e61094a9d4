/* feed.h: streams that have no descriptor: they are fed, by hand or by a transport, and read as all others.
 * asyncio's StreamReader on its own, and the protocol that feeds it. What parses a stream can so be given any bytes. */
#ifndef EDDY_FEED_H
#define EDDY_FEED_H

#include <eddy/stream.h>
#include <eddy/transport.h>

EDDY_BEGIN

/**
 * A stream to be fed. It is read with the calls of stream.h; writing to it is EDDY_EOPNOTSUPP, and it has no names.
 *
 * asyncio   StreamReader
 * takes     limit: bytes before a separator; 0: 64 KiB
 * returns   0 and a stream in *out, which eddy_stream_release gives back
 * errors    EDDY_EINVAL · EDDY_ENOMEM · EDDY_ENOLOOP
 * thread    a running loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_stream_reader_create(eddy_stream **out, size_t limit);

/**
 * More bytes. A task that waits for them goes on. They are copied, and what was read before stays valid as the read said.
 *
 * asyncio   StreamReader.feed_data
 * returns   0; 1: more than twice the limit is there: feed no more until some of it was read. A transport of eddy_stream_set_transport is
 *           paused then by itself
 * errors    EDDY_EINVALIDSTATE after feed_eof · EDDY_ECLOSED · EDDY_ENOMEM nothing was taken · EDDY_EOPNOTSUPP it has a descriptor · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_stream_feed_data(eddy_stream *stream, const void *data, size_t size);

/**
 * The end. What is there can still be read. Idempotent.
 *
 * asyncio   StreamReader.feed_eof
 * errors    EDDY_EOPNOTSUPP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_feed_eof(eddy_stream *stream);

/**
 * End it with an error: the task that waits in a read gets it, and so does every later read, also if bytes are there. The first one stays.
 *
 * asyncio   StreamReader.set_exception
 * takes     error: an EDDY_E... code or one of your own, < 0
 * errors    EDDY_EOPNOTSUPP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_set_exception(eddy_stream *stream, int error);

/**
 * The error that ended a stream of any kind.
 *
 * asyncio   StreamReader.exception
 * returns   0: none has
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_exception(const eddy_stream *stream);

/**
 * Tell it where its bytes come from: that transport is paused while more than twice the limit is there, goes on when no more than the limit is
 * left or a task waits, and is closed with the stream. The stream keeps a reference to it.
 *
 * asyncio   StreamReader.set_transport
 * errors    EDDY_EINVALIDSTATE it has one · EDDY_ECLOSED · EDDY_EOPNOTSUPP · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_stream_set_transport(eddy_stream *stream, eddy_transport *transport);

/**
 * A protocol that feeds it all that a transport receives, its end and its error, and sets it as the stream's transport. For one connection.
 * Our half stays open after the peer's end: close the stream. It must be there until connection_made was called, and is then kept until
 * connection_lost.
 *
 * asyncio   StreamReaderProtocol
 * returns   the protocol, a part of the stream; NULL for a stream with a descriptor
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_protocol *eddy_stream_reader_protocol(eddy_stream *stream);

EDDY_END

#endif
