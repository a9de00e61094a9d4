/* ops.c: the life of an operation: begun by submit or, MULTI, by each wait; ended by its packet; a cancel only asks.
 * Touches the op's scratch area and CancelIoEx. An op is in one state at a time, and leaves its descriptor when it is told for the last time. */
#include "backends/iocp/inside.h"

_Static_assert(sizeof(iocp_lent) <= sizeof(((eddyi_op *)0)->scratch), "what a lent op keeps fits");

eddyi_op **eddyi_iocp_place(const eddyi_op *op)
{
    eddyi_descriptor *descriptor = op->descriptor;
    switch (op->kind) {
    case EDDYI_RECV:
    case EDDYI_RECVFROM:
    case EDDYI_ACCEPT:
    case EDDYI_READ:
        return &descriptor->reader;
    case EDDYI_POLL:
        return (op->events & EDDYI_IN) ? &descriptor->reader : &descriptor->writer;
    default:
        return &descriptor->writer;
    }
}

/* ---- beginning ---- */

int eddyi_iocp_failed(eddyi_result *result, DWORD error)
{
    result->value = eddyi_error_from_system((int)error);
    result->os_error = (int32_t)error;
    return IOCP_DONE;
}

static void fill(iocp_file *file, eddyi_op *op, DWORD error, DWORD bytes, eddyi_result *result)
{
    switch (op->kind) {
    case EDDYI_RECV:
    case EDDYI_READ:
    case EDDYI_RECVFROM:
        eddyi_iocp_received(op, error, bytes, result);
        break;
    case EDDYI_CONNECT:
        eddyi_iocp_connected(file, op, error, result);
        break;
    case EDDYI_POLL:
        eddyi_iocp_pipe_polled(op, error, result);
        break;
    default:
        eddyi_iocp_sent(op, error, bytes, result);
    }
}

/* The system has too much of them under way for the moment: the driver tells when it is worth another call. */
static bool fails_for_now(const iocp_file *file, const eddyi_op *op, DWORD error)
{
    return (error == WSAEWOULDBLOCK || error == WSAEINTR) && file->nature == IOCP_SOCKET &&
           op->kind != EDDYI_CONNECT;
}

/* A warning (there was more than fitted) has its packet as a success has that is not skipped; an error has none. */
int eddyi_iocp_begun(iocp_file *file, eddyi_op *op, bool ok, eddyi_result *result)
{
    OVERLAPPED *overlapped = &eddyi_iocp_lent_of(op)->overlapped;
    DWORD error = ok ? 0 : GetLastError();
    if (fails_for_now(file, op, error))
        return eddyi_iocp_ask(file, op, result);
    if (error == ERROR_IO_PENDING || error == ERROR_MORE_DATA || error == WSAEMSGSIZE || (ok && !file->skips))
        return IOCP_PENDING;
    fill(file, op, error, ok ? (DWORD)overlapped->InternalHigh : 0, result);
    return IOCP_DONE;
}

static int begin_on_socket(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    switch (op->kind) {
    case EDDYI_RECV:
    case EDDYI_READ:
        return eddyi_iocp_begin_receive(file, op, result);
    case EDDYI_SEND:
    case EDDYI_WRITE:
        return eddyi_iocp_begin_send(file, op, result);
    case EDDYI_RECVFROM:
        return eddyi_iocp_begin_receive_from(file, op, result);
    case EDDYI_SENDTO:
        return eddyi_iocp_begin_send_to(file, op, result);
    case EDDYI_ACCEPT:
        return eddyi_iocp_begin_accept(file, op, result);
    case EDDYI_CONNECT:
        return eddyi_iocp_begin_connect(file, op, result);
    default:
        return eddyi_iocp_begin_sendfile(file, op, result);
    }
}

