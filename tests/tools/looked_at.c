/* looked_at.c: children to be looked at.
 * Touches fork, pipes and the program eddy. A child ends by a signal and leaves nothing. */
#include "looked_at.h"

#include <ctype.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int ready_pipe[2];

void looked_at_ready(void)
{
    char byte = 'r';
    if (write(ready_pipe[1], &byte, 1) != 1)
        _exit(90);
}

static void after_turns(void *turns)
{
    intptr_t left = (intptr_t)turns;
    if (left == 0)
        looked_at_ready();
    else if (eddy_loop_call_soon(eddy_get_running_loop(), NULL, after_turns, (void *)(left - 1)) < 0)
        _exit(91);
}

void looked_at_when_settled(void)
{
    after_turns((void *)(intptr_t)50);
}

pid_t looked_at_start(int (*fn)(void *), void *arg)
{
    char byte;
    assert_int_equal(pipe(ready_pipe), 0);
    (void)fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where only ancestors may look */
        (void)close(ready_pipe[0]);
        (void)fn(arg);
        _exit(92);
    }
    (void)close(ready_pipe[1]);
    ssize_t got = read(ready_pipe[0], &byte, 1);
    (void)close(ready_pipe[0]);
    if (got != 1)
        looked_at_end(child);
    assert_int_equal(got, 1);
    return child;
}

typedef struct main_task {
    eddy_coro_fn fn;
    void *arg;
} main_task;

static int run(void *arg)
{
    const main_task *main = arg;
    return eddy_run(main->fn, main->arg, NULL);
}

pid_t looked_at_run(eddy_coro_fn fn, void *arg)
{
    return looked_at_start(run, &(main_task){fn, arg});
}

void looked_at_end(pid_t child)
{
    int status;
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
}

/* ---- asking ---- */

static char *read_all(FILE *file)
{
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    assert_non_null(text);
    for (size_t got; (got = fread(text + size, 1, room - size - 1, file)) > 0;) {
        size += got;
        if (size + 1 == room) {
            text = realloc(text, room *= 2);
            assert_non_null(text);
        }
    }
    text[size] = '\0';
    return text;
}

/* What is different each time: addresses, and the number in "pid". */
static void mask(char *text)
{
    char *to = text;
    char *pid = strncmp(text, "{\"pid\": ", 8) == 0 ? text + 8 : NULL;
    if (pid != NULL) {
        size_t digits = strspn(pid, "0123456789");
        *pid = '0';
        memmove(pid + 1, pid + digits, strlen(pid + digits) + 1);
    }
    for (const char *from = text; *from != '\0';) {
        if (from[0] == '0' && from[1] == 'x') {
            for (from += 2; isxdigit((unsigned char)*from); from++)
                continue;
            memcpy(to, "0x#", 3); /* there was a digit at least */
            to += 3;
            while (from[0] == ' ' && from[1] == ' ' && from[2] == ' ')
                from++; /* a column's end moves with its length */
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

int looked_at_ask(pid_t child, const char *command, char **out)
{
    char with_addresses[256];
    (void)snprintf(with_addresses, sizeof with_addresses, "%s --addresses", command);
    return looked_at_ask_plainly(child, with_addresses, out);
}

int looked_at_ask_plainly(pid_t child, const char *command, char **out)
{
    char line[1024];
    (void)snprintf(line, sizeof line, "'%s' %s %ld 2>&1", EDDY_COMMAND, command, (long)child);
    FILE *answer = popen(line, "r");
    assert_non_null(answer);
    *out = read_all(answer);
    int status = pclose(answer);
    mask(*out);
    return WIFEXITED(status) && WEXITSTATUS(status) < 128 ? WEXITSTATUS(status) : -1;
}

void looked_at_expect(pid_t child, const char *command, int status, const char *expected)
{
    char *text;
    int got = looked_at_ask(child, command, &text);
    if (got != status || strcmp(text, expected) != 0) {
        print_error("status %d:\n%s\n", got, text);
        looked_at_end(child);
    }
    assert_string_equal(text, expected);
    assert_int_equal(got, status);
    free(text);
}

eddy_task *looked_at_make(const char *name, eddy_coro_fn body, void *arg)
{
    eddy_task *task;
    if (eddy_create_task(&task, body, arg, EDDY_OPTIONS(eddy_task_options, .name = name)) < 0)
        _exit(93);
    return task;
}

int looked_at_sleep(void *arg)
{
    (void)arg;
    return eddy_sleep(1000000);
}
