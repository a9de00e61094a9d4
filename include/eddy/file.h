/* file.h: files that tasks read and write while others go on: every call that may block runs on a thread.
 * Beyond asyncio, but for sendfile. Nothing here moves the system's own position of a file that can be positioned. */
#ifndef EDDY_FILE_H
#define EDDY_FILE_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

typedef struct eddy_file eddy_file;

/**
 * Open a file.
 *
 * suspends  while the system opens it
 * takes     mode: as fopen's: "r", "r+", "w" (emptied or made), "w+", "a" (every write goes to the end), "a+", and with an "x" at the
 *           end: it must not exist; "b" is passed over
 * returns   0 and a file in *out, which eddy_file_release gives back
 * errors    EDDY_ENOENT · EDDY_EACCES · EDDY_EEXIST · EDDY_EMFILE · EDDY_EIO · EDDY_ENOSPC · EDDY_EINVAL also: no such mode · EDDY_ENOMEM ·
 *           EDDY_ECANCELED it may have been made and is closed · EDDY_EAGAIN no thread to be had · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_file_open(eddy_file **out, const char *path, const char *mode);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_file *eddy_file_retain(eddy_file *file);

/**
 * Give a reference back; the last one closes, on this thread, and what that comes to is lost. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_file_release(eddy_file *file);

/**
 * Read on from the file's position, and move it. Costs a copy: what is read for a task that is cancelled must not land in its memory.
 *
 * suspends  until that much is read or the file ends
 * takes     buffer: yours; size: at least 1
 * returns   the bytes read, fewer than `size` only at the end; 0 at the end
 * errors    EDDY_EIO and others of the system's: the position did not move, the record's `partial` bytes are in the buffer ·
 *           EDDY_ECANCELED the position did not move · EDDY_EBADF not open for that · EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EAGAIN · EDDY_EINVAL ·
 *           EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_file_read(eddy_file *file, void *buffer, size_t size);

/**
 * Read at an offset. The position is neither used nor moved.
 *
 * suspends  as eddy_file_read
 * returns   as eddy_file_read
 * errors    as eddy_file_read · EDDY_EOPNOTSUPP it cannot be positioned
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT ptrdiff_t eddy_file_read_at(eddy_file *file, void *buffer, size_t size, uint64_t offset);

/**
 * Write all of it at the file's position, and move it; at the end in mode "a". `data` is copied.
 *
 * suspends  until it is written
 * returns   0
 * errors    EDDY_ENOSPC · EDDY_EFBIG · EDDY_EIO and others of the system's: the record's `partial` bytes were written, and the position is behind
 *           them · EDDY_ECANCELED the same, and some more may still be written behind the position · EDDY_EBADF not open for
 *           that · EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EAGAIN · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_file_write(eddy_file *file, const void *data, size_t size);

/**
 * Write all of it at an offset. The position is neither used nor moved.
 *
 * suspends  until it is written
 * returns   0
 * errors    as eddy_file_write · EDDY_EOPNOTSUPP it cannot be positioned
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_file_write_at(eddy_file *file, const void *data, size_t size, uint64_t offset);

/**
 * Wait until what was written is on the medium.
 *
 * suspends  until it is
 * returns   0
 * errors    EDDY_EIO · EDDY_ENOSPC · EDDY_EINVAL it has no medium · EDDY_ECANCELED · EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EAGAIN · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_file_sync(eddy_file *file);

/**
 * How long the file is.
 *
 * suspends  while the system is asked
 * returns   0 and the bytes in *size
 * errors    EDDY_EIO · EDDY_ECANCELED · EDDY_ECLOSED · EDDY_ENOMEM · EDDY_EAGAIN · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_file_size(eddy_file *file, uint64_t *size);

/**
 * Where the next read or write without an offset is made.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API uint64_t eddy_file_tell(const eddy_file *file);

/**
 * Have the next read or write without an offset made there.
 *
 * errors    EDDY_EOPNOTSUPP it cannot be positioned · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_file_seek(eddy_file *file, uint64_t offset);

/**
 * Close, and hear what that came to. Calls under way end first; later ones get EDDY_ECLOSED. The reference stays yours.
 *
 * suspends  while the system closes it
 * returns   0, also the second time, and when a call that was abandoned still uses it: then it is closed when that ends
 * errors    EDDY_EIO · EDDY_ENOSPC and others of the system's: it is closed · EDDY_ECANCELED it will be closed · EDDY_ENOMEM it is still
 *           open · EDDY_EAGAIN it is still open · EDDY_EINVAL · EDDY_ENOTASK
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_file_close(eddy_file *file);

/**
 * The descriptor; -1 when closed. Not to be closed.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_fd eddy_file_fileno(const eddy_file *file);

EDDY_END

#endif