static int begin(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    *result = (eddyi_result){.op = op};
    eddyi_iocp_lent_of(op)->asked = false;
    if (file->fd == -1) {
        result->value = EDDY_EBADF;
        return IOCP_DONE;
    }
    if (file->nature == IOCP_OBJECT)
        return eddyi_iocp_begin_object(file, op, result);
    if (file->nature == IOCP_PIPE)
        return eddyi_iocp_begin_pipe(file, op, result);
    if (eddyi_iocp_is_tried(file, op))
        return eddyi_iocp_begin_tried(file, op, result);
    return begin_on_socket(file, op, result);
}

/* ---- ending ---- */

void eddyi_iocp_end(eddyi_op *op, eddyi_result *result)
{
    *eddyi_iocp_place(op) = NULL;
    op->state = IOCP_IDLE;
    result->op = op;
    result->flags |= EDDYI_LAST;
}

void eddyi_iocp_keep(eddyi_backend *backend, eddyi_op *op, int64_t value, int32_t os_error)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    op->state = IOCP_KEPT;
    lent->value = value;
    lent->os_error = os_error;
    eddyi_list_append(&backend->kept, &lent->link);
}

void eddyi_iocp_again(eddyi_backend *backend, eddyi_op *op)
{
    op->state = IOCP_AGAIN;
    eddyi_list_append(&backend->again, &eddyi_iocp_lent_of(op)->link);
}

/* A result of a posted op: the last one, or MULTI goes on. The end of a stream is the end of the op. */
static void tell(eddyi_backend *backend, eddyi_op *op, eddyi_result *result)
{
    bool last = op->kind == EDDYI_RECV ? result->value <= 0 : result->value < 0;
    if (!(op->flags & EDDYI_MULTI) || last)
        eddyi_iocp_end(op, result);
    else if (op->state == IOCP_CANCELLING)
        eddyi_iocp_keep(backend, op, EDDY_ECANCELED, 0);
    else
        eddyi_iocp_again(backend, op);
}

/* A socket's own numbers are had from Winsock only; of one that was closed meanwhile it knows nothing. */
DWORD eddyi_iocp_error_of(const iocp_file *file, OVERLAPPED *overlapped)
{
    DWORD bytes, flags;
    if (overlapped->Internal == 0)
        return 0;
    BOOL ok = file->nature == IOCP_SOCKET
                  ? WSAGetOverlappedResult((SOCKET)file->fd, overlapped, &bytes, FALSE, &flags)
                  : GetOverlappedResult(eddyi_iocp_handle(file->fd), overlapped, &bytes, FALSE);
    DWORD error = ok ? 0 : GetLastError();
    return error == WSAENOTSOCK || error == ERROR_INVALID_HANDLE ? ERROR_OPERATION_ABORTED : error;
}

void eddyi_iocp_arrived(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    OVERLAPPED *overlapped = &eddyi_iocp_lent_of(op)->overlapped;
    *result = (eddyi_result){.op = op};
    if (file->nature == IOCP_OBJECT)
        result->value = EDDYI_IN;
    else
        fill(file, op, eddyi_iocp_error_of(file, overlapped), (DWORD)overlapped->InternalHigh, result);
    if (result->value == EDDY_ECANCELED && op->state != IOCP_CANCELLING)
        result->value = EDDY_EBADF; /* it was closed behind our back */
    tell(file->backend, op, result);
}

bool eddyi_iocp_answered(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    *result = (eddyi_result){.op = op};
    if (op->state == IOCP_CANCELLING) /* nothing was done yet, whatever could be */
        result->value = EDDY_ECANCELED;
    else if (eddyi_iocp_lent_of(op)->overlapped.Internal != 0 || eddyi_iocp_answer_is_closed(op))
        result->value = EDDY_EBADF;
    else if (eddyi_iocp_is_tried(file, op) ? eddyi_iocp_try_now(file, op, result) == IOCP_PENDING
                                           : begin(file, op, result) == IOCP_PENDING)
        return false;
    tell(file->backend, op, result);
    return true;
}

/* ---- submit and cancel ---- */

