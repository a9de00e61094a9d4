/* ps.c: eddy ps and eddy pstree: look into a process that runs eddy, from outside.
 * Touches the public headers and this folder. Ends with 0, 1 when the process could not be shown, 2 when it was asked wrongly. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "show.h"

typedef struct ps_request {
    show_fn show;
    long pid;
    double watch;   /* seconds between two pictures; 0: one picture */
    bool addresses; /* places are shown as such, not by name */
} ps_request;

static int cannot(long pid, const char *why)
{
    fprintf(stderr, "eddy: process %ld: %s\n", pid, why);
    return 1;
}

/* ---- showing ---- */

static const char *show_once(const ps_request *request, other_process *process)
{
    eddy_record record;
    task_snapshot snapshot;
    const char *why = record_find(process, &record);
    if (why == NULL)
        why = snapshot_take(&snapshot, process, &record);
    if (why != NULL)
        return why;
    why = request->show(&snapshot, process, request->pid);
    if (snapshot.left_out > 0 && request->show != show_json)
        printf("(tasks that came or went meanwhile and are left out: %zu)\n", snapshot.left_out);
    snapshot_free(&snapshot);
    return why != NULL ? why : fflush(stdout) == EOF ? "its picture could not be written" : NULL;
}

static int show(const ps_request *request)
{
    do {
        other_process *process;
        enum process_fault fault = process_open(&process, request->pid);
        if (fault != PROCESS_FINE)
            return cannot(request->pid, process_fault_text(fault));
        if (!request->addresses)
            process_use_names(process);
        if (request->watch > 0 && request->show != show_json)
            fputs("\033[H\033[2J", stdout);
        const char *why = show_once(request, process);
        process_close(process);
        if (why != NULL)
            return cannot(request->pid, why);
        if (request->watch > 0)
            process_pause(request->watch);
    } while (request->watch > 0);
    return 0;
}

/* ---- what is asked ---- */

static bool take_number(const char *text, double most, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *out > 0 && *out <= most;
}

static bool take_pid(const char *text, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

static bool take_option(ps_request *request, const char *option)
{
    if (strcmp(option, "--json") == 0)
        request->show = show_json;
    else if (strcmp(option, "--watch") == 0)
        request->watch = 1;
    else if (strcmp(option, "--addresses") == 0)
        request->addresses = true;
    else
        return strncmp(option, "--watch=", 8) == 0 && take_number(option + 8, 86400, &request->watch);
    return true;
}

int command_ps(int argc, char **argv)
{
    ps_request request = {.show = strcmp(argv[0], "ps") == 0 ? show_table : show_tree, .pid = -1};
    for (int i = 1; i < argc; i++) {
        bool fine = argv[i][0] == '-'   ? take_option(&request, argv[i])
                    : request.pid == -1 ? take_pid(argv[i], &request.pid)
                                        : false;
        if (!fine)
            return command_usage();
    }
    return request.pid == -1 ? command_usage() : show(&request);
}
