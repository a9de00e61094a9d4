/* laws.c: the laws of the backend seam, on one backend: by EDDY_BACKEND, or the first of the build.
 * Touches seam 1. `conformance_laws [--mutant NAME] [PATTERN]`; without arguments it also runs itself with every mutant
 * and fails if one of them survives. */
#include "conformance/laws_support.h"

#include <fnmatch.h>
#include <stdio.h>
#include <unistd.h>

#include "conformance/laws_tests.h"
#include "support/results.h"

static const char *program;

/* A backend that blocks for ever shall end as a failure too. */
static void be_patient(void)
{
    alarm(110 * EDDY_TEST_SLOWER);
}

static const struct {
    const char *name, *law;
} mutants[] = {
#define LAW_MUTANT(name, law) {#name, #law "*"},
    LAW_MUTANTS(LAW_MUTANT)
#undef LAW_MUTANT
};

static bool one_is_like(const char *pattern, const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(pattern, tests[i].name, 0) == 0)
            return true;
    return false;
}

/* 0: all passed; 1: some failed; 2: there is none. */
static int run_laws(const char *pattern)
{
    const struct CMUnitTest laws[] = {
#define LAW_TEST(name) cmocka_unit_test(name),
        LAW_TESTS(LAW_TEST)
#undef LAW_TEST
    };
    if (pattern != NULL && !one_is_like(pattern, laws, sizeof laws / sizeof laws[0])) {
        print_error("%s: no law has a name like '%s'\n", program, pattern);
        return 2;
    }
    if (pattern != NULL)
        cmocka_set_test_filter(pattern);
    return results_run(NULL, laws, sizeof laws / sizeof laws[0]) == 0 ? 0 : 1;
}

/* The laws on a backend that is broken in this way. 77: that law does not apply here. */
static int run_as_mutant(const char *mutant, const char *pattern)
{
    const eddyi_backend_ops *ops = law_selected();
    law_select(law_mutant(mutant, ops));
    if (law_selected() == NULL) {
        fprintf(stderr, "no mutant \"%s\"\n", mutant);
        return 2;
    }
    if (strcmp(mutant, "never_lets_data_win") == 0 && !(ops->caps & EDDYI_CAP_IN_PLACE))
        return 77; /* it keeps results back; where the kernel does the work data wins without them */
    if (strcmp(mutant, "answers_later") == 0)
        return run_laws(pattern);
    law_expect_failure();
    int failed = run_laws(pattern);
    return failed == 0 && law_was_skipped() ? 77 : failed;
}

static int run_as_copy(const char *const *arguments)
{
    be_patient();
    results_forget();
    return run_as_mutant(arguments[2], arguments[3]);
}

/* Runs on the real backend; 1 when a test failed, and only a failed test. */
static int run_mutant(const char *mutant, const char *law)
{
    const char *const arguments[] = {program, "--mutant", mutant, law, NULL};
    int outcome = support_run_program(arguments, run_as_copy);
    assert_true(outcome >= 0);
    return outcome;
}

static void every_mutant_is_caught(void **state)
{
    int survivors = 0;
    (void)state;
    for (size_t i = 0; i < sizeof mutants / sizeof mutants[0]; i++) {
        int outcome = 0;
        /* On a loaded machine one run of races may miss the moment that betrays it, and a program may not even start. */
        for (int runs = 0; outcome != 1 && outcome != 77 && runs < 5; runs++)
            outcome = run_mutant(mutants[i].name, mutants[i].law);
        if (outcome == 77) {
            print_message("mutant %s: %s does not apply here\n", mutants[i].name, mutants[i].law);
        } else if (outcome != 1) {
            print_error("mutant %s survived %s (exit %d)\n", mutants[i].name, mutants[i].law, outcome);
            survivors++;
        }
    }
    assert_int_equal(survivors, 0);
}

/* The tests may not ask for more than the laws do. */
static void lawful_stranger_passes(void **state)
{
    (void)state;
    assert_int_equal(run_mutant("answers_later", "*"), 0);
}

static const eddyi_backend_ops *find_backend(const char *name)
{
    for (size_t i = 0; eddyi_backends[i] != NULL; i++)
        if (name == NULL || strcmp(eddyi_backends[i]->name, name) == 0)
            return eddyi_backends[i];
    return NULL;
}

static int run_mutants(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_mutant_is_caught),
                                       cmocka_unit_test(lawful_stranger_passes)};
    return results_run("mutants", tests, sizeof tests / sizeof tests[0]) == 0 ? 0 : 1;
}

static int run_all(const char *backend)
{
    results_begin("laws", backend);
    int failed = run_laws(NULL) | run_mutants();
    results_end();
    return failed;
}

int main(int argc, char **argv)
{
    const char *mutant = NULL, *pattern = NULL, *name = getenv("EDDY_BACKEND");
    program = argv[0];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutant") == 0 && i + 1 < argc)
            mutant = argv[++i];
        else
            pattern = argv[i];
    }
    const eddyi_backend_ops *ops = find_backend(name);
    if (ops == NULL) {
        fprintf(stderr, "no backend \"%s\" in this build\n", name);
        return 2;
    }
    if (ops->probe() < 0) {
        printf("skipped: %s does not run here\n", ops->name);
        return 77; /* and no result: on the scorecard it is missing */
    }
    law_select(ops);
    be_patient();
    if (mutant == NULL && pattern == NULL)
        return run_all(ops->name);
    if (mutant == NULL)
        return run_laws(pattern);
    return run_as_mutant(mutant, pattern);
}
