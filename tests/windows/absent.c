/* absent.c: the suites that are left out whole on Windows: each needs what only POSIX has, or is about it.
 * Touches cmocka. docs/platforms.md has the reasons. */
#include "conformance/processes.h"
#include "conformance/suite.h"
#include "conformance/sweep.h"

/* It counts as one test that is skipped. */
#define ABSENT(name, why)                                                                                    \
    static void name##_is_absent(void **state)                                                               \
    {                                                                                                        \
        (void)state;                                                                                         \
        (void)support_skip(why);                                                                             \
    }                                                                                                        \
    int name(void)                                                                                           \
    {                                                                                                        \
        const struct CMUnitTest tests[] = {{#name, name##_is_absent, NULL, NULL, NULL}};                     \
        return cmocka_run_group_tests_name(#name, tests, NULL, NULL);                                        \
    }

ABSENT(suite_local, "it makes local sockets by hand, with owners and modes of POSIX")
ABSENT(suite_signals, "SIGUSR1, sigaction and fork")
ABSENT(suite_pipes, "descriptors of pipes and terminals are numbers there")
ABSENT(suite_pipe_transports, "descriptors of pipes and terminals are numbers there")
ABSENT(suite_inspect_dump, "alarms interrupt it, and it reads what was told from a pipe")
ABSENT(suite_inspect_hope, "hope comes from pipes, alarms and children of POSIX")
ABSENT(suite_process, "children are programs of POSIX")
ABSENT(suite_process_options, "children are programs of POSIX")
ABSENT(suite_subprocess_protocols, "children are programs of POSIX")
ABSENT(suite_process_faults, "children are programs of POSIX")
ABSENT(suite_names, "it stands in for getaddrinfo, which the program does not call")
ABSENT(suite_closes, "it stands in for close, which nothing is closed by")

int process_child(void)
{
    return 1;
}

sweep_options sweep_chosen = {.every = 1};

int sweep_tests(const struct CMUnitTest *tests, size_t count)
{
    (void)tests;
    (void)count;
    print_error("a sweep runs each test in a child that was forked: there are none here\n");
    return 1;
}

void sweep_print_totals(void)
{
}
