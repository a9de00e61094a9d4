/* spawn_child.c: the child's half of spawning, between its first instruction and exec.
 * Touches descriptors, ids, signals. Async-signal-safe: other threads of the parent may hold any lock, and the memory may be the parent's. */
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

#ifndef NSIG
#define NSIG 65
#endif
#ifdef __linux__ /* what setgroups counts in */
typedef size_t group_count;
#else
typedef int group_count;
#endif

enum { FIRST_OTHER = 3, EXIT_NOT_STARTED = 127 };

static void give_up(const eddyi_birth *birth, enum eddyi_step step)
{
    eddyi_report report = {.step = (int)step, .os_error = errno};
    ssize_t written = write(birth->report, &report, sizeof report); /* no EDDYI_CALL: the last word */
    (void)written;
    _exit(EXIT_NOT_STARTED);
}

/* ---- signals: all are blocked still ---- */

static void reset_signals(const eddyi_birth *birth)
{
    struct sigaction action;
    bool restore = !birth->what->options->no_restore_signals;
    for (int number = 1; number < NSIG; number++) {
        /* no EDDYI_CALL: it fails for numbers that are no signals only */
        if (sigaction(number, NULL, &action) != 0)
            continue;
        bool full = (action.sa_flags & SA_SIGINFO) != 0;
        bool ignored = !full && action.sa_handler == SIG_IGN;
        bool handled = full || (!ignored && action.sa_handler != SIG_DFL);
        if (handled || (ignored && restore && (number == SIGPIPE || number == SIGXFSZ))) {
            memset(&action, 0, sizeof action);
            action.sa_handler = SIG_DFL;
            (void)sigaction(number, &action, NULL);
        }
    }
}

static void unblock_signals(const eddyi_birth *birth)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, birth->what->options->no_restore_signals ? &birth->mask : &none, NULL);
}

/* ---- descriptors ---- */

static int move_up(const eddyi_birth *birth, int fd)
{
    int moved = EDDYI_CALL(fcntl, -1, (fd, F_DUPFD_CLOEXEC, FIRST_OTHER));
    if (moved < 0)
        give_up(birth, EDDYI_STEP_DUP2);
    return moved;
}

/* Sources that lie among the targets are moved out of the way first. */
static void place_standard_streams(eddyi_birth *birth)
{
    int sources[FIRST_OTHER];
    if (birth->report < FIRST_OTHER)
        birth->report = move_up(birth, birth->report);
    for (int i = 0; i < FIRST_OTHER; i++) {
        sources[i] = (int)birth->what->standard[i];
        if (sources[i] >= 0 && sources[i] < FIRST_OTHER && sources[i] != i)
            sources[i] = move_up(birth, sources[i]);
    }
    for (int i = 0; i < FIRST_OTHER; i++) {
        if (sources[i] < 0)
            continue;
        int rc =
            sources[i] == i ? EDDYI_CALL(fcntl, -1, (i, F_SETFD, 0)) : EDDYI_CALL(dup2, -1, (sources[i], i));
        if (rc < 0)
            give_up(birth, EDDYI_STEP_DUP2);
    }
}

static void keep_passed(const eddyi_birth *birth)
{
    const eddy_process_options *options = birth->what->options;
    eddyi_close_on_exec_from_3();
    for (size_t i = 0; i < options->pass_fd_count; i++)
        if (EDDYI_CALL(fcntl, -1, ((int)options->pass_fds[i], F_SETFD, 0)) < 0)
            give_up(birth, EDDYI_STEP_PASS_FDS);
}

/* ---- who and where it is ---- */

static void become(const eddyi_birth *birth)
{
    const eddy_process_options *options = birth->what->options;
    if (options->start_new_session && EDDYI_CALL(setsid, -1, ()) < 0)
        give_up(birth, EDDYI_STEP_SETSID);
    if (options->process_group != NULL && EDDYI_CALL(setpgid, -1, (0, (pid_t)*options->process_group)) < 0)
        give_up(birth, EDDYI_STEP_SETPGID);
    if (options->cwd != NULL && EDDYI_CALL(chdir, -1, (options->cwd)) < 0)
        give_up(birth, EDDYI_STEP_CHDIR);
    if (options->umask != NULL)
        (void)umask((mode_t)*options->umask);
    /* In this order: without its user id it may not change the others any more. */
    if (options->extra_groups != NULL &&
        EDDYI_CALL(setgroups, -1, ((group_count)options->extra_group_count, options->extra_groups)) < 0)
        give_up(birth, EDDYI_STEP_SETGROUPS);
    if (options->group != NULL && EDDYI_CALL(setgid, -1, ((gid_t)*options->group)) < 0)
        give_up(birth, EDDYI_STEP_SETGID);
    if (options->user != NULL && EDDYI_CALL(setuid, -1, ((uid_t)*options->user)) < 0)
        give_up(birth, EDDYI_STEP_SETUID);
}

_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are handed over as they are");

/* As execvp, but what is no program is an error and not a script; a folder that may not be looked into does not end the search. */
static void execute(const eddyi_birth *birth)
{
    char *const *arguments = (char *const *)(uintptr_t)birth->what->arguments;
    int worst = 0;
    errno = ENOENT;
    for (const char *path = birth->candidates; *path != '\0'; path += strlen(path) + 1) {
        (void)EDDYI_CALL(execve, -1, (path, arguments, birth->environment));
        if (errno != ENOENT && errno != ENOTDIR && worst == 0)
            worst = errno;
    }
    if (worst != 0)
        errno = worst;
}

int eddyi_child_begin(void *arg)
{
    eddyi_birth own = *(eddyi_birth *)arg; /* the parent's stays as it is */
    reset_signals(&own);
    place_standard_streams(&own);
    keep_passed(&own);
    become(&own);
    unblock_signals(&own);
    execute(&own);
    give_up(&own, EDDYI_STEP_EXEC);
    return 0;
}
