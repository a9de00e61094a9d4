/* compiler.h: the seam to what makes C text run inside this program.
 * Implemented by compile_tcc.c, in memory, and compile_cc.c, by the system's compiler. What was built stays until the compiler is closed. */
#ifndef EDDY_TOOL_COMPILER_H
#define EDDY_TOOL_COMPILER_H

#include <stddef.h>

#include "text.h"

/* -I, -L, -l and -D with their values, as the command line has them: "-Ifolder". */
typedef struct compile_flags {
    const char **items; /* the strings are the command line's */
    size_t count;
} compile_flags;

typedef struct compiler compiler; /* each implementation's own */
typedef struct compiled compiled; /* what one build made; the compiler's */

/* What is to be built: a text, or the file of that name. */
typedef struct compile_source {
    const char *text;
    const char *path;
} compile_source;

typedef struct compiler_type {
    const char *name;
    /* 0 or EDDY_ENOMEM, EDDY_ENOSYS when it is not in working order here. The flags are lent until close. */
    int (*open)(compiler **out, const compile_flags *flags);
    /* In a task; may suspend. 0 and something to be asked for symbols; 1 when the compiler refuses; or an error. What it has to say is added to `messages`. */
    int (*build)(compiler *with, compiled **out, const compile_source *source, text *messages);
    void *(*symbol)(compiled *from, const char *name); /* NULL when there is none */
    void (*close)(compiler *with);
} compiler_type;

/* NULL: this build does not have it. */
const compiler_type *compiler_tcc(void);
const compiler_type *compiler_cc(void);

/* The folder of eddy's own headers, or NULL. The caller frees it. */
char *compiler_headers(void);

#endif
