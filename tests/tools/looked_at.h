/* looked_at.h: a child that runs eddy, and what the program eddy says of it.
 * Touches processes. Whatever a test does, the child ends with its test. */
#ifndef EDDY_TESTS_LOOKED_AT_H
#define EDDY_TESTS_LOOKED_AT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <cmocka.h>

#include <eddy.h>

/* In the child: tell that it may be looked at now. */
void looked_at_ready(void);
/* The same once the tasks that are there have all come as far as they can. */
void looked_at_when_settled(void);

/* A child that calls fn(arg), and has said that it is ready. */
pid_t looked_at_start(int (*fn)(void *), void *arg);
/* The same with fn as the main task of a loop. */
pid_t looked_at_run(eddy_coro_fn fn, void *arg);
void looked_at_end(pid_t child);

/* The exit status of `eddy COMMAND --addresses PID`, or -1 if a signal ended it. *out: what it said on both, with each address as 0x#; freed by the caller. */
int looked_at_ask(pid_t child, const char *command, char **out);
int looked_at_ask_plainly(pid_t child, const char *command,
                          char **out); /* with names of functions, where they can be known */
void looked_at_expect(pid_t child, const char *command, int status, const char *expected);

/* A task that is there until the child ends. */
eddy_task *looked_at_make(const char *name, eddy_coro_fn body, void *arg);
int looked_at_sleep(void *arg);

#endif
