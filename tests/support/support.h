/* support.h: what every test of tasks needs: run a body on the backend under test, and find what it left behind.
 * Touches the public API, cmocka and the injection table. After each run memory and descriptors are as before. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <eddy.h>

/* Call once at the start of main: the counting allocator, the backend by argument or EDDY_BACKEND, and no signal is ignored or
 * blocked because whoever started us wanted that: a shell's background jobs do not hear SIGINT, and so a runner lets it be. */
void support_init(int argc, char **argv);
const char *support_backend(void); /* NULL: the build's default */
/* 0, or why the machine lacks a backend that was built, or forbids it: an old kernel, an emulator, a container. support_init ends a program
 * that is to test such a one. */
int support_probe(const char *name);
bool support_is_simulated(void);
bool support_tries_first(void);      /* EDDYI_CAP_TRY_FIRST: what was just submitted has not begun */
bool support_cancels_in_place(void); /* EDDYI_CAP_IN_PLACE: what is pending has not begun */

long support_live_blocks(void);     /* allocated and not released, by eddy */
int support_open_descriptors(void); /* -1 where that cannot be counted */
/* What not every system has or tells; docs/platforms.md says which. Simulated ones have it all. */
enum support_feature {
    SUPPORT_RESETS,            /* a connection that is aborted ends by a reset */
    SUPPORT_REFUSED_DATAGRAMS, /* who sends to a closed port is told */
    SUPPORT_SHARED_PORTS,      /* of several listeners */
    SUPPORT_LOCAL_DATAGRAMS,   /* local sockets, for which a sender waits while its peer is full */
    SUPPORT_SENDS_FILES,       /* by an op of the backend's, which may refuse */
    SUPPORT_READS_PIPES,       /* by an op of the backend's */
    SUPPORT_INTERRUPTS,        /* a signal interrupts the call that a thread is in */
    SUPPORT_TERMINALS,         /* in pairs, as POSIX has them */
    SUPPORT_TELLS_BLOCKING     /* whether a socket blocks can be asked */
};
bool support_has(enum support_feature feature);
void support_hear_all_signals(void); /* what support_init does about them */
bool support_thread_name(char *name,
                         size_t size); /* of the calling thread; false: the system does not tell */

/* Run the body as main task; fail the test if memory or descriptors are not as before. Returns what it came to. */
int support_run(eddy_coro_fn body, void *arg);
/* The same for a test: the body must return 0. */
void support_run_test(eddy_coro_fn body);

/* Calls are being made to fail, in a process that was forked for it: a test that ends by an assertion has met an error that it did not
 * expect, which is lawful there; but a run that came to its end and left something behind ends the process with that status. */
enum { SUPPORT_LEFT_BEHIND = 79 };
void support_expect_failing_calls(void);
bool support_calls_fail(void);
/* Memory and descriptors must be as they were; what an abandoned thread still holds is waited for. */
void support_expect_unchanged(long blocks, int descriptors);

/* End a forked child that gave its parent's loop up, with that status: under Valgrind without a look at the memory that went with it. */
_Noreturn void support_leave_child(int status);

/* Run a program to its end, with nothing to read and nowhere to write; what it ended with, > 0 too when it crashed. < 0: it could not be started.
 * An emulator that cannot start programs of its own kind may know how to copy this one: then the copy ends with what as_copy() returns. */
int support_run_program(const char *const *arguments, int (*as_copy)(const char *const *arguments));

/* Let other threads do what they must not do, or fall asleep: many turns, or fewer that take long on a machine with much to do. */
void support_let_others_run(void);

/* In a task: let the loop make a few turns, so that what is due is done. */
void support_turn_the_loop(void);

/* What the exception handler was told since support_catch_reports, which sets it on the running loop. */
void support_catch_reports(void);
int support_reports(void);
const char *support_last_message(void);
int support_last_code(void);

/* A test whose body runs as a task: assert with cmocka, return 0. */
#define TASK_TEST(name)                                                                                      \
    static int name##_body(void *arg);                                                                       \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        support_run_test(name##_body);                                                                       \
    }                                                                                                        \
    static int name##_body(void *arg)

#endif
