/* support.c: run a body on the backend under test and compare what is there before and after.
 * Touches the allocator seam: blocks are counted with a header of their own. */
#include "support.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "core/loop/loop.h"
#include "core/task/annotate.h"

#ifdef EDDYI_TSAN
/* TSan sees what a library that is not instrumented frees and copies, by its interceptors, but not the atomics that order
 * it: OpenSSL counts the owners of a session that two connections share, and the last one frees what the other had read. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "ignore_noninstrumented_modules=1";
}
#endif

static const char *backend;
static atomic_long live_blocks;
static bool calls_fail;

static void *count_allocate(void *context, size_t size)
{
    void *block = malloc(size != 0 ? size : 1);
    (void)context;
    if (block != NULL)
        atomic_fetch_add(&live_blocks, 1);
    return block;
}

static void *count_reallocate(void *context, void *block, size_t size)
{
    if (block == NULL)
        return count_allocate(context, size);
    return realloc(block, size != 0 ? size : 1);
}

static void count_release(void *context, void *block)
{
    (void)context;
    if (block != NULL)
        atomic_fetch_sub(&live_blocks, 1);
    free(block);
}

int support_probe(const char *name)
{
    for (size_t i = 0; eddyi_backends[i] != NULL; i++)
        if (strcmp(eddyi_backends[i]->name, name) == 0)
            return eddyi_backends[i]->probe();
    return 0;
}

static void leave_without_backend(void)
{
    enum { SKIPPED = 77 };
    int rc = backend != NULL ? support_probe(backend) : 0;
    if (rc < 0) {
        printf("skipped: no %s on this machine: %s\n", backend, eddy_strerror(rc));
        exit(SKIPPED);
    }
}

void support_init(int argc, char **argv)
{
    eddy_allocator allocator = {count_allocate, count_reallocate, count_release, NULL};
    static char kept[32]; /* tests change the environment */
    const char *given = argc > 1 ? argv[1] : getenv("EDDY_BACKEND");
    if (given != NULL) {
        snprintf(kept, sizeof kept, "%s", given);
        backend = kept;
    }
    if (eddy_set_allocator(&allocator) < 0)
        abort();
    leave_without_backend();
    support_hear_all_signals();
}

const char *support_backend(void)
{
    return backend;
}

bool support_is_simulated(void)
{
    return backend != NULL && strcmp(backend, "sim") == 0;
}

static bool has_capability(uint32_t capability)
{
    for (size_t i = 0; eddyi_backends[i] != NULL; i++)
        if (backend == NULL || strcmp(eddyi_backends[i]->name, backend) == 0)
            return (eddyi_backends[i]->caps & capability) != 0;
    return false;
}

bool support_tries_first(void)
{
    return has_capability(EDDYI_CAP_TRY_FIRST);
}

bool support_cancels_in_place(void)
{
    return has_capability(EDDYI_CAP_IN_PLACE);
}

long support_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

/* A name lookup that was abandoned ends in a thread of its own, after the loop is gone; what it holds goes with it. */
static void wait_for_abandoned_work(long blocks, int descriptors)
{
    uint64_t limit = eddyi_clock_now() + (calls_fail ? UINT64_C(5000000000) : UINT64_C(20000000000));
    while ((support_live_blocks() != blocks || support_open_descriptors() != descriptors) &&
           eddyi_clock_now() < limit)
        eddyi_thread_yield();
}

void support_leave_child(int status)
{
#ifdef EDDY_VALGRIND
    if (RUNNING_ON_VALGRIND) /* which does not follow into the program */
        (void)execl("/bin/sh", "sh", "-c", status == 0 ? "exit 0" : "exit 1", (char *)NULL);
#endif
    _exit(status);
}

void support_let_others_run(void)
{
    uint64_t limit = eddyi_clock_now() + UINT64_C(2000000);
    for (int i = 0; i < 1000 && eddyi_clock_now() < limit; i++)
        eddyi_thread_yield();
}

void support_turn_the_loop(void)
{
    for (int i = 0; i < 5; i++)
        assert_int_equal(eddy_sleep(0), 0);
}

void support_expect_failing_calls(void)
{
    calls_fail = true;
}

bool support_calls_fail(void)
{
    return calls_fail;
}

void support_expect_unchanged(long blocks, int descriptors)
{
    wait_for_abandoned_work(blocks, descriptors);
    if (calls_fail && (support_live_blocks() != blocks || support_open_descriptors() != descriptors)) {
        fprintf(stderr, "left behind: %ld blocks, %d descriptors\n", support_live_blocks() - blocks,
                support_open_descriptors() - descriptors);
        _exit(SUPPORT_LEFT_BEHIND);
    }
    assert_int_equal(support_open_descriptors(), descriptors);
    assert_int_equal(support_live_blocks(), blocks);
}

/* How long a step takes is the machine's choice, and no test's but that of slow steps. */
#define ANY_TIME 1e6

typedef struct running {
    eddy_coro_fn body;
    void *arg;
    bool begun, ended;
} running;

static int run_body(void *arg)
{
    running *self = arg;
    self->begun = true;
    (void)eddy_loop_set_slow_callback_duration(eddy_get_running_loop(), ANY_TIME);
    int rc = self->body(self->arg);
    self->ended = true;
    return rc;
}

int support_run(eddy_coro_fn body, void *arg)
{
    running self = {.body = body, .arg = arg};
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    eddy_loop_options loop = {.size = sizeof loop, .backend = backend};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    eddyi_running_loop = NULL; /* a failed test before this one left its loop behind */
    int rc = eddy_run(run_body, &self, &options);
    if (!calls_fail || self.ended || !self.begun) /* a body that was cut off could give nothing back */
        support_expect_unchanged(blocks, descriptors);
    return rc;
}

void support_run_test(eddy_coro_fn body)
{
    int rc = support_run(body, NULL);
    if (rc != 0)
        fail_msg("the test's main task came to %s", rc < 0 ? eddy_error_name(rc) : "a result");
}

/* ---- reports ---- */

static int report_count;
static int report_code;
static char report_message[192];

static void catch_report(eddy_loop *loop, const eddy_exception_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    report_count++;
    report_code = context->exception;
    snprintf(report_message, sizeof report_message, "%s", context->message);
}

void support_catch_reports(void)
{
    report_count = 0;
    report_code = 0;
    report_message[0] = '\0';
    (void)eddy_loop_set_exception_handler(eddy_get_running_loop(), catch_report, NULL);
    (void)eddy_loop_set_slow_callback_duration(eddy_get_running_loop(), ANY_TIME);
}

int support_reports(void)
{
    return report_count;
}

const char *support_last_message(void)
{
    return report_message;
}

int support_last_code(void)
{
    return report_code;
}
