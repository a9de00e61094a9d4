/* stacks.c: slabs: the blocks of tasks close together, then equal stacks, each with a guard at its low end.
 * Touches seam 2's pages and the allocator. There is a stack for every block, so a task that has its block gets its stack too, and only
 * takes one when it begins. Free ones are used again most recently used first; a burst is given back when the loop next is idle. */
#include "core/task/stacks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/task/annotate.h"

enum {
    STACKS_PER_SLAB = 64,
    WARM_STACKS = 256, /* free ones whose memory a trim leaves alone */
    COLOURS = 11, /* different offsets of the stacks, so that they do not all fall into the same cache sets */
    COLOUR_STEP = 192,
    UNGUARDED_REACH = 256 * 1024,
    NONE = 0xffff
};
#define DEFAULT_STACK  ((size_t)248 * 1024) /* with colours and guard some 256 KiB of address space */
#define SMALLEST_STACK ((size_t)1024)
#define LARGEST_STACK  ((size_t)1 << 30)
#define LARGEST_SLAB   ((size_t)17 * 1024 * 1024)
#define CACHE_LINE     ((size_t)64)
#define BLOCK_SIZE     ((sizeof(eddy_task) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE)
static const uint64_t canary = UINT64_C(0x5afe57ac0de57ac4);

typedef struct stack_class stack_class;

typedef struct eddyi_slab stack_slab;
struct eddyi_slab {
    eddyi_list link;      /* in the class's `slabs` */
    eddyi_list cold_link; /* in the class's `cold` while it has such stacks */
    stack_class *class;
    char *memory;                       /* the blocks, then the stacks */
    uint16_t blocks_begun, blocks_used; /* begun: blocks from there on were never used */
    uint16_t begun, used, cold_first;   /* the same for the stacks; a cold one has no memory now */
    uint16_t protected;                 /* how many have a guard that costs a mapping */
    uint16_t next_cold[STACKS_PER_SLAB];
    bool cold[STACKS_PER_SLAB];
    bool unguarded[STACKS_PER_SLAB]; /* its guard could not be had */
};

struct stack_class {
    eddyi_list link;
    size_t stride; /* bytes a stack */
    size_t guard;  /* bytes at the low end that fault; 0: a canary */
    size_t blocks_size, slab_size;
    uint16_t per_slab;
    eddyi_list slabs; /* oldest first; only the last one can have blocks that were never used */
    eddyi_list cold;
    eddyi_list free_blocks, warm; /* used before, last used first; warm: stacks */
    size_t free_block_count, warm_count;
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
    if (task == NULL || task->stack == NULL)
        return false;
    /* Without a guard the first page that is not there may lie below other stacks. */
    uintptr_t low = (uintptr_t)task->stack->low;
    size_t reach = task->unguarded ? UNGUARDED_REACH : task->stack->slab->class->guard;
    if (address >= low || address < low - reach)
        return false;
    char name[64];
    (void)eddy_task_get_name(task, name, sizeof name);
    snprintf(text, size, "eddy: stack overflow in task '%s' (stack of %zu bytes)\n", name,
             eddyi_stack_size(task->stack));
    return true;
}

_Noreturn void eddyi_stack_overflowed(const eddy_task *task)
{
    char name[64];
    (void)eddy_task_get_name(task, name, sizeof name);
    fprintf(stderr,
            "eddy: stack overflow in task '%s' (stack of %zu bytes, found late: it has no guard page)\n",
            name, eddyi_stack_size(task->stack));
    abort();
}

bool eddyi_stack_intact(const eddy_task *task)
{
    uint64_t word;
    if (!task->unguarded)
        return true;
    memcpy(&word, task->stack->low, sizeof word);
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
    slab->cold_first = NONE;
    eddyi_list_append(&class->slabs, &slab->link);
    eddyi_list_append(&class->cold, &slab->cold_link);
    return 0;
}

static eddy_task *block_of(const stack_slab *slab, uint16_t index)
{
    return (eddy_task *)(void *)(slab->memory + index * BLOCK_SIZE);
}

static char *low_of(const stack_slab *slab, uint16_t index)
{
    return slab->memory + slab->class->blocks_size + (size_t)index * slab->class->stride;
}

static eddyi_stack *stack_of(const stack_slab *slab, uint16_t index)
{
    size_t stride = slab->class->stride;
    size_t colour = stride >= 8 * eddyi_page_size() ? (size_t)(index % COLOURS) * COLOUR_STEP : 0;
    return (eddyi_stack *)(void *)(low_of(slab, index) + stride - colour - sizeof(eddyi_stack));
}

