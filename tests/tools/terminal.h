/* terminal.h: a program at a terminal of its own: keys go in, and what it shows is awaited.
 * Touches pseudo-terminals and processes. Nothing waits by time: a test goes on when the text is there, or fails when it cannot come any more. */
#ifndef EDDY_TESTS_TERMINAL_H
#define EDDY_TESTS_TERMINAL_H

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

typedef struct terminal {
    int descriptor;
    pid_t child;
    char *shown; /* all of it, without carriage returns and escape sequences */
    size_t size, room;
    size_t expected; /* so much of it was asked for */
} terminal;

/* The program under test: EDDY_TESTED of the environment, else the one that was built. */
const char *tested_program(void);

/* arguments: without the program's name, NULL at the end; settings: "NAME=value" ..., NULL at the end, over an environment without history. */
void terminal_start(terminal *out, const char *const *arguments, const char *const *settings);
void terminal_type(terminal *at, const char *keys);
/* Wait for more to be shown. Whether there may be still more: not when it has ended, or has been silent for too long. */
bool terminal_read(terminal *at);
/* Wait until that text is shown after what was expected before. */
void terminal_expect(terminal *at, const char *text);
/* Wait for the prompt, type an input and return. */
void terminal_enter(terminal *at, const char *input);
/* Wait until it has ended and its terminal is closed. Its exit status; -1: a signal. Frees what start took. */
int terminal_end(terminal *at);
/* Ctrl-D at the prompt, which must end it well. */
void terminal_leave(terminal *at);

/* Run the program with that on its standard input. Its exit status. *out: what it said on standard output, *errors: on standard error; freed by the caller. */
int run_piped(const char *const *arguments, const char *const *settings, const char *input, char **out,
              char **errors);

#endif
