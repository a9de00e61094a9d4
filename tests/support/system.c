/* system.c: what the system tells about this process: how many descriptors are open, what a thread is called, which signals it hears.
 * Touches /proc. */
#include "results.h"
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/task/annotate.h"

int support_open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    if (directory == NULL)
        return -1;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

const support_lack support_lacking[] = {
#ifdef EDDYI_TSAN
    {"fault_G1_no_signal_is_lost_while_other_loops_come_and_go",
     "the sanitizer keeps signals back, and may lose those of a thread that ends"},
    {"fault_I3_stuck_program_tells_by_a_signal_in_which_task",
     "the sanitizer keeps signals back until a thread makes a call, which this one never does"},
    {"fault_I3_signals_while_tasks_are_made_named_and_ended",
     "the sanitizer keeps signals back until a thread makes a call, so none comes at an awkward moment"},
    {"fault_X10_fork_in_the_middle_leaves_the_parent_alone",
     "in a child forked on a fiber it ignores what orders the switches, and sees races between them"},
#endif
    {NULL, NULL},
};

void support_hear_all_signals(void)
{
    struct sigaction action;
    sigset_t none;
    for (int number = 1; number < 32; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            (void)signal(number, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

bool support_thread_name(char *name, size_t size)
{
    FILE *file = fopen("/proc/thread-self/comm", "r");
    if (file == NULL)
        return false;
    char *line = fgets(name, (int)size, file);
    (void)fclose(file);
    if (line != NULL)
        name[strcspn(name, "\n")] = '\0';
    return line != NULL;
}

bool support_has(enum support_feature feature)
{
    (void)feature;
    return true;
}

int support_run_program(const char *const *arguments, int (*as_copy)(const char *const *arguments))
{
    enum { NOT_STARTED = 127, CRASHED = 4 };
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "r", stdin) == NULL || freopen("/dev/null", "w", stdout) == NULL ||
            freopen("/dev/null", "w", stderr) == NULL)
            _exit(NOT_STARTED);
        (void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(errno == ENOEXEC ? as_copy(arguments) : NOT_STARTED);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    if (!WIFEXITED(status))
        return CRASHED;
    return WEXITSTATUS(status) == NOT_STARTED ? -1 : WEXITSTATUS(status);
}
