/* compile_no_tcc.c: a build without libtcc.
 * Touches nothing. */
#include "compiler.h"

const compiler_type *compiler_tcc(void)
{
    return NULL;
}
