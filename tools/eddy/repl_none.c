/* repl_none.c: eddy and eddy run where nothing that was just compiled can be loaded.
 * Touches standard error. */
#include <stdio.h>

#include "command.h"

static int none(void)
{
    fputs("eddy: inputs cannot be compiled and run on this system\n", stderr);
    return 1;
}

int command_repl(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return none();
}

int command_run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return none();
}
