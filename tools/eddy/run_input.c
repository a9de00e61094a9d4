/* run_input.c: one input: compiled in the first way in which it is C, then called.
 * Touches the seam of compilers, standard output and error. It runs inside its task from the first step, so that an interrupt finds it also while it is
 * compiled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "value.h"

/* In memory of its own, for it may be given up and go on. */
typedef struct running {
    session *in;
    unit_form form;
    input input;
    text messages;
    char text[]; /* of the input */
} running;

static void release_running(void *arg)
{
    running *at = arg;
    input_free(&at->input);
    text_free(&at->messages);
    free(at);
}

/* ---- what the compiler says ---- */

static bool holds(const char *line, size_t size, const char *what)
{
    size_t length = strlen(what);
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(line + i, what, length) == 0)
            return true;
    return false;
}

/* Of our own function and of our own options the user wants to hear nothing, and of all else once. */
static bool is_news(const char *all, const char *line, size_t size)
{
    static const char *const noise[] = {"In function ", "note: each undeclared identifier",
                                        "cc1: some warnings"};
    if (holds(line, size, noise[0]) ? holds(line, size, UNIT_FUNCTION)
                                    : holds(line, size, noise[1]) || holds(line, size, noise[2]))
        return false;
    for (const char *before = all; before < line; before += strcspn(before, "\n") + 1)
        if (strcspn(before, "\n") == size && strncmp(before, line, size) == 0)
            return false;
    return true;
}

static void show_messages(const text *messages)
{
    const char *all = text_string(messages);
    for (const char *line = all; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        if (is_news(all, line, size))
            fprintf(stderr, "%.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

/* ---- compiling ---- */

static void *symbol_of(const char *label, void *arg)
{
    void **both = arg;
    const running *at = both[0];
    return at->in->type->symbol(both[1], label);
}

static int build_as(running *at, compiled **out, unit *made)
{
    text_clear(&at->messages);
    if (!unit_make(made, &at->in->known, &at->input, &at->form))
        return EDDY_ENOMEM;
    if (made->too_many) {
        text_format(&at->messages, "%s:%u: error: too many names in one declaration\n", at->form.file,
                    at->form.line);
        return 1;
    }
    return at->in->type->build(at->in->with, out, &(compile_source){.text = text_string(&made->source)},
                               &at->messages);
}

/* An expression if it can be one; values that are known to the compiler, else such as must be computed. 0 when one of them is C. */
static int build_somehow(running *at, compiled **out)
{
    int rc = 1;
    bool may_be_value = input_value(&at->input) != NULL, computed = false;
    for (int form = may_be_value ? 0 : 2; form < 4 && rc == 1; form++) {
        unit made;
        at->form.value = form < 2;
        at->form.at_run_time = form % 2 == 1;
        if (at->form.at_run_time && !computed)
            continue;
        rc = build_as(at, out, &made);
        computed = made.has_values;
        void *both[] = {at, rc == 0 ? *out : NULL};
        if (rc == 0 && !known_learn(&at->in->known, &made, symbol_of, both))
            rc = EDDY_ENOMEM;
        unit_free(&made);
    }
    return rc;
}

static int build(running *at, compiled **out)
{
    int rc;
    do
        rc = build_somehow(at, out);
    while (rc == 1 && known_forget_wrong(&at->in->known, text_string(&at->messages)));
    return rc;
}

/* ---- running ---- */

/* What an input returns, if it does, is nobody's concern. */
static int run(void *arg)
{
    running *at = arg;
    compiled *made;
    int (*function)(const struct eddy_show *);
    int rc = build(at, &made);
    (void)fflush(stdout);
    show_messages(&at->messages);
    if (rc < 0 && rc != EDDY_ECANCELED)
        fprintf(stderr, "eddy: the input cannot be compiled: %s\n", eddy_strerror(rc));
    if (rc != 0)
        return 0;
    void *symbol = at->in->type->symbol(made, UNIT_FUNCTION);
    memcpy(&function, &symbol, sizeof function);
    (void)function(&value_show);
    return 0;
}

int session_run(session *in, const char *typed, const char *file, unsigned line)
{
    size_t size = strlen(typed) + 1;
    running *at = calloc(1, sizeof *at + size);
    if (at == NULL)
        return EDDY_ENOMEM;
    memcpy(at->text, typed, size);
    at->in = in;
    at->form = (unit_form){.file = file, .line = line};
    input_read(&at->input, at->text);
    if (at->input.failed || at->input.state == INPUT_BLANK) {
        int rc = at->input.failed ? EDDY_ENOMEM : 0;
        release_running(at);
        return rc;
    }
    int rc = session_do(in, run, at, release_running);
    (void)fflush(stdout);
    return rc;
}
