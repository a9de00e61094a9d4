/* allocators.c: allocators of the user that break their promises, and whether each block goes back to where it came from (fault M6).
 * Touches the public API only. Each block of a test carries its owner and how far it was shifted. */
#include <stdatomic.h>
#include <stdio.h>

#include "support/support.h"

enum { HEADER = 32, FILL = 0xa5 };

typedef struct source {
    eddy_allocator allocator; /* first; context points back here */
    size_t shift;             /* added to each block's address */
    bool only_reallocate;     /* ... that reallocate gives */
    bool empty;               /* gives nothing */
    bool never_smaller;       /* reallocate gives nothing for a size that is not larger */
    bool only_shifted;        /* allocate gives nothing */
    atomic_long live, strangers, calls;
} source;

typedef struct header {
    source *owner;
    size_t size, shift;
} header;

_Static_assert(sizeof(header) <= HEADER, "a header fits before its block");

static header read_header(const void *block)
{
    header h;
    memcpy(&h, (const char *)block - HEADER, sizeof h);
    return h;
}

static void *give(source *self, size_t size, size_t shift)
{
    atomic_fetch_add(&self->calls, 1);
    char *base = self->empty ? NULL : malloc(HEADER + shift + size);
    if (base == NULL)
        return NULL;
    header h = {.owner = self, .size = size, .shift = shift};
    memcpy(base + shift, &h, sizeof h);
    memset(base + HEADER + shift, FILL, size);
    atomic_fetch_add(&self->live, 1);
    return base + HEADER + shift;
}

static void *source_allocate(void *context, size_t size)
{
    source *self = context;
    if (self->only_shifted)
        return NULL;
    return give(self, size, self->only_reallocate ? 0 : self->shift);
}

static void source_release(void *context, void *block)
{
    source *self = context;
    if (block == NULL)
        return;
    header h = read_header(block);
    if (h.owner != self) {
        atomic_fetch_add(&self->strangers, 1);
        return;
    }
    atomic_fetch_sub(&self->live, 1);
    memset(block, FILL, h.size);
    free((char *)block - h.shift - HEADER);
}

static void *source_reallocate(void *context, void *block, size_t size)
{
    source *self = context;
    if (self->never_smaller && block != NULL && size <= read_header(block).size)
        return NULL;
    void *moved = give(self, size, self->shift);
    if (moved != NULL && block != NULL) {
        header h = read_header(block);
        memcpy(moved, block, h.size < size ? h.size : size);
        source_release(self, block);
    }
    return moved;
}

static void source_init(source *self)
{
    memset(self, 0, sizeof *self);
    self->allocator = (eddy_allocator){source_allocate, source_reallocate, source_release, self};
}

/* ---- a bit of everything ---- */

static int echo(eddy_stream *stream, void *arg)
{
    eddy_view line;
    (void)arg;
    ptrdiff_t got = eddy_stream_readline(stream, &line);
    return got > 0 ? eddy_stream_write(stream, line.data, line.size) : (int)got;
}

static int talk(void)
{
    eddy_server *server;
    eddy_stream *stream;
    char text[16];
    static char line[5000];
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL, NULL);
    if (rc < 0)
        return rc;
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    snprintf(text, sizeof text, "%d", eddy_server_port(server, 0));
    rc = eddy_open_connection(&stream, "127.0.0.1", text, NULL);
    if (rc == 0) {
        rc = eddy_stream_write(stream, line, sizeof line);
        if (rc == 0)
            rc = (int)eddy_stream_readexactly(stream, line, sizeof line);
        eddy_stream_release(stream);
    }
    eddy_server_close(server);
    if (rc >= 0)
        rc = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc < 0 ? rc : 0;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int fill_a_queue(void)
{
    eddy_queue *queue;
    static char items[100];
    void *got;
    int rc = eddy_queue_create(&queue, NULL);
    if (rc < 0)
        return rc;
    for (int i = 0; rc == 0 && i < 100; i++)
        rc = eddy_queue_put_nowait(queue, &items[i]);
    for (int i = 0; rc == 0 && i < 100; i++) {
        rc = eddy_queue_get_nowait(queue, &got);
        if (rc == 0 && got != &items[i])
            rc = EDDY_EPROTO;
    }
    eddy_queue_release(queue);
    return rc;
}

