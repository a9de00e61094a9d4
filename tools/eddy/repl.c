/* repl.c: the prompt: reads inputs and runs them, until there are no more.
 * Touches the seams of prompts and compilers. Tasks that an input started go on while the next one is typed, until the prompt is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "session.h"

/* Where inputs come from. */
typedef struct source {
    const prompt_type *type;
    prompt *at;
    const char *file; /* how messages call it */
    bool interactive;
    unsigned line;  /* that comes next, from 1 */
    unsigned first; /* of the input */
    text input;
} source;

typedef struct repl {
    options from;
    const compiler_type *type;
    compiler *with;
    session session;
    source startup, standard_input;
} repl;

static repl the; /* until the program ends: functions of inputs may run at exit */

static void close_compiler(void)
{
    the.type->close(the.with);
    options_free(&the.from);
}

/* ---- reading ---- */

static enum input_state state_of(const char *typed)
{
    input so_far;
    input_read(&so_far, typed);
    enum input_state state = so_far.failed ? INPUT_COMPLETE : so_far.state;
    input_free(&so_far);
    return state;
}

/* Whether the line is the empty one that ends what could go on. */
static bool is_empty(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

/* A task: one input, of as many lines as it takes. 1, or 0 at the end. */
static int read_input(void *arg)
{
    source *from = arg;
    enum input_state state = INPUT_BLANK;
    int rc;
    text_clear(&from->input);
    from->first = from->line;
    do {
        size_t begun = from->input.size;
        const char *sign = state == INPUT_BLANK ? ">>> " : "... ";
        rc = from->type->read(from->at, from->interactive ? sign : NULL, &from->input);
        if (rc < 0)
            return rc;
        from->line += (unsigned)rc;
        if (rc == 0 || (state == INPUT_HEADER && is_empty(text_string(&from->input) + begun)))
            break;
        state = state_of(text_string(&from->input));
    } while (state == INPUT_OPEN || state == INPUT_HEADER);
    return rc == 1 || from->input.size > 0;
}

/* ---- inputs, one after the other ---- */

/* 0 at the end, or an error that nobody can go on after. */
static int converse(session *in, source *from)
{
    for (;;) {
        int rc = session_do(in, read_input, from, NULL);
        if (rc == 0)
            return 0;
        if (rc > 0)
            rc = session_run(in, text_string(&from->input), from->file, from->interactive ? 1 : from->first);
        if (rc == EDDY_EINTERRUPTED)
            fputs("\nKeyboardInterrupt\n", stderr);
        else if (rc < 0)
            return rc;
    }
}

static int read_from(session *in, source *from, const char *path)
{
    from->file = path != NULL ? path : "<stdin>";
    from->line = 1;
    int rc = from->type->open(&from->at, path);
    if (rc < 0)
        return rc;
    rc = converse(in, from);
    from->type->close(from->at);
    text_free(&from->input);
    return rc;
}

static void run_startup(session *in)
{
    const char *path = getenv("EDDY_STARTUP");
    if (path == NULL || path[0] == '\0')
        return;
    the.startup = (source){.type = &prompt_plain};
    int rc = read_from(in, &the.startup, path);
    if (rc < 0)
        fprintf(stderr, "eddy: the start-up file %s: %s\n", path, eddy_strerror(rc));
}

static void greet(void)
{
    fprintf(stderr,
            "eddy REPL %s on %s (%s, %s)\n"
            "Any call may await: eddy_sleep(1). \"eddy --help\" tells the options; Ctrl-D leaves.\n"
            ">>> #include <eddy.h>\n",
            EDDY_VERSION, EDDY_TOOL_SYSTEM, the.type->name, eddy_loop_backend_name(eddy_get_running_loop()));
}

static int talk(session *in)
{
    bool interactive = prompt_is_terminal();
    const char *basic = getenv("EDDY_BASIC_REPL");
    const prompt_type *type = interactive && (basic == NULL || basic[0] == '\0') ? prompt_edit() : NULL;
    if (interactive && !the.from.quiet)
        greet();
    the.standard_input = (source){.type = type != NULL ? type : &prompt_plain, .interactive = interactive};
    int rc = read_from(in, &the.standard_input, NULL);
    if (interactive)
        fputs("\nexiting eddy REPL...\n", stderr);
    return rc;
}

static int main_task(void *arg)
{
    (void)arg;
    int rc = session_open(&the.session, the.type, the.with);
    if (rc < 0)
        return rc;
    run_startup(&the.session);
    rc = eddy_audit("eddy.run_stdin", NULL);
    if (rc < 0)
        fprintf(stderr, "eddy: standard input is not run: %s\n", eddy_strerror(rc));
    else
        rc = talk(&the.session);
    session_close(&the.session);
    return rc;
}

int command_repl(int argc, char **argv)
{
    if (!options_read(&the.from, argc, argv))
        return command_usage();
    if (the.from.rest < argc) {
        options_free(&the.from);
        return command_usage();
    }
    the.type = options_open_compiler(&the.from, &the.with);
    if (the.type == NULL) {
        options_free(&the.from);
        return 1;
    }
    (void)atexit(close_compiler);
    int status = eddy_exit_status(eddy_run(main_task, NULL, NULL));
    return status == 0 && fflush(stdout) == EOF ? 1 : status; /* what was shown is nowhere */
}
