/* test_platform_bench.h: a child that may crash, for the tests of seam 2.
 * Touches fork, pipes and signals' dispositions, the child's only. */
#ifndef TEST_PLATFORM_BENCH_H
#define TEST_PLATFORM_BENCH_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#ifdef EDDY_VALGRIND
#include <valgrind/valgrind.h>
#endif

#include "core/base/inject.h"
#include "core/platform.h"
#include "core/task/annotate.h"

static inline bool under_valgrind(void)
{
#ifdef EDDY_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

/* ---- a child that may crash ---- */

typedef struct ending {
    int status;     /* as waitpid gives it */
    char text[512]; /* what it wrote to standard error */
} ending;

static inline void set_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* The body starts with default dispositions, without core dumps, and with standard error in our hands. */
static inline void in_child(ending *end, void (*body)(void *arg), void *arg)
{
    const struct rlimit no_core = {0, 0};
    size_t used = 0;
    ssize_t n;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        set_default(SIGSEGV);
        set_default(SIGBUS);
        set_default(SIGINT);
        if (dup2(ends[1], STDERR_FILENO) < 0)
            _exit(99);
        body(arg);
        _exit(0);
    }
    (void)close(ends[1]);
    while (used + 1 < sizeof end->text &&
           (n = read(ends[0], end->text + used, sizeof end->text - 1 - used)) > 0)
        used += (size_t)n;
    end->text[used] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &end->status, 0), child);
}

static inline bool died_of(const ending *end, int number)
{
    return WIFSIGNALED(end->status) && WTERMSIG(end->status) == number;
}

static inline bool died_of_a_fault(const ending *end)
{
    return died_of(end, SIGSEGV) || died_of(end, SIGBUS);
}

static inline int exit_code(const ending *end)
{
    return WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
}

static inline void touch(void *address)
{
    *(volatile char *)address = 1;
}

#endif