static int everything(void *arg)
{
    eddy_task *task;
    int rc = eddy_create_task(&task, nothing, arg, EDDY_OPTIONS(eddy_task_options, .name = "named"));
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    if (rc == 0)
        rc = fill_a_queue();
    if (rc == 0)
        rc = eddy_to_thread(nothing, arg, NULL);
    return rc == 0 ? talk() : rc;
}

static int run_on(const eddy_allocator *of_loop)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend(), .allocator = of_loop};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    return eddy_run(everything, NULL, &options);
}

static source process, of_loop;

static void must_be_empty(source *self)
{
    assert_int_equal(atomic_load(&self->live), 0);
    assert_int_equal(atomic_load(&self->strangers), 0);
}

static int prepare(void **state)
{
    (void)state;
    source_init(&process);
    source_init(&of_loop);
    return eddy_set_allocator(&process.allocator);
}

static int put_back(void **state)
{
    (void)state;
    return eddy_set_allocator(NULL);
}

/* ---- the tests ---- */

static void fault_M6_each_block_goes_back_to_the_allocator_that_gave_it(void **state)
{
    (void)state;
    assert_int_equal(run_on(&of_loop.allocator), 0);
    assert_true(atomic_load(&of_loop.calls) > 10);
    assert_true(atomic_load(&process.calls) > 0);
    must_be_empty(&process);
    must_be_empty(&of_loop);
}

static void fault_M6_misaligned_memory_is_no_memory(void **state)
{
    (void)state;
    for (of_loop.shift = 1; of_loop.shift < 16; of_loop.shift += of_loop.shift) {
        assert_int_equal(run_on(&of_loop.allocator), EDDY_ENOMEM);
        must_be_empty(&of_loop);
    }
    process.shift = 8;
    assert_int_equal(run_on(NULL), EDDY_ENOMEM);
    must_be_empty(&process);
}

static void fault_M6_memory_that_becomes_misaligned_is_moved(void **state)
{
    (void)state;
    of_loop.shift = 4;
    of_loop.only_reallocate = true;
    assert_int_equal(run_on(&of_loop.allocator), 0);
    must_be_empty(&of_loop);
}

/* A queue grows into memory that cannot be used, and there is no other: it loses nothing. */
static int grow_without_aligned_memory(void *arg)
{
    enum { FIRST = 32, ALL = 60 };
    static char items[ALL];
    void *got;
    eddy_queue *queue, *empty;
    source *self = arg;
    assert_int_equal(eddy_queue_create(&queue, NULL), 0);
    assert_int_equal(eddy_queue_create(&empty, NULL), 0);
    for (int i = 0; i < FIRST; i++)
        assert_int_equal(eddy_queue_put_nowait(queue, &items[i]), 0);
    self->shift = 4;
    self->only_shifted = true;
    for (int i = FIRST; i < ALL; i++)
        assert_int_equal(eddy_queue_put_nowait(queue, &items[i]), 0);
    assert_int_equal(eddy_queue_put_nowait(empty, arg), EDDY_ENOMEM); /* there is nothing to lose */
    self->only_shifted = false;
    self->shift = 0;
    for (int i = 0; i < ALL; i++) {
        assert_int_equal(eddy_queue_get_nowait(queue, &got), 0);
        assert_ptr_equal(got, &items[i]);
    }
    eddy_queue_release(queue);
    eddy_queue_release(empty);
    return 0;
}

static void fault_M6_memory_that_cannot_be_moved_keeps_what_it_held(void **state)
{
    eddy_loop_options loop = {
        .size = sizeof loop, .backend = support_backend(), .allocator = &of_loop.allocator};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    (void)state;
    assert_int_equal(eddy_run(grow_without_aligned_memory, &of_loop, &options), 0);
    must_be_empty(&of_loop);
}

