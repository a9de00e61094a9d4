/* results.c: runs tests and writes down what became of each: `passed`, `failed` or `skipped`, the area, the test, the reason.
 * Touches a file that is opened for each line, so that no test and no child of one ever has it. */
#include "results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

static char path[1024];
static const char *area_now, *outcome, *skip_reason;
static void *state_now;

static void write_line(const char *how, const char *word, const char *area, const char *test,
                       const char *reason)
{
    FILE *file = path[0] != '\0' ? fopen(path, how) : NULL;
    if (file == NULL)
        return; /* what is lacking counts as failed */
    fprintf(file, "%s\t%s\t%s\t%s\n", word, area, test, reason);
    (void)fclose(file);
}

void results_begin(const char *program, const char *backend)
{
    const char *folder = getenv("EDDY_RESULTS");
    if (folder == NULL || folder[0] == '\0')
        return;
    (void)snprintf(path, sizeof path, "%s/%s-%s.txt", folder, program, backend);
    write_line("w", "begin", program, backend, "");
}

void results_end(void)
{
    write_line("a", "end", "", "", "");
}

void results_forget(void)
{
    path[0] = '\0';
}

int support_skip(const char *reason)
{
    skip_reason = reason;
    return 0;
}

_Noreturn void support_skip_here(const char *reason)
{
    skip_reason = reason;
    outcome = "skipped";
    print_message("%s\n", reason);
    _skip(__FILE__, __LINE__);
    abort();
}

/* "law_wins_send_race" is about "law wins"; what is named after no law is about the seam as a whole. */
static const char *area_of(const char *test)
{
    static char area[32];
    if (area_now != NULL)
        return area_now;
    if (strncmp(test, "law_", 4) != 0)
        return "seam";
    (void)snprintf(area, sizeof area, "law %.*s", (int)strcspn(test + 4, "_"), test + 4);
    return area;
}

static const char *lacks(const char *test)
{
    const support_lack *lack = support_lacking;
    while (lack->begins != NULL && strncmp(test, lack->begins, strlen(lack->begins)) != 0)
        lack++;
    return lack->why;
}

static void run(void **state)
{
    const struct CMUnitTest *test = *state;
    state_now = test->initial_state;
    outcome = "failed"; /* whoever fails does not come back here */
    skip_reason = lacks(test->name);
    write_line("a", "runs", area_of(test->name), test->name, "");
    if (test->setup_func != NULL)
        assert_int_equal(test->setup_func(&state_now), 0);
    if (skip_reason == NULL)
        test->test_func(&state_now);
    outcome = skip_reason != NULL ? "skipped" : "passed";
    if (skip_reason != NULL) {
        print_message("%s: %s\n", test->name, skip_reason);
        skip();
    }
}

/* The first one that leaves a loop behind is told; those after it find it. */
static bool left_a_loop(const char *test)
{
    static bool left;
    if (left || !eddyi_loops_are_alive())
        return false;
    left = true;
    print_error("%s: a loop is left\n", test);
    return true;
}

static int write_down(void **state)
{
    const struct CMUnitTest *test = *state;
    int rc = test->teardown_func != NULL ? test->teardown_func(&state_now) : 0;
    if (left_a_loop(test->name))
        rc = -1;
    write_line("a", rc == 0 ? outcome : "failed", area_of(test->name), test->name,
               skip_reason != NULL ? skip_reason : "");
    return rc;
}

int results_run(const char *area, const struct CMUnitTest *tests, size_t count)
{
    struct CMUnitTest *wrapped = calloc(count, sizeof *wrapped);
    if (wrapped == NULL)
        return (int)count;
    for (size_t i = 0; i < count; i++)
        wrapped[i] = (struct CMUnitTest){.name = tests[i].name,
                                         .test_func = run,
                                         .teardown_func = write_down,
                                         .initial_state = (void *)(uintptr_t)&tests[i]};
    area_now = area;
    int failed = _cmocka_run_group_tests(area != NULL ? area : "laws", wrapped, count, NULL, NULL);
    free(wrapped);
    return failed;
}
