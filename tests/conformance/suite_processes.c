/* suite_processes.c: the helpers of processes.h.
 * Touches the public API and what a process can ask about itself. The report is text, one line a thing. */
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child ---- */

static void print_descriptors(void)
{
    printf("descriptors");
    for (int fd = 0; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf(" %d", fd);
    printf("\n");
}

static void print_signals(void)
{
    sigset_t blocked;
    struct sigaction action;
    (void)sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("blocked");
    for (int number = 1; number < 65; number++)
        if (sigismember(&blocked, number) == 1)
            printf(" %d", number);
    printf("\nignored");
    for (int number = 1; number < 65; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            printf(" %d", number);
    printf("\n");
}

int process_child(void)
{
    char folder[4096] = "";
    gid_t groups[64];
    const char *value = getenv("EDDY_CHILD");
    print_descriptors();
    print_signals();
    mode_t mask = umask(0);
    printf("umask %o\n", (unsigned)mask);
    printf("session %d\n", getsid(0) == getpid());
    printf("group %d\n", (int)getpgrp());
    printf("ids %u %u %u %u\n", (unsigned)getuid(), (unsigned)geteuid(), (unsigned)getgid(),
           (unsigned)getegid());
    int count = getgroups(64, groups);
    printf("groups");
    for (int i = 0; i < count; i++)
        printf(" %u", (unsigned)groups[i]);
    printf("\ncwd %s\n", getcwd(folder, sizeof folder));
    printf("env %s\n", value != NULL ? value : "(none)");
    printf("non-blocking");
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFL) & O_NONBLOCK)
            printf(" %d", fd);
    printf("\n");
    return 0;
}

const char *process_self(void)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    return path;
}

/* ---- the parent ---- */

bool process_runs_itself(void)
{
    static int answer = -1;
    if (answer < 0) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
            (void)dup2(output, STDOUT_FILENO);
            (void)execl(process_self(), process_self(), CHILD_ARGUMENT, (char *)NULL);
            _exit(errno == ENOEXEC ? 1 : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        answer = !WIFEXITED(status) || WEXITSTATUS(status) != 1;
    }
    return answer;
}

eddy_process *shell(const char *command, const eddy_process_options *options)
{
    eddy_process *process;
    int rc = eddy_create_subprocess_shell(&process, command, options);
    if (rc < 0)
        fail_msg("%s: %s in %s", command, eddy_error_name(rc), eddy_last_error()->operation);
    return process;
}

int ending(eddy_process *process)
{
    int returncode = 1000;
    assert_int_equal(eddy_process_wait(process, &returncode), 0);
    return returncode;
}

const char *child_report(const eddy_process_options *options)
{
    static char kept[8192];
    const char *argv[] = {process_self(), CHILD_ARGUMENT, NULL};
    eddy_process_options given = options != NULL ? *options : (eddy_process_options){.size = 0};
    eddy_process *process;
    eddy_view output;
    given.size = sizeof given;
    given.standard_output = EDDY_SUBPROCESS_PIPE;
    int rc = eddy_create_subprocess_exec(&process, argv, &given);
    if (rc < 0)
        fail_msg("%s in %s, %d", eddy_error_name(rc), eddy_last_error()->operation,
                 eddy_last_error()->os_error);
    assert_int_equal(eddy_process_communicate(process, &output, NULL, NULL, 0, sizeof kept - 1), 0);
    memcpy(kept, output.data, output.size);
    kept[output.size] = '\0';
    assert_int_equal(ending(process), 0);
    eddy_process_release(process);
    return kept;
}

const char *reported(const char *report, const char *name)
{
    static char values[4][1024];
    static int turn;
    size_t length = strlen(name);
    char *value = values[turn++ % 4];
    for (const char *line = report; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1)
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == '\n')) {
            const char *text = line[length] == ' ' ? line + length + 1 : line + length;
            snprintf(value, sizeof values[0], "%.*s", (int)strcspn(text, "\n"), text);
            return value;
        }
    return "?";
}

bool there_is_no_child(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}
