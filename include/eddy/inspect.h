/* inspect.h: the inside view of a program: the stacks of its tasks, and who waits for whom.
 * asyncio's call graph. It costs nothing until it is asked for; a picture shows the moment in which it was taken. */
#ifndef EDDY_INSPECT_H
#define EDDY_INSPECT_H

#include <stdio.h>

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

enum { EDDY_FRAME_NAME_MAX = 64, EDDY_FRAME_FILE_MAX = 128 };

/* One call on a stack. What is not known is empty; names that are too long keep their ends. Files and lines need debug information and a
 * library that reads it (libdw); without it exported functions are known by name. */
typedef struct eddy_frame {
    const void *address; /* where it goes on */
    char function[EDDY_FRAME_NAME_MAX];
    char file[EDDY_FRAME_FILE_MAX];   /* of the source */
    char object[EDDY_FRAME_NAME_MAX]; /* the program or library */
    size_t offset;                    /* from the beginning of the function, else of the object */
    unsigned line;                    /* 0: not known */
} eddy_frame;

/**
 * The stack of a task that has not ended, running or not: outermost call first. A task that has not begun has one frame, its function.
 *
 * eddy's own frames below the call that waits, and outside the task's function, are left out. A stack deeper than 1024 frames is cut.
 *
 * asyncio   Task.get_stack
 * takes     out: room for `capacity` frames; may be NULL with 0; limit: 0 for all, else only so many of the innermost
 * returns   how many there are, also when more than capacity; 0 for a task that has ended, and where stacks cannot be read
 * errors    EDDY_EINVAL · EDDY_EWRONGTHREAD its loop runs in another thread · EDDY_ENOMEM
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_get_stack(eddy_task *task, eddy_frame *out, size_t capacity, unsigned limit);

/**
 * Write the stack of a task, outermost call first.
 *
 * asyncio   Task.print_stack
 * takes     limit: as in eddy_task_get_stack; file: NULL is standard error
 * errors    as eddy_task_get_stack
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_task_print_stack(eddy_task *task, unsigned limit, FILE *file);

typedef struct eddy_call_graph eddy_call_graph;

/* A task or future, its stack, and who waits for it: a node of a graph, in which each task stands once. */
struct eddy_call_graph {
    eddy_future *future;          /* kept alive until the graph is released */
    eddy_task *task;              /* the same when it is a task, else NULL */
    const eddy_frame *call_stack; /* innermost call first */
    size_t call_stack_count;
    const eddy_call_graph *const *awaited_by;
    size_t awaited_by_count;
};

typedef struct eddy_call_graph_options {
    size_t size;
    unsigned
        depth; /* of the running task: so many calls above the caller are left out. asyncio's depth without the 1 for its own */
    int limit; /* of each stack: so many of the outermost calls, or, below 0, of the innermost ones; 0: all */
    bool no_stacks;
} eddy_call_graph_options;

EDDY_API void eddy_call_graph_options_init(eddy_call_graph_options *options);

/**
 * Take a picture of a future or task, and of all who wait for it, directly or not: by await, shield, gather, wait, as_completed, and as the parent of
 * its task group; or because eddy_future_add_to_awaited_by said so.
 *
 * asyncio   capture_call_graph
 * takes     future: NULL for the current task; options: NULL for the defaults
 * returns   0 and the node of that future in *out, which eddy_call_graph_release gives back; NULL there if no task runs
 * errors    EDDY_ENOLOOP no future was given and no loop runs · EDDY_EWRONGTHREAD its loop runs in another thread · EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_capture_call_graph(eddy_call_graph **out, eddy_future *future,
                                                const eddy_call_graph_options *options);

/**
 * Give a captured graph back: the node that was captured, and with it all others. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_call_graph_release(eddy_call_graph *graph);

/**
 * A captured graph as text. Each task is written once; where it comes again a line refers to it, and says so if that is a cycle.
 *
 * asyncio   format_call_graph
 * takes     buffer: room for `size` bytes, always ended with a zero byte if there is any; may be NULL with 0; future, options: as in
 *           eddy_capture_call_graph
 * returns   the length of the whole text; 0 if no task runs
 * errors    as eddy_capture_call_graph
 * thread    the loop's
 * since     0.1
 */
EDDY_API ptrdiff_t eddy_format_call_graph(char *buffer, size_t size, eddy_future *future,
                                          const eddy_call_graph_options *options);

/**
 * Write that text to a file.
 *
 * asyncio   print_call_graph
 * takes     future, options: as in eddy_capture_call_graph; file: NULL is standard output
 * returns   0
 * errors    as eddy_capture_call_graph · EDDY_EIO
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_print_call_graph(eddy_future *future, FILE *file, const eddy_call_graph_options *options);

/**
 * Say that `waiter` waits for `future` in a way that eddy cannot see, for the call graph and the report of deadlocks. For those who build futures that
 * follow others. It is forgotten when the future is done.
 *
 * asyncio   future_add_to_awaited_by
 * takes     both: kept alive until it is taken back or the future is done
 * returns   0; also when the future is done, and nothing is noted
 * errors    EDDY_EWRONGLOOP · EDDY_ENOMEM · EDDY_ECLOSED · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_future_add_to_awaited_by(eddy_future *future, eddy_future *waiter);

/**
 * Take one of them back.
 *
 * asyncio   future_discard_from_awaited_by
 * returns   1 when there was one, else 0
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_discard_from_awaited_by(eddy_future *future, eddy_future *waiter);

/**
 * Write what the tasks of the loop that runs in this thread are at, a line each: number, name, state, address of the function. May be called by a signal
 * handler, whatever the signal interrupted: a program that is stuck in a step can say in which one. Other threads' loops are theirs to tell: send the
 * signal there. What was being made or ended at that moment may be missing; 1000 tasks at most are told.
 *
 * takes     to: a descriptor that is written to; it may block
 * returns   0
 * errors    EDDY_ENOLOOP none runs in this thread · EDDY_EIO it could not be written
 * thread    any; a signal handler too
 * since     0.1
 */
EDDY_API int eddy_dump_tasks(eddy_fd to);

EDDY_END

#endif
