/* sweep.h: every test again and again, each time with another allocation or system call failing.
 * Touches the injection table and processes. A test runs in a process of its own, so that a crash is told and not suffered. */
#ifndef SWEEP_H
#define SWEEP_H

#include "suite.h"

typedef struct sweep_options {
    bool on;
    bool system_calls;   /* they fail, not allocations */
    uint64_t every;      /* the n-th calls only */
    uint64_t shift;      /* which of them: builds that differ in it try them all in the end */
    const char *pattern; /* of names; NULL: all tests */
} sweep_options;

extern sweep_options sweep_chosen;

/* Sweeps over the tests; returns how many broke a rule. */
int sweep_tests(const struct CMUnitTest *tests, size_t count);
void sweep_print_totals(void);

#endif
