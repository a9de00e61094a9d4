/* results.h: what became of each test of a conformance program, one line each in a file, for ci/scorecard.
 * Touches cmocka and, where EDDY_RESULTS names a folder, a file in it. A skipped test says why, or it cannot be skipped. */
#ifndef RESULTS_H
#define RESULTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Begin the file of this program on that backend; without EDDY_RESULTS nothing is written, and the rest does the same. */
void results_begin(const char *program, const char *backend);
void results_forget(void); /* in a child: what it finds is not to be written */
/* The program came to its end: a file without this line is a failure. */
void results_end(void);

/* Run the tests, as cmocka does, and write a line for each. `area` NULL: the law that a test's name tells. */
int results_run(const char *area, const struct CMUnitTest *tests, size_t count);

/* Tests whose names begin so need what this system, or this build, has not: they are skipped before they begin. Ends with a row of NULLs. */
typedef struct support_lack {
    const char *begins, *why;
} support_lack;
extern const support_lack support_lacking[]; /* system.c */
/* The test that runs is not for here: it counts as skipped when it returns. Returns 0, so that a task can return it. */
int support_skip(const char *reason);
/* The same in the middle of a test that cannot go on: what it made stays behind. No loop may: such a test is one for support_lacking. */
_Noreturn void support_skip_here(const char *reason);

#endif