static void slab_release(eddy_loop *loop, stack_slab *slab)
{
    stack_class *class = slab->class;
    assert(slab->used == 0 && slab->blocks_used == 0);
    for (uint16_t i = 0; i < slab->blocks_begun; i++)
        eddyi_list_remove(&block_of(slab, i)->all);
    class->free_block_count -= slab->blocks_begun;
    for (uint16_t i = 0; i < slab->begun; i++)
        if (!slab->cold[i]) {
            eddyi_list_remove(&stack_of(slab, i)->link);
            class->warm_count--;
        }
    eddyi_list_remove(&slab->link);
    eddyi_list_remove(&slab->cold_link);
    eddyi_annotate_memory_end(slab->memory, class->slab_size);
    eddyi_pages_release(slab->memory, class->slab_size);
    eddyi_guards_released(slab->protected);
    eddyi_release(&loop->allocator, slab);
}

static int class_create(eddy_loop *loop, stack_class **out, size_t stride, size_t guard)
{
    stack_class *class = eddyi_allocate_zero(&loop->allocator, sizeof *class);
    if (class == NULL)
        return EDDY_ENOMEM;
    size_t page = eddyi_page_size();
    size_t count = LARGEST_SLAB / stride;
    class->stride = stride;
    class->guard = guard;
    class->per_slab = (uint16_t)(count > STACKS_PER_SLAB ? STACKS_PER_SLAB : count < 1 ? 1 : count);
    class->blocks_size = round_up(class->per_slab * BLOCK_SIZE, guard != 0 ? page : CACHE_LINE);
    class->slab_size = round_up(class->blocks_size + stride * class->per_slab, page);
    eddyi_list_init(&class->slabs);
    eddyi_list_init(&class->cold);
    eddyi_list_init(&class->free_blocks);
    eddyi_list_init(&class->warm);
    eddyi_list_append(&loop->stacks->classes, &class->link);
    *out = class;
    return 0;
}

