/* options.c: reads -q, --compiler, -I, -L, -l and -D.
 * Touches the command line and standard error. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && strchr("ILlD", word[1]) != NULL;
}

/* "-I" "folder" as "-Ifolder", which is also freed by options_free. */
static char *join(options *out, size_t index, const char *flag, const char *value)
{
    size_t size = strlen(flag) + strlen(value) + 1;
    char *joined = malloc(size);
    if (joined != NULL)
        (void)snprintf(joined, size, "%s%s", flag, value);
    out->joined[index] = joined;
    return joined;
}

bool options_read(options *out, int argc, char **argv)
{
    size_t joined = 0;
    *out = (options){.flags = {calloc((size_t)argc + 1, sizeof(char *)), 0},
                     .joined = calloc((size_t)argc + 1, sizeof(char *))};
    bool fine = out->flags.items != NULL && out->joined != NULL;
    for (; fine && out->rest < argc; out->rest++) {
        char *word = argv[out->rest];
        if (strcmp(word, "-q") == 0) {
            out->quiet = true;
        } else if (strncmp(word, "--compiler=", 11) == 0) {
            out->compiler = word + 11;
        } else if (is_flag(word)) {
            if (word[2] == '\0' && out->rest + 1 < argc)
                word = join(out, joined++, word, argv[++out->rest]);
            fine = word != NULL && word[2] != '\0';
            if (fine)
                out->flags.items[out->flags.count++] = word;
        } else {
            fine = word[0] != '-';
            break;
        }
    }
    if (!fine)
        options_free(out);
    return fine;
}

void options_free(options *from)
{
    for (size_t i = 0; from->joined != NULL && from->joined[i] != NULL; i++)
        free(from->joined[i]);
    free(from->joined);
    free(from->flags.items);
    *from = (options){0};
}

const compiler_type *options_open_compiler(const options *from, compiler **out)
{
    const compiler_type *const types[] = {compiler_tcc(), compiler_cc()};
    const char *wanted = from->compiler != NULL ? from->compiler : getenv("EDDY_COMPILER");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i] != NULL && (wanted == NULL || strcmp(types[i]->name, wanted) == 0) &&
            types[i]->open(out, &from->flags) == 0)
            return types[i];
    fprintf(stderr, "eddy: there is no compiler%s%s here\n", wanted != NULL ? " " : "",
            wanted != NULL ? wanted : "");
    return NULL;
}
