/* stacks.c: slabs of equal stacks, each with its task block at the high end and a guard at the low end.
 * Touches seam 2's pages and the allocator. Free stacks are kept warm, most recently used first; a burst is given back when the loop
 * next is idle. A slab of stacks too small for a guard page holds a canary word in each instead. */
#include "core/task/stacks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/task/annotate.h"

enum {
    STACKS_PER_SLAB = 64,
    WARM_STACKS = 256, /* free stacks whose memory a trim leaves alone */
    COLOURS = 11, /* different offsets of the blocks, so that they do not all fall into the same cache sets */
    COLOUR_STEP = 192,
    UNGUARDED_REACH = 256 * 1024,
    NONE = 0xffff
};
#define DEFAULT_STACK  ((size_t)248 * 1024) /* with block, colours and guard 256 KiB of address space */
#define SMALLEST_STACK ((size_t)1024)
#define LARGEST_STACK  ((size_t)1 << 30)
#define LARGEST_SLAB   ((size_t)16 * 1024 * 1024)
#define CACHE_LINE     ((size_t)64)
#define BLOCK_SIZE     ((sizeof(eddy_task) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE)
static const uint64_t canary = UINT64_C(0x5afe57ac0de57ac4);

typedef struct stack_class stack_class;

typedef struct eddyi_slab stack_slab;
struct eddyi_slab {
    eddyi_list link; /* in the class's `partial` when it has room, else in `full` */
    stack_class *class;
    char *memory;
    uint16_t used, fresh, free_first; /* fresh: stacks from here on were never used */
    uint16_t count, protected;        /* protected: how many have a guard that costs a mapping */
    uint16_t next_free[STACKS_PER_SLAB];
    unsigned tokens[STACKS_PER_SLAB];
    bool warm[STACKS_PER_SLAB];
    bool unguarded[STACKS_PER_SLAB]; /* its guard could not be had */
};

struct stack_class {
    eddyi_list link;
    size_t stride; /* bytes a stack, block included */
    size_t guard;  /* bytes at the low end that fault; 0: a canary */
    size_t slab_size;
    uint16_t per_slab;
    eddyi_list partial, full;
    size_t free_warm; /* free stacks that hold memory */
};

struct eddyi_stack_pool {
    eddyi_list classes;
    enum eddyi_guard guard;
    uint64_t trimmed_at;
    stack_class *usual; /* of the default size */
};

/* ---- overflow ---- */

static bool describe_fault(uintptr_t address, char *text, size_t size)
{
    eddy_task *task = eddyi_current_task();
    if (task == NULL)
        return false;
    const eddy_task *ground = task->ground;
    /* Without a guard the first page that is not there may lie below other stacks. */
    uintptr_t low = (uintptr_t)ground->stack_low;
    size_t reach = ground->unguarded ? UNGUARDED_REACH : ground->slab->class->guard;
    if (address >= low || address < low - reach)
        return false;
    char name[64];
    (void)eddy_task_get_name(task, name, sizeof name);
    snprintf(text, size, "eddy: stack overflow in task '%s' (stack of %zu bytes)\n", name,
             eddyi_stack_size(ground));
    return true;
}

_Noreturn void eddyi_stack_overflowed(const eddy_task *task)
{
    char name[64];
    (void)eddy_task_get_name(task, name, sizeof name);
    fprintf(stderr,
            "eddy: stack overflow in task '%s' (stack of %zu bytes, found late: it has no guard page)\n",
            name, eddyi_stack_size(task->ground));
    abort();
}

bool eddyi_stack_intact(const eddy_task *task)
{
    uint64_t word;
    if (!task->unguarded)
        return true;
    memcpy(&word, task->stack_low, sizeof word);
    return word == canary;
}

void eddyi_stacks_thread_enter(void)
{
    (void)eddyi_fault_install(describe_fault);
    (void)eddyi_fault_thread_enter(); /* without it an overflow still faults, it only is not explained */
}

void eddyi_stacks_thread_leave(void)
{
    eddyi_fault_thread_leave();
}

const char *eddy_stack_guard_name(void)
{
    switch (eddyi_guard_probe()) {
    case EDDYI_GUARD_LIGHT:
        return "light";
    case EDDYI_GUARD_PROTECT:
        return "protect";
    default:
        return "none";
    }
}

