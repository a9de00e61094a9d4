/* stack_needs.c: what the calls of eddy, and some of the C library's, need of a task's stack (fault K4).
 * Touches the public API. Each row is a whole use of the calls that it names. */
#include "stack_needs.h"

#include <netdb.h>
#include <time.h>

#include <eddy/file.h>

typedef struct stage {
    eddy_server *server;
    eddy_stream *stream; /* to it: it echoes */
    char port[16];
} stage;

static int echo(eddy_stream *stream, void *arg)
{
    char buffer[512];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0)
        if (eddy_stream_write(stream, buffer, (size_t)got) < 0)
            break;
    return 0;
}

static int prepare(void **out)
{
    static stage all;
    *out = &all;
    int rc = eddy_start_server(&all.server, "127.0.0.1", "0", echo, NULL, NULL);
    if (rc < 0)
        return rc;
    (void)snprintf(all.port, sizeof all.port, "%d", eddy_server_port(all.server, 0));
    return eddy_open_connection(&all.stream, "127.0.0.1", all.port, NULL);
}

/* ---- tasks ---- */

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int sleeps(void *arg)
{
    (void)arg;
    int rc = eddy_sleep(0);
    return rc < 0 ? rc : eddy_sleep(0.001);
}

static int makes_and_awaits(void *arg)
{
    eddy_task *task;
    int rc = eddy_create_task(&task, nothing, arg, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_await(task, NULL);
    eddy_task_release(task);
    return rc;
}

static int gathers(void *arg)
{
    eddy_task *tasks[2] = {NULL, NULL};
    int rc = 0;
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = eddy_create_task(&tasks[i], nothing, arg, NULL);
    if (rc == 0)
        rc = eddy_gather(NULL, tasks, 2);
    if (rc == 0)
        rc = eddy_wait(NULL, tasks, 2, 1, EDDY_ALL_COMPLETED) < 0;
    if (rc == 0)
        rc = eddy_wait_for(tasks[0], NULL, 1);
    for (int i = 0; i < 2; i++)
        eddy_task_release(tasks[i]);
    return rc;
}

static int groups_and_limits(void *arg)
{
    eddy_timeout limit;
    eddy_task_group group;
    (void)eddy_timeout_enter(&limit, 10);
    (void)eddy_task_group_enter(&group);
    int rc = eddy_task_group_create_task(&group, NULL, nothing, arg, NULL);
    rc = eddy_task_group_exit(&group, rc);
    return eddy_timeout_exit(&limit, rc);
}

static int puts_one(void *queue)
{
    return eddy_queue_put(queue, queue);
}

static int queues_and_locks(void *arg)
{
    void *item;
    eddy_queue *queue;
    eddy_lock lock = {0};
    (void)arg;
    int rc = eddy_queue_create(&queue, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_create_task(NULL, puts_one, queue, NULL);
    if (rc == 0)
        rc = eddy_queue_get(queue, &item);
    if (rc == 0)
        rc = eddy_lock_acquire(&lock);
    if (rc == 0)
        rc = eddy_lock_release(&lock);
    eddy_queue_release(queue);
    return rc;
}

static int goes_to_a_thread(void *arg)
{
    return eddy_to_thread(nothing, arg, NULL);
}

static int reports(void *arg)
{
    (void)arg;
    eddy_loop_call_exception_handler(eddy_get_running_loop(),
                                     EDDY_OPTIONS(eddy_exception_context, .message = "not meant",
                                                  .exception = EDDY_EIO, .task = eddy_current_task()));
    return 0;
}

/* ---- streams ---- */

static int connects_to(const char *host, const stage *all)
{
    eddy_stream *stream;
    int rc = eddy_open_connection(&stream, host, all->port, NULL);
    if (rc < 0)
        return rc;
    eddy_stream_close(stream);
    rc = eddy_stream_wait_closed(stream);
    eddy_stream_release(stream);
    return rc;
}

static int connects_by_number(void *all)
{
    return connects_to("127.0.0.1", all);
}

static int connects_by_name(void *all)
{
    return connects_to("localhost", all);
}

static int writes_and_reads(void *arg)
{
    const stage *all = arg;
    eddy_view line;
    int rc = eddy_stream_write(all->stream, "hello\n", 6);
    return rc < 0 ? rc : (int)eddy_stream_readline(all->stream, &line);
}

static int serves(void *arg)
{
    eddy_server *server;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, arg, NULL);
    if (rc < 0)
        return rc;
    eddy_server_close(server);
    rc = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc;
}

static int sends_a_datagram(void *arg)
{
    char buffer[16];
    eddy_address own;
    eddy_datagram *datagram;
    (void)arg;
    int rc = eddy_open_datagram(
        &datagram, EDDY_OPTIONS(eddy_datagram_options, .local_host = "127.0.0.1", .local_service = "0"));
    if (rc < 0)
        return rc;
    rc = eddy_datagram_local_address(datagram, &own);
    if (rc >= 0)
        rc = eddy_datagram_send(datagram, "x", 1, &own);
    if (rc >= 0)
        rc = (int)eddy_datagram_receive(datagram, buffer, sizeof buffer, NULL);
    eddy_datagram_release(datagram);
    return rc;
}

/* ---- the system ---- */

static int looks_up(void *arg)
{
    eddy_address found;
    const stage *all = arg;
    return eddy_loop_getaddrinfo(eddy_get_running_loop(), &found, 1, "localhost", all->port, NULL);
}

static int reads_a_file(void *arg)
{
    char buffer[64];
    eddy_file *file;
    (void)arg;
    int rc = eddy_file_open(&file, "/proc/self/cmdline", "r");
    if (rc < 0)
        return rc;
    rc = (int)eddy_file_read(file, buffer, sizeof buffer);
    int closed = eddy_file_close(file);
    eddy_file_release(file);
    return rc < 0 ? rc : closed;
}

static int runs_a_program(void *arg)
{
    static const char *const argv[] = {"true", NULL};
    eddy_process *process;
    (void)arg;
    int rc = eddy_create_subprocess_exec(&process, argv, NULL);
    if (rc < 0)
        return rc;
    rc = eddy_process_wait(process, NULL);
    eddy_process_release(process);
    return rc;
}

/* ---- the C library ---- */

static int formats(void *arg)
{
    char text[128];
    (void)arg;
    return snprintf(text, sizeof text, "%s %d %g %.17f", "text", 7, 1e300, 0.1);
}

static int prints(void *arg)
{
    (void)arg;
    FILE *nowhere = fopen("/dev/null", "w");
    if (nowhere == NULL)
        return EDDY_EIO;
    int rc = fprintf(nowhere, "%s %d %g\n", "text", 7, 0.1);
    return fclose(nowhere) == 0 ? rc : EDDY_EIO;
}

static int formats_the_time(void *arg)
{
    char text[64];
    struct tm parts;
    time_t now = time(NULL);
    (void)arg;
    return localtime_r(&now, &parts) != NULL && strftime(text, sizeof text, "%c", &parts) > 0 ? 0 : EDDY_EIO;
}

static int looks_up_itself(void *arg)
{
    struct addrinfo *found = NULL;
    (void)arg;
    if (getaddrinfo("localhost", "80", NULL, &found) == 0)
        freeaddrinfo(found);
    return 0;
}

static const stack_need needs[] = {
    {"a task that does nothing", nothing, 1024},
    {"`eddy_sleep`", sleeps, 8192},
    {"`eddy_create_task`, `eddy_await`", makes_and_awaits, 8192},
    {"`eddy_gather`, `eddy_wait`, `eddy_wait_for`", gathers, 8192},
    {"task groups and timeouts", groups_and_limits, 8192},
    {"queues and locks", queues_and_locks, 8192},
    {"`eddy_to_thread`", goes_to_a_thread, 8192},
    {"`eddy_stream_write`, `eddy_stream_readline`", writes_and_reads, 8192},
    {"`eddy_open_connection` by number", connects_by_number, 8192},
    {"`eddy_open_connection` by name", connects_by_name, 8192},
    {"`eddy_start_server`", serves, 8192},
    {"`eddy_open_datagram`, send, receive", sends_a_datagram, 8192},
    {"`eddy_loop_getaddrinfo`", looks_up, 8192},
    {"files: open, read, close", reads_a_file, 8192},
    {"`eddy_create_subprocess_exec`, `eddy_process_wait`", runs_a_program, 8192},
    {"the default exception handler", reports, 16384},
    {"C: `snprintf` of numbers and text", formats, 16384},
    {"C: `fopen`, `fprintf`, `fclose`", prints, 16384},
    {"C: `localtime_r`, `strftime`", formats_the_time, 16384},
    {"C: `getaddrinfo` (which blocks: not for a task)", looks_up_itself, 65536},
};

int main(int argc, char **argv)
{
    static const stack_needs all = {needs, sizeof needs / sizeof needs[0], prepare};
    return stack_needs_main("stack needs", &all, argc, argv);
}
