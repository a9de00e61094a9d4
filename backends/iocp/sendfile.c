/* sendfile.c: a piece of a file into a stream, by the kernel.
 * Touches the file's size. The piece is cut to what the file has: 0 is its end. */
#include "backends/iocp/inside.h"

int eddyi_iocp_begin_sendfile(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    HANDLE source = eddyi_iocp_handle(op->file);
    LARGE_INTEGER length;
    if (op->kind != EDDYI_SENDFILE) {
        result->value = EDDY_ENOSYS;
        return IOCP_DONE;
    }
    if (op->buffer_count == 0 || GetFileType(source) != FILE_TYPE_DISK)
        return eddyi_iocp_failed(result, ERROR_INVALID_PARAMETER); /* core reads it and sends */
    if (!EDDYI_CALL_AS(fstat, GetFileSizeEx, FALSE, (source, &length)))
        return eddyi_iocp_failed(result, GetLastError());
    uint64_t size = (uint64_t)length.QuadPart;
    uint64_t left = op->offset < size ? size - op->offset : 0;
    DWORD most = eddyi_limited(op->buffers[0].size);
    if (left == 0 || most == 0)
        return IOCP_DONE;
    if (most == INT32_MAX) /* it takes one less */
        most--;
    /* no EDDYI_CALL: sending nothing only asks. On a connection that has broken already an emulation lets the call below wait for ever. */
    if (send((SOCKET)file->fd, "", 0, 0) != 0 && eddyi_last_error() != WSAEWOULDBLOCK)
        return eddyi_iocp_failed(result, GetLastError());
    lent->overlapped = (OVERLAPPED){.Offset = (DWORD)op->offset, .OffsetHigh = (DWORD)(op->offset >> 32)};
    BOOL ok = EDDYI_CALL_AS(
        sendfile, file->backend->transmit, FALSE,
        ((SOCKET)file->fd, source, left < most ? (DWORD)left : most, 0, &lent->overlapped, NULL, 0));
    return eddyi_iocp_begun(file, op, ok, result);
}
