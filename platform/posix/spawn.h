/* spawn.h: what the parent's half of spawning hands to the child's half.
 * Touches signal sets. The child may share the parent's memory: it writes to its own stack and to the report only. */
#ifndef EDDYI_SPAWN_H
#define EDDYI_SPAWN_H

#include <signal.h>

#include "core/platform.h"

enum eddyi_step {
    EDDYI_STEP_DUP2,
    EDDYI_STEP_PASS_FDS,
    EDDYI_STEP_SETSID,
    EDDYI_STEP_SETPGID,
    EDDYI_STEP_CHDIR,
    EDDYI_STEP_SETGROUPS,
    EDDYI_STEP_SETGID,
    EDDYI_STEP_SETUID,
    EDDYI_STEP_EXEC
};

typedef struct eddyi_report { /* what a child that could not writes before it ends */
    int step;                 /* enum eddyi_step */
    int os_error;
} eddyi_report;

typedef struct eddyi_birth {
    const eddyi_spawn *what;
    char *const *environment;
    const char *candidates; /* paths to be tried, one behind the other; an empty one ends them */
    int report;             /* where the report goes; closed by exec */
    sigset_t mask;          /* of the parent, before all was blocked */
} eddyi_birth;

/* The child's half: async-signal-safe from its first to its last line. Never returns. */
int eddyi_child_begin(void *birth);

/* Make the child; it calls eddyi_child_begin. `stack` is its own, should it share our memory. Returns its number or -1 with errno. */
int eddyi_child_start(eddyi_birth *birth, void *stack, size_t size);

/* Every descriptor from 3 on is closed by exec. Async-signal-safe. */
void eddyi_close_on_exec_from_3(void);

/* The descriptor of eddyi_child, or -1 where there is no such thing; < -1: an error. */
int eddyi_child_open(int pid);
int eddyi_child_signal_by(int descriptor, int number); /* -1 with errno, ENOSYS: not this way */

#endif
