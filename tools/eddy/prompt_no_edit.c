/* prompt_no_edit.c: a build without libedit.
 * Touches nothing. */
#include "prompt.h"

const prompt_type *prompt_edit(void)
{
    return NULL;
}
