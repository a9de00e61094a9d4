/* prompt.h: the seam to where inputs are typed.
 * Implemented by prompt_plain.c, lines as they come, and prompt_edit.c, with editing and history. The loop goes on while a line is typed. */
#ifndef EDDY_TOOL_PROMPT_H
#define EDDY_TOOL_PROMPT_H

#include <stdbool.h>

#include "text.h"

typedef struct prompt prompt; /* each implementation's own */

typedef struct prompt_type {
    /* path: NULL for standard input. */
    int (*open)(prompt **out, const char *path);
    /* In a task; suspends. Show `sign` (NULL: nothing) and add the next line to `line`, with its newline if it has one. 1; 0 at the end of the
     * input; or an error: with EDDY_ECANCELED what was typed is forgotten. */
    int (*read)(prompt *at, const char *sign, text *line);
    void (*close)(prompt *at);
} prompt_type;

extern const prompt_type prompt_plain;
/* NULL: this build has no editor, or the terminal cannot be edited on. */
const prompt_type *prompt_edit(void);

/* Whether somebody sits at standard input. */
bool prompt_is_terminal(void);
/* In a task: wait until that descriptor can be read. 0, also when it cannot be watched, as files cannot; or how the waiting failed. */
int prompt_wait(int descriptor);

#endif
