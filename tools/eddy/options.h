/* options.h: what is said on the command line about compiling.
 * Touches the command line alone, whose strings stay the caller's. */
#ifndef EDDY_TOOL_OPTIONS_H
#define EDDY_TOOL_OPTIONS_H

#include <stdbool.h>

#include "compiler.h"

typedef struct options {
    const char *compiler; /* its name, NULL for the first that works */
    bool quiet;
    compile_flags flags;
    char **joined; /* flags that were two words; NULL at the end */
    int rest;      /* the first argument that is no option */
} options;

/* false: there is one that is not known, or memory ran out. */
bool options_read(options *out, int argc, char **argv);
void options_free(options *from);

/* The compiler that is asked for, opened. On failure it has been said why. */
const compiler_type *options_open_compiler(const options *from, compiler **out);

#endif
