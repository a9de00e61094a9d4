/* processes.h: what the suites of processes share: starting children, and this program as a child that tells about itself.
 * Touches the public API and cmocka. Children are the shell, small tools, or this program. */
#ifndef PROCESSES_H
#define PROCESSES_H

#include "support/results.h"
#include "support/support.h"

#define NEEDS_PROCESSES()                                                                                    \
    do {                                                                                                     \
        (void)arg;                                                                                           \
        if (support_is_simulated())                                                                          \
            return support_skip("it reaches no processes");                                                  \
    } while (0)

/* An emulator starts programs of the machine only, not of its own kind: then this program cannot be a child. */
#define NEEDS_ITSELF_AS_CHILD()                                                                              \
    NEEDS_PROCESSES();                                                                                       \
    if (!process_runs_itself())                                                                              \
    return support_skip("this program cannot be started by itself")

/* By how much children are dearer in this build: sanitizers fork all of their tables. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { PROCESSES_SLOWER = 10 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { PROCESSES_SLOWER = 10 };
#else
enum { PROCESSES_SLOWER = EDDY_TEST_SLOWER };
#endif
#else
enum { PROCESSES_SLOWER = EDDY_TEST_SLOWER };
#endif

#define CHILD_ARGUMENT "--child"
int process_child(void);        /* main of this program as a child: prints what it was given, a line each */
const char *process_self(void); /* this program's path */
bool process_runs_itself(void);

eddy_process *shell(const char *command, const eddy_process_options *options);
int ending(eddy_process *process); /* wait, and what it ended with */
/* Run this program as a child with these options, standard output a pipe, and keep what it says. */
const char *child_report(const eddy_process_options *options);
/* The line of the report that begins with `name`, without that; "?" when there is none. */
const char *reported(const char *report, const char *name);
bool there_is_no_child(void); /* of this process, running or not */

#endif
