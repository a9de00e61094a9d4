/* tour.c: a walk through eddy on the backend that EDDY_BACKEND names: what a newcomer should see running first.
 * Touches the public API only. `--all` shows every stop and ends with 0 only if each did what it says; `--serve` is an echo server. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>

static const char *backend_name(void)
{
    return eddy_loop_backend_name(eddy_get_running_loop());
}

static int stop_failed(const char *what, int rc)
{
    printf("   failed: %s: %s\n", what, eddy_strerror(rc));
    return rc < 0 ? rc : EDDY_ESYSTEM;
}

/* ---- 1: hello world ---- */

static int say(void *word)
{
    int rc = eddy_sleep(0.01);
    if (rc < 0)
        return rc;
    printf("   %s\n", (const char *)word);
    return 0;
}

static int hello(void)
{
    printf("1. hello world: two tasks, one after the other\n");
    int rc = say("hello");
    return rc < 0 ? rc : say("world");
}

/* ---- 2: a hundred thousand sleepers ---- */

enum { SLEEPERS = 100000 };

static int sleeper(void *arg)
{
    (void)arg;
    return eddy_sleep(0.5);
}

/* Resident bytes of this process, 0 where the system does not tell. */
static double resident_bytes(void)
{
    char line[128];
    double kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kilobytes = strtod(line + 6, NULL);
    (void)fclose(status);
    return kilobytes * 1024;
}

static int sleepers(void)
{
    eddy_task_group group;
    double before = resident_bytes();
    double began = eddy_loop_time(eddy_get_running_loop());
    printf("2. %d tasks, each asleep for half a second\n", SLEEPERS);
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < SLEEPERS; i++)
        rc = eddy_task_group_create_task(&group, NULL, sleeper, NULL, NULL);
    if (rc == 0)
        rc = eddy_sleep(0.01);
    double memory = resident_bytes() - before;
    rc = eddy_task_group_exit(&group, rc);
    if (rc < 0)
        return stop_failed("the sleepers", rc);
    printf("   all awake after %.2f s", eddy_loop_time(eddy_get_running_loop()) - began);
    if (before > 0)
        printf("; memory while they slept: %.1f MiB, %.2f KiB a task", memory / 1048576,
               memory / 1024 / (double)SLEEPERS);
    printf("; stack guard: %s\n", eddy_stack_guard_name());
    return 0;
}

/* ---- 3: an echo server and eddy's own client ---- */

static int echo(eddy_stream *stream, void *arg)
{
    char buffer[4096];
    ptrdiff_t size;
    (void)arg;
    while ((size = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(stream, buffer, (size_t)size);
        if (rc < 0)
            return rc;
    }
    return (int)size;
}

static int talk(eddy_stream *stream)
{
    static const char question[] = "does it echo?\n";
    eddy_view answer;
    int rc = eddy_stream_write(stream, question, sizeof question - 1);
    if (rc < 0)
        return rc;
    ptrdiff_t size = eddy_stream_readline(stream, &answer);
    if (size < 0)
        return (int)size;
    if (size != sizeof question - 1 || memcmp(answer.data, question, sizeof question - 1) != 0)
        return EDDY_EPROTO;
    printf("   sent and came back: %.*s", (int)size, answer.data);
    return 0;
}

static int echo_once(eddy_server *server)
{
    char service[16];
    eddy_stream *stream;
    snprintf(service, sizeof service, "%d", eddy_server_port(server, 0));
    int rc = eddy_open_connection(&stream, "127.0.0.1", service, NULL);
    if (rc < 0)
        return rc;
    rc = talk(stream);
    eddy_stream_close(stream);
    int closed = eddy_stream_wait_closed(stream);
    eddy_stream_release(stream);
    return rc < 0 ? rc : closed;
}

static int echo_stop(void)
{
    eddy_server *server;
    printf("3. an echo server and a client in one loop\n");
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL, NULL);
    if (rc < 0)
        return stop_failed("the server", rc);
    rc = echo_once(server);
    eddy_server_close(server);
    int closed = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc < 0 ? stop_failed("the client", rc) : closed;
}

/* ---- 4: a timeout ---- */

static int timeout_stop(void)
{
    eddy_timeout limit;
    printf("4. a timeout: at most 20 ms for a sleep of a minute\n");
    eddy_timeout_enter(&limit, 0.02);
    int rc = eddy_sleep(60);
    rc = eddy_timeout_exit(&limit, rc);
    if (rc != EDDY_ETIMEDOUT)
        return stop_failed("the timeout", rc);
    printf("   %s\n", eddy_strerror(rc));
    return 0;
}

/* ---- 5: a group that fails and is cleaned up ---- */

static int cleaned_up;

static void clean_up(void *arg)
{
    (void)arg;
    cleaned_up++;
}

static int worker(void *arg)
{
    (void)arg;
    int rc = eddy_defer(clean_up, NULL);
    return rc < 0 ? rc : eddy_sleep(60);
}

static int broken_worker(void *arg)
{
    (void)arg;
    int rc = eddy_sleep(0.01);
    return rc < 0 ? rc : EDDY_EIO;
}

static int group_stop(void)
{
    eddy_task_group group;
    printf("5. a group of three tasks of which one fails\n");
    int rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, worker, NULL, NULL);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, worker, NULL, NULL);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, broken_worker, NULL, NULL);
    rc = eddy_task_group_exit(&group, rc);
    if (rc != EDDY_EIO || cleaned_up != 2)
        return stop_failed("the group", rc);
    printf("   the group ended with \"%s\", %d others were cancelled and cleaned up\n", eddy_strerror(rc),
           cleaned_up);
    return 0;
}

static int all_stops(void *arg)
{
    int (*const stops[])(void) = {hello, sleepers, echo_stop, timeout_stop, group_stop};
    (void)arg;
    printf("== eddy %s on %s ==\n", EDDY_VERSION, backend_name());
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        int rc = stops[i]();
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A shell starts its background children with SIGINT ignored; SIGTERM is to end the server just as gently. */
static void interrupt_instead(int signal_number)
{
    (void)signal_number;
    (void)raise(SIGINT);
}

static int serve(void *arg)
{
    eddy_server *server;
    (void)arg;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL, NULL);
    if (rc < 0)
        return rc;
    printf("listening on 127.0.0.1:%d\n", eddy_server_port(server, 0));
    (void)fflush(stdout);
    rc = eddy_server_serve_forever(server);
    eddy_server_release(server);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--serve") == 0) {
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGTERM, interrupt_instead);
        int rc = eddy_run(serve, NULL, NULL);
        return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
    }
    if (argc == 2 && strcmp(argv[1], "--all") == 0)
        return eddy_exit_status(eddy_run(all_stops, NULL, NULL));
    fprintf(stderr, "usage: eddy-tour --all | --serve\n");
    return 2;
}