/* Nothing is asked for in vain: a block that cannot become smaller is no failure. */
static void fault_M6_allocator_that_cannot_shrink_serves_all_the_same(void **state)
{
    (void)state;
    of_loop.never_smaller = process.never_smaller = true;
    assert_int_equal(run_on(&of_loop.allocator), 0);
    must_be_empty(&process);
    must_be_empty(&of_loop);
}

static eddy_context_var var = EDDY_CONTEXT_VAR("of the program", NULL);

static int keep_a_context(void *out)
{
    int rc = eddy_context_var_set(&var, NULL, out);
    return rc < 0 ? rc : eddy_copy_context(out);
}

/* What outlives loops is released when the process has another allocator already. */
static void fault_M6_what_is_released_late_goes_back_to_the_allocator_that_gave_it(void **state)
{
    eddy_runner *unused;
    eddy_queue *queue;
    eddy_executor *executor;
    eddy_context *context;
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    (void)state;
    assert_int_equal(eddy_run(keep_a_context, &context, EDDY_OPTIONS(eddy_run_options, .loop = &loop)), 0);
    assert_int_equal(eddy_runner_create(&unused, NULL), 0);
    assert_int_equal(eddy_queue_create(&queue, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddy_queue_put_nowait(queue, queue), 0);
    assert_int_equal(eddy_thread_pool_create(&executor, NULL), 0);
    long before = atomic_load(&process.live);
    assert_true(before >= 5);
    assert_int_equal(eddy_set_allocator(&of_loop.allocator), 0);
    assert_int_equal(eddy_queue_put_nowait(queue, queue), 0);
    assert_int_equal(eddy_runner_close(unused), 0);
    eddy_queue_release(queue);
    eddy_executor_release(executor);
    eddy_context_release(context);
    must_be_empty(&process);
    must_be_empty(&of_loop);
    assert_int_equal(atomic_load(&of_loop.calls), 0);
}

static void fault_M6_allocator_that_gives_nothing_is_out_of_memory(void **state)
{
    (void)state;
    of_loop.empty = true;
    assert_int_equal(run_on(&of_loop.allocator), EDDY_ENOMEM);
    process.empty = true;
    assert_int_equal(run_on(NULL), EDDY_ENOMEM);
}

static void fault_M6_incomplete_allocator_is_refused(void **state)
{
    eddy_allocator allocator = process.allocator;
    (void)state;
    allocator.release = NULL;
    assert_int_equal(eddy_set_allocator(&allocator), EDDY_EINVAL);
    eddy_loop *loop;
    eddy_loop_options options = {.size = sizeof options, .allocator = &allocator};
    assert_int_equal(eddy_new_event_loop(&loop, &options), EDDY_EINVAL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fault_M6_each_block_goes_back_to_the_allocator_that_gave_it, prepare,
                                        put_back),
        cmocka_unit_test_setup_teardown(fault_M6_misaligned_memory_is_no_memory, prepare, put_back),
        cmocka_unit_test_setup_teardown(fault_M6_memory_that_becomes_misaligned_is_moved, prepare, put_back),
        cmocka_unit_test_setup_teardown(fault_M6_memory_that_cannot_be_moved_keeps_what_it_held, prepare,
                                        put_back),
        cmocka_unit_test_setup_teardown(fault_M6_allocator_that_cannot_shrink_serves_all_the_same, prepare,
                                        put_back),
        cmocka_unit_test_setup_teardown(
            fault_M6_what_is_released_late_goes_back_to_the_allocator_that_gave_it, prepare, put_back),
        cmocka_unit_test_setup_teardown(fault_M6_allocator_that_gives_nothing_is_out_of_memory, prepare,
                                        put_back),
        cmocka_unit_test_setup_teardown(fault_M6_incomplete_allocator_is_refused, prepare, put_back),
    };
    support_init(argc, argv);
    return cmocka_run_group_tests_name("allocators", tests, NULL, NULL);
}
