/* sweep.c: counts the calls of one run of a test, then repeats it with each of them failing: only that one; it and all after it.
 * Touches the injection table, processes and pipes. POSIX only.
 *
 * A test that ends by a failed assertion met an error that it did not expect: lawful. Its other tasks are cancelled, then it ends; what
 * is left behind is not looked at, since what the body held cannot be given back. It breaks a rule by a crash, a sanitizer's report, an assertion of the library, an allocation where
 * none may be, by never ending, and by leaving memory or descriptors behind when it did come to its end.
 * Tests with a plan of their own are left out: they choose themselves what fails. */
#include "sweep.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inject.h"
#include "core/platform.h"

enum { ENDED = 0, ASSERTED = 77, FORBIDDEN = 78, HUNG = -1, BY_SIGNAL = 128 };
enum {
    MOST_POINTS = 40,
    MOST_MS = 1500,
    MOST_INTERRUPTS = 2,
    PATIENCE_MS = 1000,
    FIRST_PATIENCE_MS = 40000, /* with nothing failing */
    WATCHDOG_MS = 10000,
    ORPHAN_SECONDS = 60,
    MOST_TASKS = 64,
    LAST_TURNS = 50,
    MOST_OUTPUT = 1 << 16
};

sweep_options sweep_chosen = {.every = 1};

/* What a run tells its parent. */
typedef struct told {
    uint64_t calls;
    bool own_plan;
} told;

static told *page;
static FILE *output;
static struct {
    uint64_t tests, left_out, calls, runs, asserted, interrupted, broken;
} totals;

/* ---- one run ---- */

static void end_run(int status)
{
    fflush(NULL);
    _exit(status);
}

static bool allocated_where_forbidden(void)
{
    return eddyi_inject_active() && eddyi_inject_forbidden_count() > 0;
}

/* The body stands still where it failed, for others use what lies on its stack; they are cancelled and have some turns to end. */
static void cancel_the_others(eddy_task *self)
{
    eddy_task *tasks[MOST_TASKS];
    eddy_loop *loop = eddy_get_running_loop();
    size_t count = eddy_all_tasks(loop, tasks, MOST_TASKS);
    for (size_t i = 0; i < count && i < MOST_TASKS; i++)
        if (tasks[i] != self)
            eddy_task_cancel(tasks[i]);
    for (int turns = 0; turns < LAST_TURNS && eddy_all_tasks(loop, NULL, 0) > 1; turns++)
        if (eddy_sleep(0) < 0)
            continue; /* it is cancelled itself: that ends nothing here */
}

/* With no test of cmocka's running, a failed assertion ends the process; so does one of another task meanwhile. */
static void end_by_assertion(void)
{
    static bool ending;
    eddy_task *self = eddy_current_task();
    if (self != NULL && !ending) {
        ending = true;
        if (atexit(end_by_assertion) == 0)
            cancel_the_others(self);
    }
    end_run(allocated_where_forbidden() ? FORBIDDEN : ASSERTED);
}

static void run_here(const struct CMUnitTest *test, const eddyi_inject_plan *plan)
{
    void *state = NULL;
    long blocks = support_live_blocks();
    int descriptors = support_open_descriptors();
    alarm(ORPHAN_SECONDS); /* were the parent gone, it would end by itself */
    support_expect_failing_calls();
    atexit(end_by_assertion);
    eddyi_inject_start(plan);
    test->test_func(&state);
    page->own_plan = !eddyi_inject_active();
    page->calls = eddyi_inject_count();
    bool forbidden = allocated_where_forbidden();
    eddyi_inject_stop();
    support_expect_unchanged(blocks, descriptors);
    end_run(forbidden ? FORBIDDEN : ENDED);
}

static int exit_status(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
}

/* The main task is interrupted after a while: a body may wait for another that met the error and is gone. What goes on even so hangs. */
static bool ends_in_time(pid_t child, int hang_up, int patience_ms)
{
    struct pollfd end = {.fd = hang_up, .events = POLLIN};
    if (poll(&end, 1, patience_ms) != 0)
        return true;
    totals.interrupted++;
    kill(child, SIGINT);
    return poll(&end, 1, WATCHDOG_MS) != 0;
}

/* The pipe hangs up when the run and all that it started are gone. */
static int run_apart(const struct CMUnitTest *test, const eddyi_inject_plan *plan)
{
    int ends[2];
    fflush(NULL);
    rewind(output);
    if (ftruncate(fileno(output), 0) < 0 || pipe(ends) < 0)
        return HUNG;
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        close(ends[0]);
        dup2(fileno(output), STDOUT_FILENO);
        dup2(fileno(output), STDERR_FILENO);
        run_here(test, plan);
    }
    close(ends[1]);
    bool hung =
        child > 0 && !ends_in_time(child, ends[0], plan->fail_at > 0 ? PATIENCE_MS : FIRST_PATIENCE_MS);
    if (hung)
        kill(-child, SIGABRT);
    close(ends[0]);
    int status = child > 0 ? exit_status(child) : HUNG;
    return hung ? HUNG : status;
}

/* ---- what it came to ---- */

