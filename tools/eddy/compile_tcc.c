/* compile_tcc.c: C compiled in memory by libtcc.
 * Touches libtcc. A state is the code that it made, so all of them are kept until the end; what earlier ones define is told to each new one. */
#include "compiler.h"

#include "grow.h"

#include <libtcc.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>

#include "unit.h"

struct compiler {
    const compile_flags *flags;
    char *headers;
    TCCState **states; /* of what was built */
    size_t count, room;
};

/* What tcc says while it builds one thing. */
typedef struct listener {
    text *messages;
    bool refused; /* it only warns of what cannot be meant here */
} listener;

static void hear(void *arg, const char *message)
{
    static const char warning[] = "warning: ", undeclared[] = "implicit declaration of function";
    listener *to = arg;
    const char *found = strstr(message, warning);
    if (found != NULL && strncmp(found + strlen(warning), undeclared, strlen(undeclared)) == 0) {
        to->refused = true;
        text_add(to->messages, message, (size_t)(found - message));
        text_format(to->messages, "error: %s\n", found + strlen(warning));
    } else {
        text_format(to->messages, "%s\n", message);
    }
}

static void set_flag(TCCState *state, const char *flag)
{
    const char *value = flag + 2, *equals = strchr(value, '=');
    char name[256];
    if (flag[1] == 'I') {
        (void)tcc_add_include_path(state, value);
    } else if (flag[1] == 'L') {
        (void)tcc_add_library_path(state, value);
    } else if (flag[1] == 'D' && equals == NULL) {
        tcc_define_symbol(state, value, NULL);
    } else if (flag[1] == 'D' && (size_t)(equals - value) < sizeof name) {
        memcpy(name, value, (size_t)(equals - value));
        name[equals - value] = '\0';
        tcc_define_symbol(state, name, equals + 1);
    }
}

static TCCState *new_state(const compiler *with, listener *to)
{
    TCCState *state = tcc_new();
    if (state == NULL)
        return NULL;
    tcc_set_error_func(state, to, hear);
    tcc_set_options(state, "-Wimplicit-function-declaration");
    (void)tcc_set_output_type(state, TCC_OUTPUT_MEMORY);
    for (size_t i = 0; i < with->flags->count; i++)
        set_flag(state, with->flags->items[i]);
    if (with->headers != NULL)
        (void)tcc_add_include_path(state, with->headers);
    return state;
}

static void tell_symbol(void *state, const char *name, const void *place)
{
    if (strncmp(name, UNIT_LABEL, strlen(UNIT_LABEL)) == 0 && strchr(name, '@') == NULL)
        (void)tcc_add_symbol(state, name, place);
}

static bool compile(const compiler *with, TCCState *state, const compile_source *source)
{
    if (source->text != NULL ? tcc_compile_string(state, source->text) < 0
                             : tcc_add_file(state, source->path) < 0)
        return false;
    for (size_t i = 0; i < with->flags->count; i++)
        if (with->flags->items[i][1] == 'l' && tcc_add_library(state, with->flags->items[i] + 2) < 0)
            return false;
    for (size_t i = 0; i < with->count; i++)
        tcc_list_symbols(with->states[i], state, tell_symbol);
    return true;
}

static int tcc_build(compiler *with, compiled **out, const compile_source *source, text *messages)
{
    listener to = {messages, false};
    void *states = array_grow(with->states, with->count, &with->room, sizeof(TCCState *));
    if (states == NULL)
        return EDDY_ENOMEM;
    with->states = states;
    TCCState *state = new_state(with, &to);
    if (state == NULL)
        return EDDY_ENOMEM;
    if (!compile(with, state, source) || to.refused || tcc_relocate(state, TCC_RELOCATE_AUTO) < 0) {
        tcc_delete(state);
        return 1;
    }
    tcc_set_error_func(state, NULL, NULL);
    with->states[with->count++] = state;
    *out = (compiled *)state;
    return 0;
}

static void *tcc_symbol(compiled *from, const char *name)
{
    return tcc_get_symbol((TCCState *)from, name);
}

static void tcc_close(compiler *with)
{
    while (with->count > 0)
        tcc_delete(with->states[--with->count]);
    free(with->states);
    free(with->headers);
    free(with);
}

/* The library may be there while the headers and the run time that it needs are not. */
static bool works(compiler *with)
{
    text messages = {0};
    compiled *trial;
    int rc = tcc_build(with, &trial,
                       &(compile_source){.text = "#include <stddef.h>\nsize_t eddy_trial = 1;\n"}, &messages);
    text_free(&messages);
    return rc == 0;
}

static int tcc_open(compiler **out, const compile_flags *flags)
{
    static const compile_flags none;
    compiler *with = calloc(1, sizeof *with);
    if (with == NULL)
        return EDDY_ENOMEM;
    with->flags = &none;
    if (!works(with)) {
        tcc_close(with);
        return EDDY_ENOSYS;
    }
    with->flags = flags;
    with->headers = compiler_headers();
    *out = with;
    return 0;
}

const compiler_type *compiler_tcc(void)
{
    static const compiler_type type = {"tcc", tcc_open, tcc_build, tcc_symbol, tcc_close};
    return &type;
}
