/* session.h: inputs, run one after the other as tasks of one loop.
 * Touches the seam of compilers. What one input declares all later ones know. */
#ifndef EDDY_TOOL_SESSION_H
#define EDDY_TOOL_SESSION_H

#include <stdbool.h>

#include <eddy.h>

#include "compiler.h"
#include "prompt.h"
#include "unit.h"

typedef struct session {
    const compiler_type *type;
    compiler *with;
    known known;
    eddy_context *context; /* of all inputs: variables that one sets are set for the next */
    eddy_task *current;    /* what an interrupt cancels: the line that is typed, or the input that runs */
    eddy_event turn;       /* that has ended, or was given up */
    bool interrupted;      /* since it began */
    bool may_give_up;      /* it is an input: a second interrupt leaves it alone */
} session;

/* In a task. type, with: opened, and the session's from now on. */
int session_open(session *out, const compiler_type *type, compiler *with);
void session_close(session *in);

/* Run fn(arg) as a task until it ends or is interrupted twice, if it may be. What it came to; EDDY_EINTERRUPTED. release(arg), if any, is called once. */
int session_do(session *in, eddy_coro_fn fn, void *arg, eddy_callback_fn release);

/* Run one input. file, line: how messages name its first line. 0, or EDDY_EINTERRUPTED, EDDY_ENOMEM. */
int session_run(session *in, const char *input, const char *file, unsigned line);

#endif
