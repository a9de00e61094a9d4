/* command.h: the sub-commands of the program eddy, and what two of them are told in the same way.
 * Each takes its own arguments, without the program and its own name, and returns the program's exit status. */
#ifndef EDDY_TOOL_COMMAND_H
#define EDDY_TOOL_COMMAND_H

int command_repl(int argc, char **argv); /* eddy */
int command_run(int argc, char **argv);  /* eddy run */
int command_ps(int argc, char **argv);   /* eddy ps, eddy pstree: argv[0] is its name */

/* It was asked wrongly: say so on standard error. 2 */
int command_usage(void);

#endif
