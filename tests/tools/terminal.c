/* terminal.c: programs at terminals and behind pipes.
 * Touches openpty, fork and poll. A child that the test leaves behind is killed with it. */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#ifndef EDDY_TEST_SLOWER
#define EDDY_TEST_SLOWER 1
#endif

enum { HANGS = 20000 * EDDY_TEST_SLOWER }; /* milliseconds without a word: it will never come */

const char *tested_program(void)
{
    const char *program = getenv("EDDY_TESTED");
    return program != NULL ? program : EDDY_COMMAND;
}

static _Noreturn void become(const char *const *arguments, const char *const *settings)
{
    const char *all[32] = {tested_program()};
    size_t count = 1;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (; *arguments != NULL && count < 31; arguments++)
        all[count++] = *arguments;
    (void)setenv("TERM", "xterm", 1);
    (void)setenv("EDDY_HISTORY", "", 1);
    (void)setenv("HOME", "/nonexistent", 1);
    (void)unsetenv("EDDY_STARTUP");
    for (; *settings != NULL; settings++)
        (void)putenv((char *)(uintptr_t)*settings);
    (void)signal(SIGINT, SIG_DFL);
    (void)execv(all[0], (char *const *)(uintptr_t)all);
    _exit(99);
}

void terminal_start(terminal *out, const char *const *arguments, const char *const *settings)
{
    *out = (terminal){.room = 1 << 16};
    out->shown = calloc(1, out->room);
    assert_non_null(out->shown);
    (void)fflush(stdout);
    out->child = forkpty(&out->descriptor, NULL, NULL, &(struct winsize){.ws_row = 50, .ws_col = 200});
    assert_true(out->child >= 0);
    if (out->child == 0)
        become(arguments, settings);
}

void terminal_type(terminal *at, const char *keys)
{
    assert_int_equal(write(at->descriptor, keys, strlen(keys)), strlen(keys));
}

/* ---- what is shown ---- */

static void add_shown(terminal *at, char c)
{
    if (c == '\r' || c == '\0')
        return;
    if (at->size + 1 == at->room) {
        at->shown = realloc(at->shown, at->room *= 2);
        assert_non_null(at->shown);
    }
    at->shown[at->size++] = c;
    at->shown[at->size] = '\0';
    char *escape = strrchr(at->shown, '\033');
    if (escape != NULL && escape[1] == '[' && escape[2] != '\0' && c >= '@' && c <= '~') {
        *escape = '\0'; /* it is whole */
        at->size = (size_t)(escape - at->shown);
    }
}

bool terminal_read(terminal *at)
{
    char bytes[4096];
    struct pollfd one = {.fd = at->descriptor, .events = POLLIN};
    int rc;
    do
        rc = poll(&one, 1, HANGS);
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        return false;
    ssize_t got = read(at->descriptor, bytes, sizeof bytes);
    for (ssize_t i = 0; i < got; i++)
        add_shown(at, bytes[i]);
    return got > 0; /* EIO: the other end is closed */
}

void terminal_expect(terminal *at, const char *text)
{
    char *found;
    while ((found = strstr(at->shown + at->expected, text)) == NULL)
        if (!terminal_read(at)) {
            print_error("\"%s\" does not come; after what was expected before:\n%s\n---- all:\n%s\n", text,
                        at->shown + at->expected, at->shown);
            (void)kill(at->child, SIGKILL);
            (void)terminal_end(at);
            fail();
        }
    at->expected = (size_t)(found - at->shown) + strlen(text);
}

void terminal_enter(terminal *at, const char *input)
{
    terminal_expect(at, ">>> ");
    terminal_type(at, input);
    terminal_type(at, "\n");
}

int terminal_end(terminal *at)
{
    int status;
    while (terminal_read(at))
        continue;
    assert_int_equal(waitpid(at->child, &status, 0), at->child);
    (void)close(at->descriptor);
    free(at->shown);
    at->shown = NULL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void terminal_leave(terminal *at)
{
    terminal_expect(at, ">>> ");
    terminal_type(at, "\004");
    terminal_expect(at, "exiting eddy REPL...\n");
    assert_int_equal(terminal_end(at), 0);
}

/* ---- behind pipes ---- */

static FILE *temporary(const char *text)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fflush(file), 0);
    rewind(file);
    return file;
}

static char *all_of(FILE *file)
{
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    (void)fclose(file);
    return text;
}

/* The input is a pipe that another child fills: a file would never have to be waited for. */
static int fill_pipe(const char *input, pid_t *writer)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *writer = fork();
    assert_true(*writer >= 0);
    if (*writer == 0) {
        size_t size = strlen(input), done = 0;
        (void)close(ends[0]);
        (void)signal(SIGPIPE, SIG_IGN);
        for (ssize_t n; done < size && (n = write(ends[1], input + done, size - done)) > 0;)
            done += (size_t)n;
        _exit(0);
    }
    (void)close(ends[1]);
    return ends[0];
}

int run_piped(const char *const *arguments, const char *const *settings, const char *input, char **out,
              char **errors)
{
    FILE *said = temporary(""), *complained = temporary("");
    int status;
    pid_t writer;
    (void)fflush(stdout);
    int from = fill_pipe(input, &writer);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(from, 0) != 0 || dup2(fileno(said), 1) != 1 || dup2(fileno(complained), 2) != 2)
            _exit(98);
        become(arguments, settings);
    }
    (void)close(from);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    *out = all_of(said);
    *errors = all_of(complained);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
