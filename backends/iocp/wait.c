/* wait.c: one wait: what was kept, what goes on by itself, and the packets of the port; and the wake.
 * Touches the port and the clock. No more packets are taken than there is room for results; a wait never ends before its deadline without a reason. */
#include "backends/iocp/inside.h"

#define MILLISECOND UINT64_C(1000000)
#define SLICE       (UINT64_C(86400000) * MILLISECOND) /* longer waits are cut: milliseconds are 32 bits */

/* Only a packet that one of our own ops waits for is believed. Copies of a socket in other hands bring packets to our port too. */
static eddyi_op *posted_op(const iocp_file *file, const OVERLAPPED *overlapped)
{
    eddyi_op *both[2] = {file->descriptor->reader, file->descriptor->writer};
    for (int i = 0; i < 2; i++)
        if (both[i] != NULL && (both[i]->state == IOCP_POSTED || both[i]->state == IOCP_CANCELLING) &&
            &eddyi_iocp_lent_of(both[i])->overlapped == overlapped)
            return both[i];
    return NULL;
}

static bool object_arrived(iocp_file *file, eddyi_result *result)
{
    eddyi_op *op = file->descriptor->reader;
    atomic_store(&file->signalled, false);
    if (op != NULL)
        eddyi_iocp_arrived(file, op, result);
    return op != NULL;
}

/* false: no result came of it. */
static bool dispatch(eddyi_backend *backend, const OVERLAPPED_ENTRY *entry, eddyi_result *result)
{
    OVERLAPPED *overlapped = entry->lpOverlapped;
    if (entry->lpCompletionKey == IOCP_KEY_AFD) { /* nobody else has this handle: the op is lent */
        eddyi_op *op = eddyi_iocp_op_of((iocp_lent *)(void *)overlapped);
        return eddyi_iocp_answered(eddyi_iocp_file_of(backend, op->descriptor), op, result);
    }
    iocp_file *file = eddyi_iocp_file_by_key(backend, entry->lpCompletionKey);
    if (file != NULL && file->nature == IOCP_OBJECT && overlapped == NULL)
        return object_arrived(file, result);
    iocp_accept *accept = file != NULL ? eddyi_iocp_accept_of(file, overlapped) : NULL;
    if (accept != NULL)
        return eddyi_iocp_accept_arrived(file, accept, result);
    eddyi_op *op = file != NULL ? posted_op(file, overlapped) : NULL;
    if (op != NULL)
        eddyi_iocp_arrived(file, op, result);
    else
        backend->strays++;
    return op != NULL;
}

/* ---- taking packets ---- */

static DWORD milliseconds_until(uint64_t deadline)
{
    if (deadline == 0)
        return 0;
    if (deadline == UINT64_MAX)
        return INFINITE;
    uint64_t now = eddyi_clock_now();
    uint64_t left = deadline > now ? deadline - now : 0;
    if (left > SLICE)
        left = SLICE;
    return (DWORD)((left + MILLISECOND - 1) / MILLISECOND);
}

typedef struct batch {
    int results;
    bool woken, empty;
} batch;

static int take(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room, batch *out)
{
    ULONG found = 0, most = (ULONG)room < backend->batch ? (ULONG)room : backend->batch;
    *out = (batch){.empty = true};
    BOOL ok =
        EDDYI_CALL_AS(kevent, GetQueuedCompletionStatusEx, FALSE,
                      (backend->port, backend->entries, most, &found, milliseconds_until(deadline), FALSE));
    if (!ok) /* and then `found` says nothing */
        return GetLastError() == WAIT_TIMEOUT ? 0 : eddyi_error_from_system(eddyi_last_error());
    out->empty = found == 0;
    for (ULONG i = 0; i < found; i++) {
        if (backend->entries[i].lpCompletionKey == IOCP_KEY_WAKE) {
            /* From here on a wake posts again. One that came before ends this wait, and what it announces is visible. */
            (void)atomic_exchange(&backend->woken, false);
            out->woken = true;
        } else if (dispatch(backend, &backend->entries[i], &results[out->results])) {
            out->results++;
        }
    }
    return 0;
}

/* One round. `woken` and the count say whether it is the last one. */
static int round_once(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room, bool *woken)
{
    batch first = {0}, then = {0};
    int rc = 0, count = eddyi_iocp_tell_kept(backend, results, room);
    if (backend->crowded && count < room) /* what goes on by itself had all the room last time */
        rc = take(backend, 0, results + count, room - count, &first);
    if (rc < 0)
        return rc;
    count += first.results;
    count += eddyi_iocp_go_on(backend, results + count, room - count);
    backend->crowded = count == room && first.results == 0;
    *woken = first.woken;
    if (count == room)
        return count;
    bool block = count == 0 && !first.woken && eddyi_list_empty(&backend->kept);
    rc = take(backend, block ? deadline : 0, results + count, room - count, &then);
    *woken = *woken || then.woken;
    return rc < 0 && count == 0 ? rc : count + then.results;
}

int eddyi_iocp_wait(eddyi_backend *backend, uint64_t deadline_ns, eddyi_result *results, int room)
{
    if (room <= 0)
        return EDDY_EINVAL;
    for (;;) {
        bool woken = false;
        int count = round_once(backend, deadline_ns, results, room, &woken);
        if (count != 0 || woken)
            return count;
        if (deadline_ns == 0 || (deadline_ns != UINT64_MAX && eddyi_clock_now() >= deadline_ns))
            return 0;
    }
}

/* Any thread, also one that the system made for a console event. The port may be out of memory for a moment; a wake is never lost. */
void eddyi_iocp_wake(eddyi_backend *backend)
{
    if (atomic_exchange(&backend->woken, true))
        return;
    DWORD saved = GetLastError();
    while (!PostQueuedCompletionStatus(backend->port, 0, IOCP_KEY_WAKE, NULL))
        Sleep(1);
    SetLastError(saved);
}
