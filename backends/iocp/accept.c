/* accept.c: AcceptEx: a listener asks for some connections ahead, and tells them as they come.
 * Touches the listener's sockets. All memory is the listener's and taken by attach; a socket that waits for its connection stays when the op is
 * cancelled, and serves the next one. Not before all that were asked for are back has the op ended. */
#include "backends/iocp/inside.h"

enum { MOST_SKIPPED = 64 }; /* connections that died in the queue, in one go */

static DWORD make_socket(iocp_listener *listener, iocp_accept *slot)
{
    u_long on = 1;
    if (slot->socket != INVALID_SOCKET)
        return 0;
    SOCKET made = EDDYI_CALL_AS(accept4, WSASocketW, INVALID_SOCKET,
                                (listener->family, listener->type, listener->protocol, NULL, 0,
                                 WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    if (made == INVALID_SOCKET)
        return GetLastError();
    if (ioctlsocket(made, (long)FIONBIO, &on) != 0) {
        DWORD error = GetLastError();
        (void)closesocket(made);
        return error;
    }
    slot->socket = made;
    return 0;
}

int eddyi_iocp_listener_create(iocp_file *file)
{
    WSAPROTOCOL_INFOW info;
    int size = sizeof info;
    if (EDDYI_CALL(getsockopt, SOCKET_ERROR,
                   ((SOCKET)file->fd, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size)) != 0)
        return eddyi_error_from_system(eddyi_last_error());
    iocp_listener *listener = eddyi_allocate_zero(file->backend->allocator, sizeof *listener);
    if (listener == NULL)
        return EDDY_ENOMEM;
    listener->family = info.iAddressFamily;
    listener->type = info.iSocketType;
    listener->protocol = info.iProtocol;
    for (int i = 0; i < IOCP_ACCEPTS; i++)
        listener->accepts[i].socket = INVALID_SOCKET;
    DWORD error = make_socket(listener, &listener->accepts[0]);
    file->listener = listener;
    return error == 0 ? 0 : eddyi_error_from_system((int)error); /* the file's owner frees it */
}

void eddyi_iocp_listener_free(iocp_file *file)
{
    iocp_listener *listener = file->listener;
    if (listener == NULL)
        return;
    for (int i = 0; i < IOCP_ACCEPTS; i++)
        if (listener->accepts[i].socket != INVALID_SOCKET)
            (void)closesocket(listener->accepts[i].socket);
    eddyi_release(file->backend->allocator, listener);
    file->listener = NULL;
}

iocp_accept *eddyi_iocp_accept_of(iocp_file *file, const OVERLAPPED *overlapped)
{
    for (int i = 0; file->listener != NULL && i < IOCP_ACCEPTS; i++)
        if (&file->listener->accepts[i].overlapped == overlapped && file->listener->accepts[i].posted)
            return &file->listener->accepts[i];
    return NULL;
}

/* A connection that died while it waited in the queue is nobody's error. */
static bool died_in_queue(DWORD error)
{
    return error == ERROR_NETNAME_DELETED || error == WSAECONNRESET || error == WSAECONNABORTED ||
           error == ERROR_CONNECTION_ABORTED || error == WSAENETRESET || error == WSAENOTCONN;
}

/* It has a connection. 0, or why it has none any more. */
static DWORD take(iocp_file *file, iocp_accept *slot, eddyi_result *result)
{
    SOCKET listening = (SOCKET)file->fd, socket = slot->socket;
    const char *context = (const char *)&listening;
    slot->socket = INVALID_SOCKET;
    /* no EDDYI_CALL: it fails when the connection has died, and the listener has not */
    if (setsockopt(socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, context, sizeof listening) != 0) {
        (void)closesocket(socket);
        return WSAECONNABORTED;
    }
    result->value = (int64_t)socket;
    return 0;
}

static DWORD post(iocp_file *file, iocp_accept *slot)
{
    const DWORD size = sizeof slot->addresses / 2;
    DWORD bytes, error = make_socket(file->listener, slot);
    if (error != 0)
        return error;
    slot->overlapped = (OVERLAPPED){0};
    BOOL ok = EDDYI_CALL_AS(
        accept4, file->backend->accept, FALSE,
        ((SOCKET)file->fd, slot->socket, slot->addresses, 0, size, size, &bytes, &slot->overlapped));
    return ok ? 0 : GetLastError();
}

/* Returns 0 when a connection was there at once, ERROR_IO_PENDING when it was asked for, or why neither. */
static DWORD ask_ahead(iocp_file *file, iocp_accept *slot, eddyi_result *result)
{
    for (int i = 0; i < MOST_SKIPPED; i++) {
        DWORD error = post(file, slot);
        if (error == ERROR_IO_PENDING || (error == 0 && !file->skips)) {
            slot->posted = true;
            file->listener->posted++;
            return ERROR_IO_PENDING;
        }
        if (error == 0)
            error = take(file, slot, result);
        if (error == 0 || !died_in_queue(error))
            return error;
    }
    return WSAECONNABORTED;
}

int eddyi_iocp_begin_accept(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    iocp_listener *listener = file->listener;
    int wanted = (op->flags & EDDYI_MULTI) ? IOCP_ACCEPTS : 1;
    DWORD error = 0;
    if (listener == NULL)
        return eddyi_iocp_failed(result, WSAEINVAL);
    listener->error = 0;
    for (int i = 0; i < wanted && error == 0; i++) {
        if (listener->accepts[i].posted)
            continue;
        error = ask_ahead(file, &listener->accepts[i], result);
        if (error == 0)
            return IOCP_DONE;
        if (error == ERROR_IO_PENDING)
            error = 0;
    }
    return error == 0 || listener->posted > 0 ? IOCP_PENDING : eddyi_iocp_failed(result, error);
}

/* ---- the end ---- */

/* The op is to end with that; what was asked for is asked back. The packets tell who came nevertheless. */
static void ask_back(iocp_file *file, eddyi_op *op, int32_t error, int32_t os_error)
{
    iocp_listener *listener = file->listener;
    op->state = IOCP_CANCELLING;
    listener->error = error;
    listener->os_error = os_error;
    for (int i = 0; i < IOCP_ACCEPTS; i++)
        if (listener->accepts[i].posted)
            (void)CancelIoEx(eddyi_iocp_handle(file->fd), &listener->accepts[i].overlapped);
}

int eddyi_iocp_cancel_accept(iocp_file *file, eddyi_op *op, eddyi_result *now)
{
    if (op->state == IOCP_AGAIN)
        eddyi_list_remove(&eddyi_iocp_lent_of(op)->link);
    ask_back(file, op, EDDY_ECANCELED, 0);
    if (file->listener->posted > 0)
        return EDDYI_PENDING;
    *now = (eddyi_result){.op = op, .value = EDDY_ECANCELED};
    eddyi_iocp_end(op, now);
    return EDDYI_DONE;
}

static DWORD outcome(iocp_file *file, iocp_accept *slot, eddyi_result *result)
{
    DWORD error = eddyi_iocp_error_of(file, &slot->overlapped);
    return error != 0 ? error : take(file, slot, result);
}

/* All that were asked for are back when the op has ended. */
static bool ending(iocp_file *file, eddyi_op *op, bool told, eddyi_result *result)
{
    iocp_listener *listener = file->listener;
    if (listener->posted > 0)
        return told;
    if (told) {
        eddyi_iocp_keep(file->backend, op, listener->error, listener->os_error);
        return true;
    }
    result->value = listener->error;
    result->os_error = listener->os_error;
    eddyi_iocp_end(op, result);
    return true;
}

bool eddyi_iocp_accept_arrived(iocp_file *file, iocp_accept *slot, eddyi_result *result)
{
    eddyi_op *op = file->descriptor->reader;
    *result = (eddyi_result){.op = op};
    slot->posted = false;
    file->listener->posted--;
    DWORD error = outcome(file, slot, result);
    if (error == 0 && !(op->flags & EDDYI_MULTI)) {
        eddyi_iocp_end(op, result);
        return true;
    }
    if (op->state == IOCP_CANCELLING)
        return ending(file, op, error == 0, result);
    if (error == 0 || died_in_queue(error)) {
        if (op->state == IOCP_POSTED)
            eddyi_iocp_again(file->backend, op);
        return error == 0;
    }
    if (op->state == IOCP_AGAIN)
        eddyi_list_remove(&eddyi_iocp_lent_of(op)->link);
    int code = error == ERROR_OPERATION_ABORTED ? EDDY_EBADF : eddyi_error_from_system((int)error);
    ask_back(file, op, code, (int32_t)error);
    return ending(file, op, false, result);
}
