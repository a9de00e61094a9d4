/* spawn.c: the parent's half of making a child: all that takes memory or may be slow happens here, before there is a child.
 * Touches pipes and signal masks. A child that could not become the program is reaped before the call returns. */
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "core/base/memory.h"
#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

extern char **environ;

enum { STACK_SIZE = 64 * 1024 };

static const char *const step_names[] = {
    [EDDYI_STEP_DUP2] = "dup2",     [EDDYI_STEP_PASS_FDS] = "pass_fds",
    [EDDYI_STEP_SETSID] = "setsid", [EDDYI_STEP_SETPGID] = "setpgid",
    [EDDYI_STEP_CHDIR] = "chdir",   [EDDYI_STEP_SETGROUPS] = "setgroups",
    [EDDYI_STEP_SETGID] = "setgid", [EDDYI_STEP_SETUID] = "setuid",
    [EDDYI_STEP_EXEC] = "exec",
};

static int failed(eddyi_spawn_failure *failure, const char *step, int os_error)
{
    *failure = (eddyi_spawn_failure){step, os_error};
    return eddyi_error_from_system(os_error);
}

/* ---- where the program may be ---- */

static const char *search_path(char *const *environment)
{
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, "PATH=", 5) == 0)
            return *environment + 5;
    return "/bin:/usr/bin";
}

/* One path behind the other, and an empty one; with `text` NULL they are only counted. An empty folder is the current one. */
static size_t list_candidates(char *text, const char *path, const char *program)
{
    size_t length = strlen(program), at = 0;
    bool searched = length > 0 && strchr(program, '/') == NULL;
    for (bool more = length > 0; more; at += length + 1) {
        size_t folder = searched ? strcspn(path, ":") : 0;
        if (folder > 0) {
            if (text != NULL) {
                memcpy(text + at, path, folder);
                text[at + folder] = '/';
            }
            at += folder + 1;
        }
        if (text != NULL)
            memcpy(text + at, program, length + 1);
        more = searched && path[folder] == ':';
        path += folder + 1;
    }
    if (text != NULL)
        text[at] = '\0';
    return at + 1;
}

/* ---- making it ---- */

/* All signals are blocked meanwhile: a handler of ours must not run in a child that shares our memory. */
static int start_blocked(eddyi_birth *birth, void *stack)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &birth->mask);
    int pid = eddyi_child_start(birth, stack, STACK_SIZE);
    int saved = errno;
    (void)pthread_sigmask(SIG_SETMASK, &birth->mask, NULL);
    errno = saved;
    return pid;
}

/* The other end closes when the program runs, so nothing is good news. */
static int read_report(int fd, eddyi_report *report, eddyi_spawn_failure *failure)
{
    ssize_t got;
    do
        got = EDDYI_CALL(read, -1, (fd, report, sizeof *report));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return 0;
    if (got < 0)
        return failed(failure, "read", errno);
    return failed(failure, step_names[report->step], report->os_error);
}

static int start_and_ask(eddyi_child *child, eddyi_birth *birth, void *stack, eddyi_spawn_failure *failure)
{
    int ends[2], ignored;
    eddyi_report report;
    if (eddyi_open_pipe(ends) != 0)
        return failed(failure, "pipe", errno);
    birth->report = ends[1];
    child->descriptor = -1;
    child->pid = start_blocked(birth, stack);
    int rc = child->pid < 0 ? failed(failure, "fork", errno) : 0;
    (void)close(ends[1]); /* no EDDYI_CALL: a descriptor of ours */
    if (rc == 0) {
        rc = read_report(ends[0], &report, failure);
        if (rc == 0) {
            child->descriptor = eddyi_child_open(child->pid);
            if (child->descriptor < -1)
                rc = failed(failure, "pidfd_open", errno);
        }
        if (rc < 0)
            (void)eddyi_child_kill_and_reap(child, &ignored);
    }
    (void)close(ends[0]); /* no EDDYI_CALL: a descriptor of ours */
    return rc;
}

int eddyi_child_spawn(eddyi_child *out, const eddyi_spawn *what, const eddy_allocator *allocator,
                      eddyi_spawn_failure *failure)
{
    eddyi_birth birth = {.what = what};
    *failure = (eddyi_spawn_failure){"spawn", 0};
    birth.environment = what->options->env != NULL ? (char *const *)(uintptr_t)what->options->env : environ;
    const char *path = search_path(birth.environment);
    size_t size;
    if (!eddyi_add(&size, STACK_SIZE, list_candidates(NULL, path, what->program)))
        return EDDY_ENOMEM;
    char *memory = eddyi_allocate(allocator, size);
    if (memory == NULL)
        return EDDY_ENOMEM;
    (void)list_candidates(memory + STACK_SIZE, path, what->program);
    birth.candidates = memory + STACK_SIZE;
    int rc = start_and_ask(out, &birth, memory, failure);
    eddyi_release(allocator, memory);
    return rc;
}

void eddyi_shell_arguments(const char *arguments[4], const char *command)
{
    arguments[0] = "/bin/sh";
    arguments[1] = "-c";
    arguments[2] = command;
    arguments[3] = NULL;
}
