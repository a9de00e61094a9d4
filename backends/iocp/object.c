/* object.c: handles that can be waited for and nothing else: a child that ends, a console that has something to read.
 * Touches a wait of the system's thread pool, which shares its threads between many handles. Its memory is taken by attach: to arm and to disarm it cannot
 * fail. The pool's thread does one thing: it posts the packet. */
#include "backends/iocp/inside.h"

/* In a thread of the pool. The port may be out of memory for a moment; the packet is the only word of it that anybody will get. */
static VOID CALLBACK signalled(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WAIT wait,
                               TP_WAIT_RESULT result)
{
    iocp_file *file = context;
    (void)instance;
    (void)wait;
    (void)result;
    atomic_store(&file->signalled, true);
    while (!PostQueuedCompletionStatus(file->backend->port, 0, eddyi_iocp_key(file), NULL))
        Sleep(1);
}

int eddyi_iocp_object_create(iocp_file *file)
{
    file->wait = EDDYI_CALL_AS(pthread_create, CreateThreadpoolWait, NULL, (signalled, file, NULL));
    return file->wait != NULL ? 0 : eddyi_error_from_system(eddyi_last_error());
}

/* When it returns the pool's thread is not inside signalled(), and will not be. */
static void disarm(iocp_file *file)
{
    SetThreadpoolWait(file->wait, NULL, NULL);
    WaitForThreadpoolWaitCallbacks(file->wait, TRUE);
}

void eddyi_iocp_object_free(iocp_file *file)
{
    if (file->wait == NULL)
        return;
    disarm(file);
    CloseThreadpoolWait(file->wait);
    file->wait = NULL;
}

int eddyi_iocp_begin_object(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    if (op->kind != EDDYI_POLL || !(op->events & EDDYI_IN)) {
        result->value = EDDY_EOPNOTSUPP;
        return IOCP_DONE;
    }
    SetThreadpoolWait(file->wait, eddyi_iocp_handle(file->fd), NULL);
    return IOCP_PENDING;
}

int eddyi_iocp_cancel_object(iocp_file *file, eddyi_op *op, eddyi_result *now)
{
    disarm(file);
    op->state = IOCP_CANCELLING;
    if (atomic_load(&file->signalled))
        return EDDYI_PENDING; /* its packet is on its way */
    *now = (eddyi_result){.op = op, .value = EDDY_ECANCELED};
    eddyi_iocp_end(op, now);
    return EDDYI_DONE;
}