static int done(eddyi_op *op, eddyi_result *now, int code)
{
    *now = (eddyi_result){.op = op, .value = code, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

int eddyi_iocp_submit(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    if (op->kind >= EDDYI_KINDS || (op->flags & EDDYI_MANY))
        return done(op, now, EDDY_ENOSYS);
    if (!op->descriptor->attached)
        return done(op, now, EDDY_EBADF);
    eddyi_op **place = eddyi_iocp_place(op);
    if (*place != NULL)
        return done(op, now, EDDY_EBUSY);
    if (op->kind == EDDYI_POLL && !(op->events & (EDDYI_IN | EDDYI_OUT)))
        return done(op, now, EDDY_EINVAL);
    *eddyi_iocp_lent_of(op) = (iocp_lent){0};
    *place = op;
    if (op->flags & EDDYI_MULTI) {
        eddyi_iocp_again(backend, op);
        return EDDYI_PENDING;
    }
    op->state = IOCP_POSTED;
    if (begin(eddyi_iocp_file_of(backend, op->descriptor), op, now) == IOCP_PENDING)
        return EDDYI_PENDING;
    eddyi_iocp_end(op, now);
    return EDDYI_DONE;
}

int eddyi_iocp_go_on(eddyi_backend *backend, eddyi_result *results, int room)
{
    eddyi_list turn, *link;
    int count = 0;
    eddyi_list_init(&turn);
    eddyi_list_move_all(&turn, &backend->again);
    while (count < room && (link = eddyi_list_take(&turn)) != NULL) {
        eddyi_op *op = eddyi_iocp_op_of(EDDYI_LIST_ITEM(link, iocp_lent, link));
        op->state = IOCP_POSTED;
        int rc = begin(eddyi_iocp_file_of(backend, op->descriptor), op, &results[count]);
        if (rc == IOCP_STARVED)
            eddyi_iocp_again(backend, op);
        else if (rc == IOCP_DONE)
            tell(backend, op, &results[count++]);
    }
    eddyi_list_move_all(&turn, &backend->again); /* who found no room keeps its place */
    eddyi_list_move_all(&backend->again, &turn);
    return count;
}

int eddyi_iocp_tell_kept(eddyi_backend *backend, eddyi_result *results, int room)
{
    int count = 0;
    while (count < room && !eddyi_list_empty(&backend->kept)) {
        iocp_lent *lent = EDDYI_LIST_ITEM(eddyi_list_take(&backend->kept), iocp_lent, link);
        results[count] = (eddyi_result){.value = lent->value, .os_error = lent->os_error};
        eddyi_iocp_end(eddyi_iocp_op_of(lent), &results[count++]);
    }
    return count;
}

/* The packet tells how it ended; if the kernel does not know the op any more, it is on its way already. */
static void ask_to_end(iocp_file *file, eddyi_op *op)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    op->state = IOCP_CANCELLING;
    (void)CancelIoEx(lent->asked ? file->backend->afd : eddyi_iocp_handle(file->fd), &lent->overlapped);
}

int eddyi_iocp_cancel(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    if (op->state == IOCP_IDLE || op->state > IOCP_KEPT)
        return done(op, now, EDDY_EINVALIDSTATE);
    if (op->state == IOCP_CANCELLING || op->state == IOCP_KEPT)
        return EDDYI_PENDING;
    iocp_file *file = eddyi_iocp_file_of(backend, op->descriptor);
    if (file->listener != NULL && op->kind == EDDYI_ACCEPT && file->ported)
        return eddyi_iocp_cancel_accept(file, op, now);
    if (op->state == IOCP_AGAIN) {
        eddyi_list_remove(&eddyi_iocp_lent_of(op)->link);
        done(op, now, EDDY_ECANCELED);
        eddyi_iocp_end(op, now);
        return EDDYI_DONE;
    }
    if (file->nature == IOCP_OBJECT)
        return eddyi_iocp_cancel_object(file, op, now);
    ask_to_end(file, op);
    return EDDYI_PENDING;
}