static const char *read_output(void)
{
    static char text[MOST_OUTPUT];
    rewind(output);
    size_t size = fread(text, 1, sizeof text - 1, output);
    text[size] = '\0';
    return text;
}

/* NULL: nothing. A process that the test started may have died of it where the test saw a strange status only. */
static const char *rule_broken(int status, const char *text)
{
    if (strstr(text, "Sanitizer") != NULL || strstr(text, "runtime error:") != NULL)
        return "a sanitizer's report";
    if (strstr(text, "Assertion `") != NULL)
        return "an assertion of the library";
    switch (status) {
    case ENDED:
    case ASSERTED:
    case BY_SIGNAL + SIGINT: /* no runner took the interrupt */
        return NULL;
    case HUNG:
        return "no end";
    case FORBIDDEN:
        return "an allocation where none may be";
    case SUPPORT_LEFT_BEHIND:
        return "something left behind";
    default:
        return status > BY_SIGNAL ? "a crash" : "a strange status";
    }
}

static bool breaks_a_rule(const struct CMUnitTest *test, const eddyi_inject_plan *plan)
{
    uint64_t interrupted = totals.interrupted;
    int status = run_apart(test, plan);
    totals.runs++;
    totals.asserted += status == ASSERTED;
    if (totals.interrupted > interrupted)
        print_message("%s: call %llu%s: waited until it was interrupted\n", test->name,
                      (unsigned long long)plan->fail_at, plan->fail_after_too ? " and all after it" : "");
    const char *text = read_output();
    const char *broken = rule_broken(status, text);
    if (broken == NULL)
        return false;
    totals.broken++;
    print_error("%s: call %llu%s: %s (%d)\n%s\n", test->name, (unsigned long long)plan->fail_at,
                plan->fail_after_too ? " and all after it" : "", broken, status, text);
    return true;
}

/* ---- the calls of a test ---- */

static uint64_t chosen_calls(void)
{
    uint64_t memory = UINT64_C(1) << EDDYI_INJECT_memory;
    return sweep_chosen.system_calls ? ((UINT64_C(1) << EDDYI_INJECT_CALLS) - 1) & ~memory : memory;
}

static uint64_t hash(const char *name)
{
    uint64_t sum = UINT64_C(14695981039346656037); /* FNV-1a */
    while (*name != '\0')
        sum = (sum ^ (unsigned char)*name++) * UINT64_C(1099511628211);
    return sum;
}

/* Every n-th call, or fewer where there are very many or a run takes long. */
static uint64_t stride_of(uint64_t calls, uint64_t run_ms)
{
    uint64_t points = run_ms > 0 && MOST_MS / run_ms < MOST_POINTS ? MOST_MS / run_ms + 1 : MOST_POINTS;
    uint64_t stride = (calls + points - 1) / points;
    return stride > sweep_chosen.every ? stride : sweep_chosen.every;
}

static int sweep_test(const struct CMUnitTest *test)
{
    eddyi_inject_plan plan = {.calls = chosen_calls()};
    uint64_t began = eddyi_clock_now();
    *page = (told){0};
    if (breaks_a_rule(test, &plan)) /* with nothing failing */
        return 1;
    if (page->own_plan || page->calls == 0) {
        totals.left_out++;
        return 0;
    }
    uint64_t calls = page->calls;
    uint64_t stride = stride_of(calls, (eddyi_clock_now() - began) / 1000000);
    totals.tests++;
    totals.calls += calls;
    bool broken = false;
    uint64_t patient = totals.interrupted + MOST_INTERRUPTS;
    for (plan.fail_at = 1 + (hash(test->name) + sweep_chosen.shift) % stride;
         plan.fail_at <= calls && !broken && totals.interrupted < patient; plan.fail_at += stride)
        for (int after = 0; after < 2; after++) {
            plan.fail_after_too = after;
            broken |= breaks_a_rule(test, &plan);
        }
    return broken;
}

/* OpenSSL cleans up at the exit of the process, where a run goes on that has failed. It asks for that when it is first used: before the run does. */
static void use_tls_first(void)
{
    eddy_tls_context *context;
    if (eddy_tls_context_create(&context, NULL) == 0)
        eddy_tls_context_release(context);
}

int sweep_tests(const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    if (page == NULL) {
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        output = tmpfile();
        if (page == MAP_FAILED || output == NULL)
            return 1;
        use_tls_first();
    }
    for (size_t i = 0; i < count; i++)
        if (sweep_chosen.pattern == NULL || fnmatch(sweep_chosen.pattern, tests[i].name, 0) == 0)
            failed += sweep_test(&tests[i]);
    return failed;
}

void sweep_print_totals(void)
{
    print_message(
        "swept over %llu tests with %llu calls: %llu runs, each with calls failing; %llu ended by an "
        "assertion; %llu were interrupted; %llu broke a rule; %llu tests have none to fail or fail calls "
        "themselves\n",
        (unsigned long long)totals.tests, (unsigned long long)totals.calls, (unsigned long long)totals.runs,
        (unsigned long long)totals.asserted, (unsigned long long)totals.interrupted,
        (unsigned long long)totals.broken, (unsigned long long)totals.left_out);
}
