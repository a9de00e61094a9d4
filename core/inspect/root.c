/* root.c: the record that describes the inside of eddy to a reader outside the process (include/eddy/inspect_record.h).
 * Touches the layout of loops, tasks, futures and waits, and changes none. The places for loops are taken and left without a lock, so a fork at any
 * moment leaves them whole. */
#include "core/inspect/root.h"

#include <stddef.h>

#include "core/inspect/declared.h"
#include "core/task/scope.h"

enum { LOOPS_ROOM = 256 }; /* a loop beyond them works, and is not seen from outside */

static _Atomic(eddy_loop *) loops[LOOPS_ROOM];

_Static_assert(sizeof loops[0] == sizeof(void *), "a reader sees plain pointers");
_Static_assert(sizeof(bool) == 1 && sizeof(atomic_bool) == 1, "a reader sees bytes");

/* Not constant, for readers look through writable data alone, and used, so that no linker leaves it out. */
_Alignas(16) eddy_record eddyi_record = {
    /* EDDY_RECORD_MAGIC without its zero byte, which compilers want room for */
    .magic = {'e', 'd', 'd', 'y', ' ', 't', 'a', 's', 'k', ' ', 'r', 'e', 'c', 'o', 'r', 'd'},
    .version = EDDY_RECORD_VERSION,
    .size = sizeof(eddy_record),
    .pointer_size = sizeof(void *),
    .loops_room = LOOPS_ROOM,
    .self = &eddyi_record,
    .loops = loops,
    .registers = eddyi_context_registers,
    .task_size = sizeof(eddy_task),
    .future_size = sizeof(eddy_future),
    .loop_size = sizeof(eddy_loop),
    .wait_size = sizeof(eddyi_wait),
    .loop = {.tasks = offsetof(eddy_loop, tasks),
             .task_count = offsetof(eddy_loop, task_count),
             .current = offsetof(eddy_loop, current),
             .running = offsetof(eddy_loop, running),
             .closed = offsetof(eddy_loop, closed),
             .thread = offsetof(eddy_loop, thread),
             .iterations = offsetof(eddy_loop, iterations),
             .declared = offsetof(eddy_loop, declared)},
    .future = {.loop = offsetof(eddy_future, loop),
               .kind = offsetof(eddy_future, kind),
               .state = offsetof(eddy_future, state),
               .waits_declared = offsetof(eddy_future, waits_declared)},
    .task = {.all = offsetof(eddy_task, all),
             .id = offsetof(eddy_task, id),
             .name = offsetof(eddy_task, name),
             .function = offsetof(eddy_task, fn),
             .stack = offsetof(eddy_task, stack),
             .wait = offsetof(eddy_task, wait),
             .scheduled = offsetof(eddy_task, scheduled),
             .group = offsetof(eddy_task, group),
             .context = offsetof(eddy_task, context.stack_pointer)},
    .wait = {.kind = offsetof(eddyi_wait, kind),
             .task = offsetof(eddyi_wait, task),
             .object = offsetof(eddyi_wait, object)},
    .wait_kind = {.name = offsetof(eddyi_wait_kind, name), .reach = offsetof(eddyi_wait_kind, reach)},
    .future_kind = {.name = offsetof(eddyi_future_kind, name), .reach = offsetof(eddyi_future_kind, reach)},
    .group = {.task = offsetof(eddyi_scope, task)},
    .declared = {.future = offsetof(eddyi_declared, waiter.future), .by = offsetof(eddyi_declared, by)},
};

void eddyi_root_add(eddy_loop *loop)
{
    for (uint32_t i = 0; i < eddyi_record.loops_room; i++) {
        eddy_loop *none = NULL;
        if (atomic_load_explicit(&loops[i], memory_order_relaxed) == NULL &&
            atomic_compare_exchange_strong(&loops[i], &none, loop))
            return;
    }
}

void eddyi_root_remove(eddy_loop *loop)
{
    for (uint32_t i = 0; i < eddyi_record.loops_room; i++)
        if (atomic_load_explicit(&loops[i], memory_order_relaxed) == loop) {
            atomic_store(&loops[i], NULL);
            return;
        }
}
