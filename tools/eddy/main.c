/* main.c: the program eddy: chooses what it is asked for.
 * Touches the command line alone. Ends with 0, 1 when it could not be done, 2 when it was asked wrongly. */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char usage[] =
    "usage: eddy [-q] [OPTION...]                          a prompt for C, where any call may await\n"
    "       eddy [OPTION...] < FILE                        the same for inputs that are in a file\n"
    "       eddy run [OPTION...] FILE.c [ARGUMENT...]      run the main() of a C file; its exit status is "
    "the file's\n"
    "       eddy ps [--json] [--watch[=SECONDS]] [--addresses] PID       a table of the tasks of a process\n"
    "       eddy pstree [--json] [--watch[=SECONDS]] [--addresses] PID   the same as trees: who waits for "
    "whom\n"
    "\n"
    "  --addresses          places in files, not names of functions\n"
    "  -q                   no greeting\n"
    "  --compiler=tcc|cc    libtcc in memory, or $CC (cc) and the dynamic linker; the first that is there if "
    "not given\n"
    "  -I FOLDER  -L FOLDER  -l LIBRARY  -D NAME[=VALUE]   as for any C compiler\n"
    "\n"
    "environment: EDDY_STARTUP    a file of inputs that come before the first prompt\n"
    "             EDDY_HISTORY    where the history is kept; ~/.eddy_history if not set, nowhere if empty\n"
    "             EDDY_BASIC_REPL if not empty: no line editing\n"
    "             EDDY_COMPILER   as --compiler\n";

int command_usage(void)
{
    fputs(usage, stderr);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return fputs(usage, stdout) == EOF;
    if (argc < 2 || argv[1][0] == '-')
        return command_repl(argc - 1, argv + 1);
    if (strcmp(argv[1], "run") == 0)
        return command_run(argc - 2, argv + 2);
    if (strcmp(argv[1], "ps") == 0 || strcmp(argv[1], "pstree") == 0)
        return command_ps(argc - 1, argv + 1);
    return command_usage();
}
