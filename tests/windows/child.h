/* child.h: this program as a child of its own tests: started by seam 2, read to its end, and what it came to.
 * Touches seam 2 and cmocka. No child outlives its test. */
#ifndef TESTS_WINDOWS_CHILD_H
#define TESTS_WINDOWS_CHILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"

typedef struct told { /* by a child */
    int returncode;
    size_t size; /* of what it wrote to standard output and error */
    char text[64 * 1024];
} told;

/* The path of this program, in UTF-8. */
const char *child_self(void);
/* What is readable from our end of a pipe of eddyi_pipe_create; 0: its end. */
size_t child_read(eddy_fd pipe, char *data, size_t size);
/* Run a program with its standard output and error in *out. `options` may be NULL. Returns what starting it came to. */
int child_run(told *out, const char *const *arguments, const eddy_process_options *options);
/* This program with the argument `what`: its main hands that to the test's own function. */
void child_do(told *out, const char *what);

#endif
