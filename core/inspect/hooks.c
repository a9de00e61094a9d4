/* hooks.c: the table of hooks in force, and what each probe tells it, and a tracer.
 * Touches probes.h. One table for the process, read anew at each place; nothing here runs while nobody looks on. */
#include <eddy/hooks.h>

#include "core/inspect/probes.h"
#include "core/task/task.h"

/* ---- the table ---- */

#ifdef EDDY_NO_PROBES
static
#endif
    _Atomic(const eddy_hooks *) eddyi_hooks;

int eddy_set_hooks(const eddy_hooks *hooks)
{
    if (hooks != NULL && hooks->size < sizeof hooks->size)
        return eddyi_fail(EDDY_EINVAL, "set_hooks");
    atomic_store(&eddyi_hooks, hooks);
    return 0;
}

const eddy_hooks *eddy_get_hooks(void)
{
    return atomic_load(&eddyi_hooks);
}

/* A table of an older version ends before the later hooks. */
#define HOOK(hooks, name)                                                                                    \
    ((hooks) != NULL && (hooks)->size >= offsetof(eddy_hooks, name) + sizeof(hooks)->name ? (hooks)->name    \
                                                                                          : NULL)

/* ---- what is told ---- */

#ifdef EDDY_USDT
#define TRACE(name, loop, what, number, value)                                                               \
    eddyi_usdt_tell(EDDYI_PROBE_##name, loop, (uintptr_t)(what), (uint64_t)(number), (int64_t)(value))
#else
#define TRACE(name, loop, what, number, value) ((void)0)
#endif

#define TELL(name, ...)                                                                                      \
    do {                                                                                                     \
        const eddy_hooks *hooks = atomic_load(&eddyi_hooks);                                                 \
        if (HOOK(hooks, name) != NULL)                                                                       \
            hooks->name(hooks, __VA_ARGS__);                                                                 \
    } while (0)

void eddyi_probe_task_created(eddy_loop *loop, eddy_task *task, int value)
{
    (void)value;
    TRACE(task_created, loop, task, task->id, 0);
    TELL(task_created, loop, task);
}

void eddyi_probe_task_switched_in(eddy_loop *loop, eddy_task *task, int value)
{
    (void)value;
    TRACE(task_switched_in, loop, task, task->id, 0);
    TELL(task_switched_in, loop, task);
}

void eddyi_probe_task_switched_out(eddy_loop *loop, eddy_task *task, int value)
{
    (void)value;
    TRACE(task_switched_out, loop, task, task->id, 0);
    TELL(task_switched_out, loop, task);
}

void eddyi_probe_task_ended(eddy_loop *loop, eddy_task *task, int result)
{
    TRACE(task_ended, loop, task, task->id, result);
    TELL(task_ended, loop, task, result);
}

static eddy_operation operation_of(const eddyi_op *op)
{
    return (eddy_operation){.identity = op, .kind = eddyi_io_name(op), .fd = op->descriptor->fd};
}

void eddyi_probe_operation_submitted(eddy_loop *loop, const eddyi_op *op, int value)
{
    const eddy_operation operation = operation_of(op);
    (void)value;
    TRACE(operation_submitted, loop, op, operation.fd, op->kind);
    TELL(operation_submitted, loop, &operation);
}

void eddyi_probe_operation_completed(eddy_loop *loop, const eddyi_op *op, int64_t result)
{
    const eddy_operation operation = operation_of(op);
    TRACE(operation_completed, loop, op, operation.fd, result);
    TELL(operation_completed, loop, &operation, result);
}

void eddyi_probe_callback_began(eddy_loop *loop, eddy_callback_fn fn, int value)
{
    (void)value;
    TRACE(callback_began, loop, fn, 0, 0);
    TELL(callback_began, loop, fn);
}

void eddyi_probe_callback_ended(eddy_loop *loop, eddy_callback_fn fn, int value)
{
    (void)value;
    TRACE(callback_ended, loop, fn, 0, 0);
    TELL(callback_ended, loop, fn);
}
