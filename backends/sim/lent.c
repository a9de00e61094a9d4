/* lent.c: the law lent made visible: under AddressSanitizer, memory that is lent to receive into cannot be touched by anybody else.
 * Touches the sanitizer's shadow of op->buffers, never the bytes. What is hidden is shown again before the op is reported. */
#include "backends/sim/inside.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_HIDES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SIM_HIDES 1
#endif

#ifdef SIM_HIDES
#include <sanitizer/asan_interface.h>

static bool receives(const eddyi_op *op)
{
    return op->kind == EDDYI_RECV || op->kind == EDDYI_RECVFROM;
}

/* A buffer to pick from is lent while its bit is set. */
static bool is_lent(const eddyi_op *op, uint32_t index)
{
    return !(op->flags & EDDYI_PICK_BUFFER) || (index < 32 && (op->free_buffers & UINT32_C(1) << index));
}

void eddyi_sim_hide(const eddyi_op *op)
{
    for (uint32_t i = 0; receives(op) && i < op->buffer_count; i++)
        if (is_lent(op, i))
            __asan_poison_memory_region(op->buffers[i].data, op->buffers[i].size);
}

void eddyi_sim_show(const eddyi_op *op)
{
    for (uint32_t i = 0; receives(op) && i < op->buffer_count; i++)
        if (is_lent(op, i))
            __asan_unpoison_memory_region(op->buffers[i].data, op->buffers[i].size);
}
#else
void eddyi_sim_hide(const eddyi_op *op)
{
    (void)op;
}

void eddyi_sim_show(const eddyi_op *op)
{
    (void)op;
}
#endif
