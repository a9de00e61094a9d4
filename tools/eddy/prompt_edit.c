/* prompt_edit.c: lines edited at a terminal by libedit, with a history that outlives the program.
 * Touches libedit, POSIX. libedit asks for each character by a function of ours, which waits as any code in a task does: nothing of libedit has to know
 * of the loop. */
#include "prompt.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <eddy.h>

enum { HISTORY_LINES = 1000, END_OF_INPUT = 4 /* Ctrl-D */ };

struct prompt {
    EditLine *editor;
    History *history;
    HistEvent event;
    const char *sign;
    char *path;   /* of the history's file, NULL for none */
    bool reading; /* the terminal is libedit's */
    int why;      /* the last character did not come */
};

static prompt *of_editor(EditLine *editor)
{
    void *at = NULL;
    (void)el_get(editor, EL_CLIENTDATA, &at);
    return at;
}

static char *sign_of(EditLine *editor)
{
    return (char *)(uintptr_t)of_editor(editor)->sign; /* it is only read */
}

/* The next character: 1, or 0 when there is none any more, or -1: it is not waited for any longer. */
static int next_character(EditLine *editor, wchar_t *out)
{
    prompt *at = of_editor(editor);
    mbstate_t state;
    memset(&state, 0, sizeof state);
    for (;;) {
        char byte;
        at->why = prompt_wait(STDIN_FILENO);
        if (at->why < 0)
            return -1;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return -1;
        if (got < 0)
            continue;
        size_t size = mbrtowc(out, &byte, 1, &state);
        if (size == (size_t)-2)
            continue; /* there is more of it */
        if (size == (size_t)-1)
            *out = (wchar_t)(unsigned char)byte;
        if (byte == '\0') /* so comes an end that was typed before the terminal was libedit's */
            *out = END_OF_INPUT;
        return 1;
    }
}

static void resized(void *arg)
{
    prompt *at = arg;
    el_resize(at->editor);
}

/* The shell has changed the terminal while the program was stopped. */
static void continued(void *arg)
{
    prompt *at = arg;
    if (!at->reading)
        return;
    (void)el_set(at->editor, EL_PREP_TERM, 1);
    (void)el_set(at->editor, EL_REFRESH);
}

/* ---- history ---- */

static void open_history(prompt *at)
{
    const char *path = getenv("EDDY_HISTORY"), *home = getenv("HOME");
    (void)history(at->history, &at->event, H_SETSIZE, HISTORY_LINES);
    (void)history(at->history, &at->event, H_SETUNIQUE, 1);
    text name = {0};
    if (path != NULL)
        text_add_string(&name, path);
    else if (home != NULL)
        text_format(&name, "%s/.eddy_history", home);
    if (name.size == 0 || name.failed) {
        text_free(&name);
        return;
    }
    at->path = name.data;
    (void)history(at->history, &at->event, H_LOAD, at->path);
}

/* At once, for the program may end at any input. */
static void remember(prompt *at, const char *line)
{
    if (line[strspn(line, " \t\r\n")] == '\0')
        return;
    (void)history(at->history, &at->event, H_ENTER, line);
    if (at->path != NULL)
        (void)history(at->history, &at->event, H_SAVE, at->path);
}

/* ---- the seam ---- */

static void edit_close(prompt *at)
{
    eddy_loop *loop = eddy_get_running_loop();
    (void)eddy_loop_remove_signal_handler(loop, SIGWINCH);
    (void)eddy_loop_remove_signal_handler(loop, SIGCONT);
    if (at->editor != NULL)
        el_end(at->editor);
    if (at->history != NULL)
        history_end(at->history);
    free(at->path);
    free(at);
}

static int edit_open(prompt **out, const char *path)
{
    eddy_loop *loop = eddy_get_running_loop();
    prompt *at = calloc(1, sizeof *at);
    (void)path; /* only standard input is a terminal */
    if (at == NULL)
        return EDDY_ENOMEM;
    (void)setlocale(LC_CTYPE, "");
    at->history = history_init();
    at->editor = el_init("eddy", stdin, stdout, stderr);
    if (at->history == NULL || at->editor == NULL) {
        edit_close(at);
        return EDDY_ENOSYS;
    }
    open_history(at);
    (void)el_set(at->editor, EL_CLIENTDATA, at);
    (void)el_set(at->editor, EL_PROMPT, sign_of);
    (void)el_set(at->editor, EL_EDITOR, "emacs");
    (void)el_set(at->editor, EL_HIST, history, at->history);
    (void)el_set(at->editor, EL_GETCFN, next_character);
    (void)el_source(at->editor, NULL);
    (void)eddy_loop_add_signal_handler(loop, SIGWINCH, resized, at);
    (void)eddy_loop_add_signal_handler(loop, SIGCONT, continued, at);
    *out = at;
    return 0;
}

static int edit_read(prompt *at, const char *sign, text *line)
{
    int size = 0;
    at->sign = sign != NULL ? sign : "";
    at->why = 0;
    at->reading = true;
    (void)fflush(stdout);
    (void)el_set(at->editor, EL_PREP_TERM, 1); /* before the prompt invites to type */
    const char *typed = el_gets(at->editor, &size);
    at->reading = false;
    if (at->why < 0)
        return at->why;
    if (typed == NULL || size <= 0)
        return 0;
    remember(at, typed);
    text_add(line, typed, (size_t)size);
    return line->failed ? EDDY_ENOMEM : 1;
}

const prompt_type *prompt_edit(void)
{
    static const prompt_type type = {edit_open, edit_read, edit_close};
    const char *terminal = getenv("TERM");
    return terminal != NULL && strcmp(terminal, "dumb") != 0 ? &type : NULL;
}