/* ---- slabs ---- */

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static int slab_create(eddy_loop *loop, stack_class *class)
{
    void *memory;
    stack_slab *slab = eddyi_allocate_zero(&loop->allocator, sizeof *slab);
    if (slab == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_pages_reserve(&memory, class->slab_size);
    if (rc < 0) {
        eddyi_release(&loop->allocator, slab);
        return rc;
    }
    slab->class = class;
    slab->memory = memory;
    slab->count = class->per_slab;
    slab->free_first = NONE;
    eddyi_list_append(&class->partial, &slab->link);
    return 0;
}

static void slab_release(eddy_loop *loop, stack_slab *slab)
{
    assert(slab->used == 0);
    for (uint16_t i = 0; i < slab->fresh; i++)
        slab->class->free_warm -= slab->warm[i];
    eddyi_list_remove(&slab->link);
    eddyi_annotate_memory_end(slab->memory, slab->class->slab_size);
    eddyi_pages_release(slab->memory, slab->class->slab_size);
    eddyi_guards_released(slab->protected);
    eddyi_release(&loop->allocator, slab);
}

static int class_create(eddy_loop *loop, stack_class **out, size_t stride, size_t guard)
{
    stack_class *class = eddyi_allocate_zero(&loop->allocator, sizeof *class);
    if (class == NULL)
        return EDDY_ENOMEM;
    size_t count = LARGEST_SLAB / stride;
    class->stride = stride;
    class->guard = guard;
    class->per_slab = (uint16_t)(count > STACKS_PER_SLAB ? STACKS_PER_SLAB : count < 1 ? 1 : count);
    class->slab_size = round_up(stride * class->per_slab, eddyi_page_size());
    eddyi_list_init(&class->partial);
    eddyi_list_init(&class->full);
    eddyi_list_append(&loop->stacks->classes, &class->link);
    *out = class;
    return 0;
}

/* The class of stacks with at least `size` bytes; every size that rounds to the same stride shares one. */
static int class_find(eddy_loop *loop, stack_class **out, size_t size)
{
    size_t page = eddyi_page_size();
    size_t guard = 0;
    size_t stride = round_up(size, CACHE_LINE) + BLOCK_SIZE;
    if (stride > 2 * page) {
        guard = loop->stacks->guard != EDDYI_GUARD_NONE ? page : 0;
        stride = round_up(stride + guard + (size_t)(COLOURS - 1) * COLOUR_STEP, page);
    }
    eddyi_list_each (link, &loop->stacks->classes) {
        stack_class *class = EDDYI_LIST_ITEM(link, stack_class, link);
        if (class->stride == stride) {
            *out = class;
            return 0;
        }
    }
    return class_create(loop, out, stride, guard);
}

int eddyi_stacks_create(eddy_loop *loop)
{
    struct eddyi_stack_pool *pool = eddyi_allocate_zero(&loop->allocator, sizeof *pool);
    if (pool == NULL)
        return EDDY_ENOMEM;
    eddyi_list_init(&pool->classes);
    pool->guard = eddyi_guard_probe();
    loop->stacks = pool;
    return 0;
}

static void release_all(eddy_loop *loop, eddyi_list *slabs)
{
    while (!eddyi_list_empty(slabs))
        slab_release(loop, EDDYI_LIST_ITEM(slabs->next, stack_slab, link));
}

void eddyi_stacks_free(eddy_loop *loop)
{
    eddyi_list *link;
    if (loop->stacks == NULL)
        return;
    while ((link = eddyi_list_take(&loop->stacks->classes)) != NULL) {
        stack_class *class = EDDYI_LIST_ITEM(link, stack_class, link);
        release_all(loop, &class->partial);
        release_all(loop, &class->full);
        eddyi_release(&loop->allocator, class);
    }
    eddyi_release(&loop->allocator, loop->stacks);
    loop->stacks = NULL;
}

/* ---- stacks ---- */

static char *low_of(const stack_slab *slab, uint16_t index)
{
    return slab->memory + (size_t)index * slab->class->stride;
}

static eddy_task *block_of(const stack_slab *slab, uint16_t index)
{
    size_t stride = slab->class->stride;
    size_t colour = stride >= 8 * eddyi_page_size() ? (size_t)(index % COLOURS) * COLOUR_STEP : 0;
    size_t offset = stride - BLOCK_SIZE - colour;
    return (eddy_task *)(void *)(low_of(slab, index) + offset);
}

/* The first use of a stack puts its guard in place. Where none can be had (the system's limit of mappings), a canary stands in. */
static uint16_t take_index(stack_slab *slab)
{
    uint16_t index = slab->free_first;
    if (index != NONE) {
        slab->free_first = slab->next_free[index];
        slab->class->free_warm -= slab->warm[index];
    } else {
        index = slab->fresh++;
        size_t size = slab->class->guard;
        enum eddyi_guard guard = size != 0 ? eddyi_pages_guard(low_of(slab, index), size) : EDDYI_GUARD_NONE;
        slab->unguarded[index] = guard == EDDYI_GUARD_NONE;
        slab->protected = (uint16_t)(slab->protected + (guard == EDDYI_GUARD_PROTECT));
    }
    slab->warm[index] = true;
    slab->used++;
    return index;
}

static int choose_class(eddy_loop *loop, stack_class **out, size_t size, bool without_signals)
{
    if (size == 0) {
        *out = loop->stacks->usual;
        if (*out != NULL)
            return 0;
        int rc = class_find(loop, out, DEFAULT_STACK * EDDYI_STACK_FACTOR);
        if (rc == 0)
            loop->stacks->usual = *out;
        return rc;
    }
    if (size > LARGEST_STACK)
        return EDDY_EINVAL;
    size_t smallest = without_signals ? SMALLEST_STACK : eddyi_signal_frame_size();
    size = (size < smallest ? smallest : size) + eddyi_context_room;
    return class_find(loop, out, size * EDDYI_STACK_FACTOR);
}

int eddyi_stack_take(eddy_loop *loop, eddy_task **out, size_t size, bool without_signals)
{
    stack_class *class;
    int rc = choose_class(loop, &class, size, without_signals);
    if (rc == 0 && eddyi_list_empty(&class->partial))
        rc = slab_create(loop, class);
    if (rc < 0)
        return rc;
    stack_slab *slab = EDDYI_LIST_ITEM(class->partial.next, stack_slab, link);
    uint16_t index = take_index(slab);
    if (slab->used == slab->count) {
        eddyi_list_remove(&slab->link);
        eddyi_list_append(&class->full, &slab->link);
    }
    eddy_task *task = block_of(slab, index);
    char *low = low_of(slab, index) + class->guard;
    slab->tokens[index] = eddyi_annotate_stack_begin(low, (size_t)((char *)task - low));
    task->slab = slab;
    task->slab_index = index;
    task->stack_low = low;
    task->unguarded = slab->unguarded[index];
    if (task->unguarded)
        memcpy(low, &canary, sizeof canary);
    *out = task;
    return 0;
}

void eddyi_stack_give(eddy_loop *loop, eddy_task *task)
{
    stack_slab *slab = task->slab;
    stack_class *class = slab->class;
    uint16_t index = (uint16_t)task->slab_index;
    (void)loop;
    eddyi_annotate_stack_end(task->stack_low, eddyi_stack_size(task), slab->tokens[index]);
    if (slab->used == slab->count) { /* its turn comes first: its stacks are the warmest */
        eddyi_list_remove(&slab->link);
        eddyi_list_append(class->partial.next, &slab->link);
    }
    slab->next_free[index] = slab->free_first;
    slab->free_first = index;
    slab->used--;
    class->free_warm++;
}

/* ---- trimming ---- */

static void trim_slab(stack_slab *slab)
{
    stack_class *class = slab->class;
    for (uint16_t i = slab->free_first; i != NONE && class->free_warm > WARM_STACKS; i = slab->next_free[i]) {
        if (!slab->warm[i])
            continue;
        slab->warm[i] = false;
        class->free_warm--;
        eddyi_annotate_memory_end(low_of(slab, i), class->stride);
        eddyi_pages_discard(low_of(slab, i) + class->guard, class->stride - class->guard);
    }
}

static void trim_class(eddy_loop *loop, stack_class *class)
{
    bool page_sized = class->stride % eddyi_page_size() == 0;
    for (eddyi_list *link = class->partial.previous;
         link != &class->partial && class->free_warm > WARM_STACKS;) {
        stack_slab *slab = EDDYI_LIST_ITEM(link, stack_slab, link);
        link = link->previous;
        if (slab->used == 0)
            slab_release(loop, slab);
        else if (page_sized)
            trim_slab(slab);
    }
}

void eddyi_stacks_trim(eddy_loop *loop)
{
    static const uint64_t pause = 100000000; /* not after every burst of a busy server */
    struct eddyi_stack_pool *pool = loop->stacks;
    if (loop->now - pool->trimmed_at < pause)
        return;
    pool->trimmed_at = loop->now;
    eddyi_list_each (link, &pool->classes) {
        stack_class *class = EDDYI_LIST_ITEM(link, stack_class, link);
        if (class->free_warm > WARM_STACKS)
            trim_class(loop, class);
    }
}
