/* io_uring.c: the backend over io_uring(7) of Linux: open and close, what is attached, and the table.
 * Touches the ring, the eventfd, an epoll set for guests, and fstat. Memory is taken by open and attach only. */
#include <assert.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backends/io_uring/inside.h"

#ifdef EDDY_VALGRIND
#include <valgrind/valgrind.h>
#endif

enum { DEFAULT_BATCH = 1024, MOST_ENTRIES = 256 };

static int uring_probe(void)
{
    eddyi_ring ring;
    int rc = eddyi_ring_open(&ring, 1, true);
    if (rc == 0)
        eddyi_ring_close(&ring);
    return rc;
}

/* Valgrind's threads all stand still while the kernel's own call waits. */
static bool waits_by_poll(void)
{
#ifdef EDDY_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

int eddyi_uring_show(const eddyi_backend *backend, const eddyi_ring *ring)
{
    struct epoll_event any = {.events = EPOLLIN};
    return EDDYI_CALL(epoll_ctl, -1, (backend->told, EPOLL_CTL_ADD, ring->fd, &any)) < 0
               ? eddyi_error_from_system(errno)
               : 0;
}

/* A set of its own, so that the guest's descriptor stays when the ring does not. */
static int be_told(eddyi_backend *backend)
{
    backend->told = EDDYI_CALL(epoll_create1, -1, (EPOLL_CLOEXEC));
    int rc = backend->told < 0 ? eddyi_error_from_system(errno) : eddyi_uring_show(backend, &backend->ring);
    if (rc < 0 && backend->told >= 0) {
        (void)close(backend->told); /* no EDDYI_CALL */
        backend->told = -1;
    }
    return rc;
}

static int uring_open(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    uint32_t batch = config->batch != 0 ? config->batch : DEFAULT_BATCH;
    if (batch > INT32_MAX)
        return EDDY_EINVAL;
    eddyi_backend *backend = eddyi_allocate_zero(config->allocator, sizeof *backend);
    if (backend == NULL)
        return EDDY_ENOMEM;
    backend->allocator = config->allocator;
    backend->batch = batch;
    backend->entries = batch < MOST_ENTRIES ? batch : MOST_ENTRIES;
    backend->ring.fd = backend->told = -1;
    atomic_init(&backend->woken, false);
    eddyi_slots_init(&backend->slots, config->allocator);
    eddyi_list_init(&backend->waiting);
    eddyi_list_init(&backend->cancels);
    eddyi_list_init(&backend->kept);
    int rc = 0;
    backend->bell = EDDYI_CALL(eventfd, -1, (0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (backend->bell < 0)
        rc = eddyi_error_from_system(errno);
    if (rc == 0)
        rc = eddyi_ring_open(&backend->ring, backend->entries, !waits_by_poll());
    if (rc == 0)
        rc = eddyi_ring_operations(&backend->ring, &backend->operations);
    if (rc < 0)
        goto out;
    *kinds = (UINT32_C(1) << EDDYI_KINDS) - 1; /* what the kernel does not do itself is tried */
    *out = backend;
    return 0;
out:
    eddyi_ring_close(&backend->ring);
    if (backend->bell >= 0)
        (void)close(backend->bell); /* no EDDYI_CALL */
    eddyi_release(config->allocator, backend);
    return rc;
}

static void uring_close(eddyi_backend *backend)
{
    eddyi_ring_close(&backend->ring);
    if (eddyi_uring_has_guest(backend))
        (void)close(backend->told); /* no EDDYI_CALL */
    (void)close(backend->bell);     /* no EDDYI_CALL */
    eddyi_slots_release(&backend->slots);
    eddyi_release(backend->allocator, backend->identities);
    eddyi_release(backend->allocator, backend);
}

/* ---- attach and detach ---- */

static int reserve(eddyi_backend *backend, eddy_fd fd)
{
    size_t size;
    int rc = eddyi_slots_reserve(&backend->slots, fd);
    if (rc < 0 || backend->identity_room >= backend->slots.count)
        return rc;
    if (!eddyi_multiply(&size, backend->slots.count, sizeof *backend->identities))
        return EDDY_ENOMEM;
    eddyi_identity *grown = eddyi_reallocate(backend->allocator, backend->identities, size);
    if (grown == NULL)
        return EDDY_ENOMEM;
    backend->identities = grown;
    backend->identity_room = backend->slots.count;
    return 0;
}

static int uring_attach(eddyi_backend *backend, eddyi_descriptor *d)
{
    eddyi_identity identity;
    if (d->attached)
        return EDDY_EEXIST;
    if (d->fd < 0 || d->fd > INT32_MAX)
        return EDDY_EBADF;
    int rc = eddyi_identify((int)d->fd, &identity);
    if (rc == 0)
        rc = reserve(backend, d->fd);
    if (rc < 0)
        return rc;
    eddyi_descriptor *old = eddyi_slots_owner(&backend->slots, d->fd);
    if (old != NULL && eddyi_is_same_file(backend->identities[old->slot], identity))
        return EDDY_EEXIST;
    if (old != NULL) /* closed behind our back, and its number was given to another file */
        eddyi_uring_lose(backend, old);
    eddyi_slots_take(&backend->slots, d, false);
    backend->identities[d->slot] = identity;
    d->ready = EDDYI_IN | EDDYI_OUT; /* nobody knows yet: a try will tell */
    d->attached = 1;
    d->reader = d->writer = NULL;
    eddyi_uring_knock(backend);
    return 0;
}

static void uring_detach(eddyi_backend *backend, eddyi_descriptor *d)
{
    if (!d->attached)
        return;
    assert(d->reader == NULL && d->writer == NULL);
    eddyi_slots_give_back(&backend->slots, d);
    d->ready = d->armed = d->attached = 0;
}

static eddy_fd uring_pollable(eddyi_backend *backend)
{
    if (!eddyi_uring_has_guest(backend) && be_told(backend) < 0)
        return -1;
    eddyi_uring_serve_guest(backend);
    return backend->told;
}

extern const eddyi_backend_ops eddyi_backend_io_uring;
const eddyi_backend_ops eddyi_backend_io_uring = {
    .name = "io_uring",
    .description = "io_uring(7) of Linux: one call for all that is new and all that is done",
    .caps = EDDYI_CAP_TRY_FIRST,
    .probe = uring_probe,
    .open = uring_open,
    .close = uring_close,
    .attach = uring_attach,
    .detach = uring_detach,
    .submit = eddyi_uring_submit,
    .cancel = eddyi_uring_cancel,
    .wait = eddyi_uring_wait,
    .wake = eddyi_uring_wake,
    .pollable = uring_pollable,
};