/* The class of stacks with at least `size` bytes; every size that rounds to the same stride shares one. */
static int class_find(eddy_loop *loop, stack_class **out, size_t size)
{
    size_t page = eddyi_page_size();
    size_t guard = 0;
    size_t stride = round_up(size + sizeof(eddyi_stack), CACHE_LINE);
    if (stride > 2 * page) {
        guard = loop->stacks->guard != EDDYI_GUARD_NONE ? page : 0;
        stride = round_up(stride + guard + (size_t)(COLOURS - 1) * COLOUR_STEP, page);
        stride += stride / page % 2 == 0
                      ? page
                      : 0; /* odd: their pages use all sets of the processor's table of pages */
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

void eddyi_stacks_free(eddy_loop *loop)
{
    eddyi_list *link;
    if (loop->stacks == NULL)
        return;
    while ((link = eddyi_list_take(&loop->stacks->classes)) != NULL) {
        stack_class *class = EDDYI_LIST_ITEM(link, stack_class, link);
        while (!eddyi_list_empty(&class->slabs))
            slab_release(loop, EDDYI_LIST_ITEM(class->slabs.next, stack_slab, link));
        eddyi_release(&loop->allocator, class);
    }
    eddyi_release(&loop->allocator, loop->stacks);
    loop->stacks = NULL;
}

/* ---- blocks ---- */

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

static eddy_task *begin_block(eddy_loop *loop, stack_class *class)
{
    stack_slab *slab = EDDYI_LIST_ITEM(class->slabs.previous, stack_slab, link);
    if (eddyi_list_empty(&class->slabs) || slab->blocks_begun == class->per_slab) {
        if (slab_create(loop, class) < 0)
            return NULL;
        slab = EDDYI_LIST_ITEM(class->slabs.previous, stack_slab, link);
    }
    eddy_task *task = block_of(slab, slab->blocks_begun++);
    task->slab = slab;
    return task;
}

int eddyi_block_take(eddy_loop *loop, eddy_task **out, size_t size, bool without_signals)
{
    stack_class *class;
    int rc = choose_class(loop, &class, size, without_signals);
    if (rc < 0)
        return rc;
    eddyi_list *link = eddyi_list_take(&class->free_blocks);
    eddy_task *task = link != NULL ? EDDYI_LIST_ITEM(link, eddy_task, all) : begin_block(loop, class);
    if (task == NULL)
        return EDDY_ENOMEM;
    class->free_block_count -= link != NULL;
    task->slab->blocks_used++;
    task->stack = NULL;
    task->unguarded = false;
    *out = task;
    return 0;
}

void eddyi_block_give(eddy_task *task)
{
    stack_class *class = task->slab->class;
    assert(task->stack == NULL);
    task->slab->blocks_used--;
    class->free_block_count++;
    eddyi_list_append(class->free_blocks.next, &task->all); /* before the first */
}

/* ---- stacks ---- */

/* The first use of a stack puts its guard in place. Where none can be had (the system's limit of mappings), a canary stands in. */
static void put_guard(stack_slab *slab, uint16_t index)
{
    size_t size = slab->class->guard;
    enum eddyi_guard guard = size != 0 ? eddyi_pages_guard(low_of(slab, index), size) : EDDYI_GUARD_NONE;
    slab->unguarded[index] = guard == EDDYI_GUARD_NONE;
    slab->protected = (uint16_t)(slab->protected + (guard == EDDYI_GUARD_PROTECT));
}

/* An empty one that may grow. */
static void be_stack(stack_slab *slab, uint16_t index)
{
    char *low = low_of(slab, index) + slab->class->guard;
    if (!slab->unguarded[index])
        eddyi_pages_as_stack(low, (size_t)((char *)stack_of(slab, index) - low));
}

/* One that has no memory yet. There is one, since there are as many stacks as blocks. */
static eddyi_stack *warm_up(stack_class *class)
{
    assert(!eddyi_list_empty(&class->cold));
    stack_slab *slab = EDDYI_LIST_ITEM(class->cold.next, stack_slab, cold_link);
    uint16_t index = slab->cold_first;
    if (index != NONE) {
        slab->cold_first = slab->next_cold[index];
        slab->cold[index] = false;
    } else {
        index = slab->begun++;
        put_guard(slab, index);
        be_stack(slab, index);
    }
    if (slab->cold_first == NONE && slab->begun == class->per_slab)
        eddyi_list_remove(&slab->cold_link);
    eddyi_stack *stack = stack_of(slab, index);
    *stack = (eddyi_stack){.low = low_of(slab, index) + class->guard,
                           .slab = slab,
                           .index = index,
                           .unguarded = slab->unguarded[index]};
    return stack;
}

void eddyi_stack_take(eddy_task *task, const eddy_loop *loop)
{
    stack_class *class = task->slab->class;
    eddyi_list *link = eddyi_list_take(&class->warm);
    eddyi_stack *stack = link != NULL ? EDDYI_LIST_ITEM(link, eddyi_stack, link) : warm_up(class);
    class->warm_count -= link != NULL;
    stack->slab->used++;
    stack->annotation = eddyi_annotate_stack_begin(stack->low, eddyi_stack_size(stack));
    stack->cleared = (loop->held & EDDYI_HELD_BY_DEBUG) != 0;
    if (stack->cleared)
        eddyi_stack_clear(stack);
    if (stack->unguarded)
        memcpy(stack->low, &canary, sizeof canary);
    stack->deferred = NULL;
    stack->generator = NULL;
    stack->last_wait = NULL;
    stack->cancelled_in = NULL;
    stack->locks_held = 0;
    eddyi_stack_stand_on(task, stack);
}

void eddyi_stack_give(eddy_task *task)
{
    eddyi_stack *stack = task->stack;
    if (stack == NULL)
        return;
    stack_class *class = stack->slab->class;
    task->stack = NULL;
    eddyi_annotate_stack_end(stack->low, eddyi_stack_size(stack), stack->annotation);
    stack->slab->used--;
    class->warm_count++;
    eddyi_list_append(class->warm.next, &stack->link); /* before the first */
}

/* ---- trimming ---- */

static void cool_down(eddyi_stack *stack)
{
    stack_slab *slab = stack->slab;
    stack_class *class = slab->class;
    uint16_t index = stack->index;
    if (slab->cold_first == NONE && slab->begun == class->per_slab)
        eddyi_list_append(&class->cold, &slab->cold_link);
    slab->next_cold[index] = slab->cold_first;
    slab->cold_first = index;
    slab->cold[index] = true;
    eddyi_list_remove(&stack->link);
    class->warm_count--;
    eddyi_annotate_memory_end(low_of(slab, index), class->stride);
    eddyi_pages_discard(low_of(slab, index) + class->guard, class->stride - class->guard);
    be_stack(slab, index);
}

/* Slabs that nobody uses go first, then the memory of the stacks that were not used for longest. */
static void trim_class(eddy_loop *loop, stack_class *class)
{
    for (eddyi_list *link = class->slabs.previous;
         link != &class->slabs && class->free_block_count > WARM_STACKS;) {
        stack_slab *slab = EDDYI_LIST_ITEM(link, stack_slab, link);
        link = link->previous;
        if (slab->used == 0 && slab->blocks_used == 0)
            slab_release(loop, slab);
    }
    while (class->guard != 0 && class->warm_count > WARM_STACKS)
        cool_down(EDDYI_LIST_ITEM(class->warm.previous, eddyi_stack, link));
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
        if (class->free_block_count > WARM_STACKS)
            trim_class(loop, class);
    }
}
