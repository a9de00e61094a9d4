/* files.c: the table of attached descriptors: by slot and generation for the port, by number for attach.
 * Touches the allocator. Grows in create only; a slot's generation changes whenever its owner does. */
#include "backends/iocp/inside.h"

#include <string.h>

enum { FIRST_SLOTS = 16 };
#define NO_SLOT UINT32_MAX

/* Multiplying by the golden ratio spreads neighbours; the high bits are the good ones (Knuth, volume 3, 6.4). */
static iocp_file **bucket_of(iocp_file **buckets, uint32_t count, eddy_fd fd)
{
    uint64_t spread = (uint64_t)fd * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[(spread >> 32) & (count - 1)];
}

static void link_file(iocp_file **buckets, uint32_t count, iocp_file *file)
{
    iocp_file **bucket = bucket_of(buckets, count, file->fd);
    file->next = *bucket;
    *bucket = file;
}

static int grow(eddyi_backend *backend)
{
    uint32_t old = backend->slot_count, count = old == 0 ? FIRST_SLOTS : old * 2;
    size_t size;
    if (count >= IOCP_KEY_AFD || !eddyi_multiply(&size, count, sizeof *backend->slots))
        return EDDY_ENOMEM;
    iocp_file **buckets = eddyi_allocate_zero(backend->allocator, count * sizeof(iocp_file *));
    if (buckets == NULL)
        return EDDY_ENOMEM;
    iocp_slot *slots = eddyi_reallocate(backend->allocator, backend->slots, size);
    if (slots == NULL) {
        eddyi_release(backend->allocator, buckets);
        return EDDY_ENOMEM;
    }
    backend->slots = slots;
    for (uint32_t i = 0; i < old; i++)
        if (slots[i].file != NULL)
            link_file(buckets, count, slots[i].file);
    for (uint32_t i = count; i-- > old;) { /* downwards, so that low slots are taken first */
        slots[i] = (iocp_slot){.generation = 1, .next = backend->free};
        backend->free = i;
    }
    eddyi_release(backend->allocator, backend->buckets);
    backend->buckets = buckets;
    backend->slot_count = count;
    return 0;
}

int eddyi_iocp_file_create(eddyi_backend *backend, iocp_file **out, eddyi_descriptor *descriptor)
{
    if (backend->slot_count == 0)
        backend->free = NO_SLOT;
    if (backend->free == NO_SLOT && grow(backend) < 0)
        return EDDY_ENOMEM;
    iocp_file *file = eddyi_allocate_zero(backend->allocator, sizeof *file);
    if (file == NULL)
        return EDDY_ENOMEM;
    iocp_slot *slot = &backend->slots[backend->free];
    file->backend = backend;
    file->descriptor = descriptor;
    file->fd = descriptor->fd;
    file->slot = backend->free;
    file->generation = slot->generation;
    file->base = INVALID_SOCKET;
    atomic_init(&file->signalled, false);
    backend->free = slot->next;
    slot->file = file;
    link_file(backend->buckets, backend->slot_count, file);
    *out = file;
    return 0;
}

static void unlink_file(iocp_file *file)
{
    iocp_file **link = bucket_of(file->backend->buckets, file->backend->slot_count, file->fd);
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
}

void eddyi_iocp_file_disown(iocp_file *file)
{
    unlink_file(file);
    file->fd = -1;
    link_file(file->backend->buckets, file->backend->slot_count, file);
}

void eddyi_iocp_file_set_generation(iocp_file *file, uint32_t generation)
{
    file->generation = file->backend->slots[file->slot].generation = generation;
}

void eddyi_iocp_file_free(iocp_file *file)
{
    eddyi_backend *backend = file->backend;
    iocp_slot *slot = &backend->slots[file->slot];
    unlink_file(file);
    slot->file = NULL;
    slot->generation++;
    slot->next = backend->free;
    backend->free = file->slot;
    eddyi_release(backend->allocator, file);
}

iocp_file *eddyi_iocp_file_of(const eddyi_backend *backend, const eddyi_descriptor *descriptor)
{
    return backend->slots[descriptor->slot].file;
}

/* An attached one before a parked one: a socket of ours may be watched as another's. */
iocp_file *eddyi_iocp_file_by_number(const eddyi_backend *backend, eddy_fd fd)
{
    if (backend->slot_count == 0)
        return NULL;
    iocp_file *parked = NULL;
    for (iocp_file *file = *bucket_of(backend->buckets, backend->slot_count, fd); file != NULL;
         file = file->next) {
        if (file->fd == fd && file->descriptor != NULL)
            return file;
        if (file->fd == fd)
            parked = file;
    }
    return parked;
}

/* Where a key has 32 bits it holds what fits of the generation. */
ULONG_PTR eddyi_iocp_key(const iocp_file *file)
{
    return (ULONG_PTR)file->slot | (ULONG_PTR)file->generation << IOCP_SLOT_BITS;
}

iocp_file *eddyi_iocp_file_by_key(const eddyi_backend *backend, ULONG_PTR key)
{
    ULONG_PTR slot = key & IOCP_SLOT_MASK;
    iocp_file *file = slot < backend->slot_count ? backend->slots[slot].file : NULL;
    return file != NULL && file->descriptor != NULL && eddyi_iocp_key(file) == key ? file : NULL;
}

void eddyi_iocp_files_release(eddyi_backend *backend)
{
    for (uint32_t i = 0; i < backend->slot_count; i++) /* the parked ones */
        eddyi_release(backend->allocator, backend->slots[i].file);
    eddyi_release(backend->allocator, backend->slots);
    eddyi_release(backend->allocator, backend->buckets);
}
