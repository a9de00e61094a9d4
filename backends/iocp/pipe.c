/* pipe.c: named pipes: reading, writing, and a read of nothing that ends when there is something to read.
 * Touches the pipe. Only handles that were opened for overlapped calls come here; the port refuses others. */
#include "backends/iocp/inside.h"

static int no_such_thing(eddyi_result *result)
{
    result->value = EDDY_EOPNOTSUPP;
    return IOCP_DONE;
}

static void set_offset(OVERLAPPED *overlapped, uint64_t offset)
{
    *overlapped = (OVERLAPPED){0};
    if (offset == UINT64_MAX)
        return;
    overlapped->Offset = (DWORD)offset;
    overlapped->OffsetHigh = (DWORD)(offset >> 32);
}

static int begin_read(iocp_file *file, eddyi_op *op, void *data, DWORD size, eddyi_result *result)
{
    OVERLAPPED *overlapped = &eddyi_iocp_lent_of(op)->overlapped;
    set_offset(overlapped, op->kind == EDDYI_READ ? op->offset : UINT64_MAX);
    BOOL ok =
        EDDYI_CALL_AS(read, ReadFile, FALSE, (eddyi_iocp_handle(file->fd), data, size, NULL, overlapped));
    return eddyi_iocp_begun(file, op, ok, result);
}

static int begin_write(iocp_file *file, eddyi_op *op, const void *data, DWORD size, eddyi_result *result)
{
    OVERLAPPED *overlapped = &eddyi_iocp_lent_of(op)->overlapped;
    set_offset(overlapped, op->offset);
    BOOL ok =
        EDDYI_CALL_AS(write, WriteFile, FALSE, (eddyi_iocp_handle(file->fd), data, size, NULL, overlapped));
    return eddyi_iocp_begun(file, op, ok, result);
}

int eddyi_iocp_begin_pipe(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    if (op->kind == EDDYI_POLL)
        return (op->events & EDDYI_IN) ? begin_read(file, op, NULL, 0, result) : no_such_thing(result);
    if (op->kind != EDDYI_READ && op->kind != EDDYI_WRITE)
        return no_such_thing(result);
    if (op->buffer_count == 0)
        return eddyi_iocp_failed(result, ERROR_INVALID_PARAMETER);
    const eddyi_buffer *buffer = eddyi_iocp_first_buffer(op);
    DWORD size = eddyi_limited(buffer->size);
    if (size == 0)
        return IOCP_DONE;
    return op->kind == EDDYI_READ ? begin_read(file, op, buffer->data, size, result)
                                  : begin_write(file, op, buffer->data, size, result);
}

/* A pipe that broke is readable: a read tells its end. */
void eddyi_iocp_pipe_polled(eddyi_op *op, DWORD error, eddyi_result *result)
{
    if (error == 0 || error == ERROR_MORE_DATA)
        result->value = EDDYI_IN;
    else if (error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED || error == ERROR_HANDLE_EOF)
        result->value = EDDYI_IN | EDDYI_END_IN;
    else if (error == ERROR_OPERATION_ABORTED)
        result->value = EDDY_ECANCELED;
    else
        (void)eddyi_iocp_failed(result, error);
    (void)op;
}
