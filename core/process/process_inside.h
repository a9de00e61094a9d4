/* process_inside.h: the inside of a process, shared by the files of core/process.
 * Touches the stream's inside. A process lives until its end is known and nobody refers to it; until then it is never signalled by number
 * after it was reaped, for only its loop's thread reaps it. */
#ifndef EDDYI_PROCESS_INSIDE_H
#define EDDYI_PROCESS_INSIDE_H

#include <eddy/process.h>
#include "core/net/stream_inside.h"

enum { EDDYI_REAPED_ELSEWHERE = 255 }; /* J7 */

struct eddyi_child_thread;
struct eddy_subprocess_transport;

struct eddy_process {
    eddyi_closable closable;
    eddy_loop *loop;
    uint32_t references;
    eddyi_child child;
    bool ended;
    bool communicating;
    int returncode;
    eddyi_list waiters;
    struct eddy_subprocess_transport *transport; /* looks at its end; NULL: there is none */
    eddyi_node lost;         /* queued: that somebody else reaped it is to be reported; holds a reference */
    eddy_stream *streams[3]; /* ends of pipes here; NULL: none */
    eddyi_bytes outputs[3];  /* of communicate */

    /* How its end is noticed: an op on the child's descriptor, or a thread. */
    eddyi_descriptor descriptor;
    eddyi_op op;
    eddyi_completion completion;
    struct eddyi_child_thread *thread;
};

/* Who gets our ends of a child's pipes, before there is a child. On failure the descriptor stays the caller's. */
typedef struct eddyi_pipe_taker {
    int (*take)(struct eddyi_pipe_taker *, eddy_loop *, int index, eddy_fd fd,
                const eddyi_channel_settings *);
    eddy_subprocess_stdio usual; /* what EDDY_SUBPROCESS_DEFAULT means */
} eddyi_pipe_taker;

/* create.c */
/* All but the child: whether the call makes sense, in a running task; then one iteration. EDDY_ECANCELED comes here, while there is no child that
 * it could orphan (B9). */
int eddyi_process_prepare(const char *const *argv, const eddy_process_options *options);
int eddyi_process_create(eddy_loop *, eddy_process **out, const char *const *argv,
                         const eddy_process_options *options, eddyi_pipe_taker *);

/* subprocess_transport.c */
void eddyi_subprocess_look(
    struct eddy_subprocess_transport *); /* something has ended; told through the queue */

/* exit.c */
int eddyi_process_watch(eddy_process *); /* on failure the child is still to be ended */
void eddyi_process_shut(eddyi_closable *);

/* process.c */
void eddyi_process_ended(eddy_process *, int returncode); /* its end is known: tell everybody */
void eddyi_process_lost(eddyi_node *);
void eddyi_process_free(eddy_process *);

#endif
