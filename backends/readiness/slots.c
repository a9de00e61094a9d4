/* slots.c: slots with generations, the map from descriptor numbers to them, and the turn queue.
 * Touches the allocator. After reserve nothing here can fail, and giving back needs no memory. */
#include "backends/readiness/slots.h"

#include <string.h>

#include "core/base/memory.h"

enum { FIRST_SLOTS = 16, FIRST_NUMBERS = 64 };

void eddyi_slots_init(eddyi_slots *slots, const eddy_allocator *allocator)
{
    *slots = (eddyi_slots){
        .allocator = allocator, .free = EDDYI_SLOT_NONE, .head = EDDYI_SLOT_NONE, .tail = EDDYI_SLOT_NONE};
}

void eddyi_slots_release(eddyi_slots *slots)
{
    eddyi_release(slots->allocator, slots->slots);
    eddyi_release(slots->allocator, slots->owners);
}

static int grow_slots(eddyi_slots *slots)
{
    size_t count = slots->count == 0 ? FIRST_SLOTS : (size_t)slots->count * 2, size;
    if (count >= EDDYI_SLOT_NONE || !eddyi_multiply(&size, count, sizeof *slots->slots))
        return EDDY_ENOMEM;
    eddyi_slot *grown = eddyi_reallocate(slots->allocator, slots->slots, size);
    if (grown == NULL)
        return EDDY_ENOMEM;
    slots->slots = grown;
    for (size_t i = count; i-- > slots->count;) { /* downwards, so that low slots are taken first */
        grown[i] = (eddyi_slot){.generation = 1, .next = slots->free};
        slots->free = (uint32_t)i;
    }
    slots->count = (uint32_t)count;
    return 0;
}

static int grow_owners(eddyi_slots *slots, eddy_fd fd)
{
    size_t count = slots->owner_count == 0 ? FIRST_NUMBERS : slots->owner_count, size;
    while (count <= (size_t)fd)
        count *= 2;
    if (count > UINT32_MAX || !eddyi_multiply(&size, count, sizeof *slots->owners))
        return EDDY_ENOMEM;
    uint32_t *grown = eddyi_reallocate(slots->allocator, slots->owners, size);
    if (grown == NULL)
        return EDDY_ENOMEM;
    memset(grown + slots->owner_count, 0, (count - slots->owner_count) * sizeof *grown);
    slots->owners = grown;
    slots->owner_count = (uint32_t)count;
    return 0;
}

int eddyi_slots_reserve(eddyi_slots *slots, eddy_fd fd)
{
    int rc = 0;
    if (slots->free == EDDYI_SLOT_NONE)
        rc = grow_slots(slots);
    if (rc == 0 && (size_t)fd >= slots->owner_count)
        rc = grow_owners(slots, fd);
    return rc;
}

uint32_t eddyi_slots_next_generation(const eddyi_slots *slots)
{
    return slots->slots[slots->free].generation;
}

void eddyi_slots_take(eddyi_slots *slots, eddyi_descriptor *descriptor, bool level)
{
    uint32_t index = slots->free;
    eddyi_slot *slot = &slots->slots[index];
    slots->free = slot->next;
    *slot = (eddyi_slot){.descriptor = descriptor,
                         .generation = slot->generation,
                         .next = EDDYI_SLOT_NONE,
                         .previous = EDDYI_SLOT_NONE,
                         .level = level};
    descriptor->slot = index;
    descriptor->generation = slot->generation;
    slots->owners[descriptor->fd] = index + 1;
}

void eddyi_slots_give_back(eddyi_slots *slots, eddyi_descriptor *descriptor)
{
    eddyi_slot *slot = eddyi_slot_of(slots, descriptor);
    eddyi_queue_remove(slots, slot);
    if (slots->owners[descriptor->fd] == descriptor->slot + 1)
        slots->owners[descriptor->fd] = 0;
    slot->descriptor = NULL;
    slot->generation++;
    slot->next = slots->free;
    slots->free = descriptor->slot;
}

eddyi_descriptor *eddyi_slots_owner(const eddyi_slots *slots, eddy_fd fd)
{
    uint32_t owner = (size_t)fd < slots->owner_count ? slots->owners[fd] : 0;
    return owner == 0 ? NULL : slots->slots[owner - 1].descriptor;
}

void eddyi_slots_disown(eddyi_slots *slots, eddyi_descriptor *descriptor, int error)
{
    eddyi_slot *slot = eddyi_slot_of(slots, descriptor);
    slots->owners[descriptor->fd] = 0;
    descriptor->generation = ++slot->generation;
    slot->error = error;
}

eddyi_slot *eddyi_slots_find(eddyi_slots *slots, uint32_t slot, uint32_t generation)
{
    if (slot >= slots->count || slots->slots[slot].descriptor == NULL ||
        slots->slots[slot].generation != generation)
        return NULL;
    return &slots->slots[slot];
}

void eddyi_queue_append(eddyi_slots *slots, eddyi_slot *slot)
{
    if (slot->queued)
        return;
    uint32_t index = (uint32_t)(slot - slots->slots);
    slot->queued = true;
    slot->next = EDDYI_SLOT_NONE;
    slot->previous = slots->tail;
    if (slots->tail == EDDYI_SLOT_NONE)
        slots->head = index;
    else
        slots->slots[slots->tail].next = index;
    slots->tail = index;
    slots->queued++;
}

void eddyi_queue_remove(eddyi_slots *slots, eddyi_slot *slot)
{
    if (!slot->queued)
        return;
    if (slot->previous == EDDYI_SLOT_NONE)
        slots->head = slot->next;
    else
        slots->slots[slot->previous].next = slot->next;
    if (slot->next == EDDYI_SLOT_NONE)
        slots->tail = slot->previous;
    else
        slots->slots[slot->next].previous = slot->previous;
    slot->next = slot->previous = EDDYI_SLOT_NONE;
    slot->queued = false;
    slots->queued--;
}
