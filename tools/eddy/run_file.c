/* run_file.c: eddy run: compiles one C file and calls its main().
 * Touches the seam of compilers. The loop that compiles is gone when the file begins to run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>

#include "command.h"
#include "options.h"

typedef struct run_request {
    options from;
    const compiler_type *type;
    compiler *with;
    const char *path;
    compiled *made;
    text messages;
} run_request;

static run_request request; /* until the program ends: functions of the file may run at exit */

static void close_compiler(void)
{
    request.type->close(request.with);
    options_free(&request.from);
}

static int build(void *arg)
{
    (void)arg;
    return request.type->build(request.with, &request.made, &(compile_source){.path = request.path},
                               &request.messages);
}

/* A compiler is a process, which the simulator does not have; the file itself may ask for that. */
static const char *real_backend(void)
{
    const char *name = NULL;
    for (size_t i = 0; (name = eddy_backend_name(i)) != NULL; i++)
        if (strcmp(name, "sim") != 0)
            break;
    return name;
}

static int call_main(int argc, char **argv)
{
    int (*function)(int, char **);
    void *symbol = request.type->symbol(request.made, "main");
    if (symbol == NULL) {
        fprintf(stderr, "eddy: %s has no main()\n", request.path);
        return 1;
    }
    memcpy(&function, &symbol, sizeof function);
    return function(argc, argv);
}

int command_run(int argc, char **argv)
{
    if (!options_read(&request.from, argc, argv))
        return command_usage();
    int rest = request.from.rest;
    request.path = argv[rest];
    request.type = rest < argc ? options_open_compiler(&request.from, &request.with) : NULL;
    if (request.type == NULL) {
        options_free(&request.from);
        return rest < argc ? 1 : command_usage();
    }
    (void)atexit(close_compiler);
    int rc = eddy_run(
        build, NULL,
        EDDY_OPTIONS(eddy_run_options, .loop = EDDY_OPTIONS(eddy_loop_options, .backend = real_backend())));
    (void)fputs(text_string(&request.messages), stderr);
    text_free(&request.messages);
    if (rc != 0)
        return rc > 0 ? 1 : eddy_exit_status(rc);
    return call_main(argc - rest, argv + rest);
}
