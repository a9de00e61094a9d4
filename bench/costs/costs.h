/* costs.h: what all programs of this work are: so many times one work, in one variant, and nothing else.
 * Touches the public API. Called by costs_load, which counts the instructions. Variants: `plain`; `hooks`, a table of functions that do nothing;
 * `debug`, debug mode. */
#ifndef BENCH_COSTS_H
#define BENCH_COSTS_H

#include "works.h"

enum { COSTS_NOT_HERE = 77 }; /* the library has no such variant */

static inline void costs_task(const eddy_hooks *self, eddy_loop *loop, eddy_task *task)
{
    (void)self;
    (void)loop;
    (void)task;
}

static inline void costs_ended(const eddy_hooks *self, eddy_loop *loop, eddy_task *task, int result)
{
    (void)result;
    costs_task(self, loop, task);
}

static inline void costs_submitted(const eddy_hooks *self, eddy_loop *loop, const eddy_operation *operation)
{
    (void)self;
    (void)loop;
    (void)operation;
}

static inline void costs_completed(const eddy_hooks *self, eddy_loop *loop, const eddy_operation *operation,
                                   int64_t result)
{
    (void)result;
    costs_submitted(self, loop, operation);
}

static inline void costs_callback(const eddy_hooks *self, eddy_loop *loop, eddy_callback_fn fn)
{
    (void)self;
    (void)loop;
    (void)fn;
}

static const eddy_hooks costs_hooks = {.size = sizeof costs_hooks,
                                       .task_created = costs_task,
                                       .task_switched_in = costs_task,
                                       .task_switched_out = costs_task,
                                       .task_ended = costs_ended,
                                       .operation_submitted = costs_submitted,
                                       .operation_completed = costs_completed,
                                       .callback_began = costs_callback,
                                       .callback_ended = costs_callback};

/* PROGRAM COUNT WORK VARIANT */
static inline int costs_main(int argc, char **argv, bool has_variants)
{
    eddy_run_options options = {.size = sizeof options};
    wanted = bench_size(argc, argv);
    if (argc != 4)
        bench_fail(argv[0], "needs a count, a work and a variant");
    bool hooks = strcmp(argv[3], "hooks") == 0, debug = strcmp(argv[3], "debug") == 0;
    if ((hooks || debug) && !has_variants)
        return COSTS_NOT_HERE;
    if (hooks)
        bench_check_eddy(eddy_set_hooks(&costs_hooks), "eddy_set_hooks");
    options.debug = debug;
    for (size_t i = 0; i < sizeof cost_works / sizeof cost_works[0]; i++) {
        if (strcmp(cost_works[i].name, argv[2]) == 0) {
            bench_check_eddy(eddy_run(cost_works[i].run, NULL, &options), argv[2]);
            return 0;
        }
    }
    bench_fail(argv[2], "is no work");
    return 1;
}

#endif
