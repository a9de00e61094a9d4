/* stack_needs.h: how much stack calls need, each measured in a process of its own (fault K4).
 * Touches the public API, processes and pipes. With --table the rows are printed for ci/stacks; else each must keep below its limit. */
#ifndef STACK_NEEDS_H
#define STACK_NEEDS_H

#include "support/support.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/platform.h"
#include "core/task/annotate.h"

typedef struct stack_need {
    const char *call;  /* as the table of docs/stacks.md has it */
    eddy_coro_fn body; /* run in a task of its own, twice; its argument is what `prepare` made */
    size_t limit;      /* bytes that it never needs more than, in no build but a sanitized one */
} stack_need;

/* What a whole program's rows share. */
typedef struct stack_needs {
    const stack_need *needs;
    size_t count;
    int (*prepare)(
        void **
            stage); /* in the main task, before the first row; what it made is there until the process ends */
} stack_needs;

static const stack_needs *stack_needs_chosen;

typedef struct stack_use {
    size_t first,
        later; /* the first time in a process symbols are looked up and libraries begin, all on the caller's stack */
    int result;
} stack_use;

typedef struct stack_measuring {
    const stack_need *need;
    void *stage;
    size_t used;
} stack_measuring;

static int stack_measure(void *arg)
{
    stack_measuring *self = arg;
    int rc = self->need->body(self->stage);
    self->used = eddy_task_stack_used(eddy_current_task(), NULL);
    return rc;
}

static int stack_measure_once(stack_measuring *self)
{
    eddy_task *task;
    int rc = eddy_create_task(&task, stack_measure, self,
                              EDDY_OPTIONS(eddy_task_options, .stack_size = (size_t)128 * 1024));
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc;
}

typedef struct stack_child {
    const stack_need *need;
    stack_use use;
} stack_child;

static int stack_child_main(void *arg)
{
    stack_child *child = arg;
    stack_measuring measuring = {.need = child->need};
    int rc = stack_needs_chosen->prepare(&measuring.stage);
    if (rc >= 0)
        rc = stack_measure_once(&measuring);
    child->use.first = measuring.used;
    if (rc >= 0)
        rc = stack_measure_once(&measuring);
    child->use.later = measuring.used;
    return rc;
}

static stack_use stack_measure_apart(const stack_need *need)
{
    stack_child measured = {.need = need, .use = {.result = EDDY_EPROTO}};
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
        measured.use.result = eddy_run(stack_child_main, &measured,
                                       EDDY_OPTIONS(eddy_run_options, .debug = true, .loop = &loop));
        ssize_t wrote = write(ends[1], &measured.use, sizeof measured.use);
        _exit(wrote == (ssize_t)sizeof measured.use ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &measured.use, sizeof measured.use) != (ssize_t)sizeof measured.use)
        measured.use.result = EDDY_EPIPE;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return measured.use;
}

static void fault_K4_calls_keep_below_the_stack_that_is_documented(void **state)
{
    int over = 0;
    (void)state;
    for (size_t i = 0; i < stack_needs_chosen->count; i++) {
        const stack_need *need = &stack_needs_chosen->needs[i];
        stack_use use = stack_measure_apart(need);
        size_t limit = need->limit + eddyi_context_room; /* a switch of ucontext has its state there */
        if (use.result < 0 || use.first > limit || use.first < use.later / 2 || use.later == 0) {
            print_error("%s: %s, %zu bytes, later %zu, limit %zu\n", need->call, eddy_error_name(use.result),
                        use.first, use.later, limit);
            over++;
        }
    }
    assert_int_equal(over, 0);
}

static int stack_print_table(void)
{
    for (size_t i = 0; i < stack_needs_chosen->count; i++) {
        const stack_need *need = &stack_needs_chosen->needs[i];
        stack_use use = stack_measure_apart(need);
        if (use.result < 0)
            return 1;
        printf("%s|%zu|%zu|%zu\n", need->call, use.first, use.later, need->limit);
    }
    return 0;
}

static int stack_needs_main(const char *name, const stack_needs *all, int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_K4_calls_keep_below_the_stack_that_is_documented)};
    stack_needs_chosen = all;
#if defined(EDDYI_ASAN) || defined(EDDYI_TSAN)
    print_message("skipped: a sanitizer's frames are of other sizes\n");
    return 0;
#endif
    if (argc > 1 && strcmp(argv[1], "--table") == 0)
        return stack_print_table();
    support_init(argc, argv);
    return _cmocka_run_group_tests(name, tests, sizeof tests / sizeof tests[0], NULL, NULL);
}

#endif
