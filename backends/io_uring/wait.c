/* wait.c: one wait: what was kept, what the ring has, and one call of the kernel that takes what is new and brings what is done; and the wake.
 * Touches the ring, the eventfd and the clock. A wait never ends before its deadline without a reason. */
#include <poll.h>
#include <unistd.h>

#include "backends/io_uring/inside.h"
#include "backends/readiness/poller.h"

enum {
    BREATH = 1, /* milliseconds: the kernel has no memory for a moment */
    RENEWED = 1 /* the ring is another one, and has nothing yet */
};

/* ---- the ring of another thread ---- */

/* A deferred ring is its first thread's. Nothing of it runs without that thread, so what it has can be asked anew on a ring of this one's. */
static int renew(eddyi_backend *backend)
{
    eddyi_ring fresh = {.fd = -1};
    int rc = eddyi_ring_open(&fresh, backend->entries, !eddyi_uring_has_guest(backend));
    if (rc == 0 && eddyi_uring_has_guest(backend))
        rc = eddyi_uring_show(backend, &fresh);
    if (rc < 0) {
        eddyi_ring_close(&fresh);
        return rc;
    }
    eddyi_ring_close(&backend->ring);
    backend->ring = fresh;
    eddyi_uring_take_back(backend);
    return 0;
}

/* ---- entering ---- */

/* 0, RENEWED, or a hard failure: from then on ops are ended in place, for nobody enters this ring again. */
static int enter(eddyi_backend *backend, uint64_t nanoseconds)
{
    int number = eddyi_ring_enter(&backend->ring, nanoseconds), rc = 0;
    switch (number) {
    case 0:
    case ETIME:
    case EINTR:
        return 0;
    case EAGAIN: /* what is written stays in the ring */
    case EBUSY:
        if (nanoseconds != 0 && eddyi_ring_answer(&backend->ring) == NULL)
            (void)poll(NULL, 0, BREATH); /* no EDDYI_CALL: it only sleeps */
        return 0;
    case EEXIST:
        if (eddyi_ring_answer(&backend->ring) != NULL)
            return 0; /* first what the old one has brought */
        rc = eddyi_ring_lost_answers(&backend->ring) ? EDDY_EPERM : renew(backend);
        if (rc == 0)
            return RENEWED;
        break;
    default:
        rc = eddyi_error_from_system(number);
    }
    backend->broken = rc < 0;
    return rc;
}

static int exchange_once(eddyi_backend *backend, bool block, uint64_t deadline)
{
    int rc = 0;
    bool all = eddyi_uring_hand_over(backend);
    while (!all && rc == 0) {
        uint32_t before = eddyi_ring_unsubmitted(&backend->ring);
        rc = enter(backend, 0);
        if (rc == 0 && eddyi_ring_unsubmitted(&backend->ring) == before)
            break; /* the kernel takes none for now */
        all = eddyi_uring_hand_over(backend);
    }
    if (rc != 0)
        return rc;
    block = block && eddyi_list_empty(&backend->kept) && eddyi_ring_answer(&backend->ring) == NULL;
    if (!block && eddyi_ring_unsubmitted(&backend->ring) == 0 && !eddyi_ring_has_work(&backend->ring))
        return 0;
    return enter(backend, block ? eddyi_readiness_left(deadline) : 0);
}

/* Everything that waits is the kernel's afterwards, and what it can do at once is done. */
static int exchange(eddyi_backend *backend, bool block, uint64_t deadline)
{
    int rc;
    do
        rc = exchange_once(backend, block, deadline);
    while (rc == RENEWED);
    return rc;
}

/* ---- the guest ---- */

void eddyi_uring_knock(eddyi_backend *backend)
{
    if (eddyi_uring_has_guest(backend))
        eddyi_uring_wake(backend);
}

/* Who waits for a deferred ring is not woken, nor reliably by an eventfd that the kernel writes to (seen in Linux 6.18). */
static void wake_guests(eddyi_backend *backend)
{
    eddyi_ring *ring = &backend->ring;
    if (ring->deferred && eddyi_ring_answer(ring) == NULL && !eddyi_ring_lost_answers(ring))
        (void)renew(backend); /* else it is tried again after the next wait */
}

void eddyi_uring_serve_guest(eddyi_backend *backend)
{
    wake_guests(backend);
    (void)exchange(backend, false, 0);
    if (!eddyi_list_empty(&backend->kept))
        eddyi_uring_wake(backend);
}

/* ---- wait and wake ---- */

static int wait_until(eddyi_backend *backend, uint64_t deadline_ns, eddyi_result *results, int room)
{
    for (;;) {
        bool woken = false;
        int count = eddyi_uring_tell_kept(backend, results, room);
        count += eddyi_uring_collect(backend, results + count, room - count, &woken);
        int rc = exchange(backend, count == 0 && !woken && deadline_ns != 0, deadline_ns);
        if (rc < 0 && count == 0)
            return rc;
        count += eddyi_uring_collect(backend, results + count, room - count, &woken);
        count += eddyi_uring_tell_kept(backend, results + count, room - count);
        if (count > 0 || woken || eddyi_readiness_passed(deadline_ns))
            return count;
    }
}

int eddyi_uring_wait(eddyi_backend *backend, uint64_t deadline_ns, eddyi_result *results, int room)
{
    if (room <= 0)
        return EDDY_EINVAL;
    if (backend->broken)
        return EDDY_EBADF;
    if (room > (int)backend->batch)
        room = (int)backend->batch;
    int count = wait_until(backend, deadline_ns, results, room);
    if (eddyi_uring_has_guest(backend) && count >= 0)
        eddyi_uring_serve_guest(backend);
    return count;
}

void eddyi_uring_wake(eddyi_backend *backend)
{
    if (atomic_exchange(&backend->woken, true))
        return;
    int saved = errno;
    uint64_t one = 1;
    /* no EDDYI_CALL: runs in signal handlers, and the counter cannot overflow */
    ssize_t written = write(backend->bell, &one, sizeof one);
    (void)written;
    errno = saved;
}
