/* postgres_client.c: libpq on an eddy loop: its non-blocking calls, awaited in tasks. Usage: postgres_client CONNINFO
 * Touches the public API and libpq. Each task has a connection of its own; whoever waits, waits for that connection's descriptor alone.
 * Each step checks itself: several connections at once, large values, NOTIFY, cancelled queries, a server that ends a connection. Run by ci/peers/postgres. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>
#include <libpq-fe.h>

enum { CONNECTIONS = 8, LARGE = 4 << 20 };

static const char *conninfo;
static eddy_barrier all_connected;

/* ---- waiting for a descriptor ---- */

static void became_ready(void *arg)
{
    eddy_future *future = arg;
    if (!eddy_future_done(future))
        (void)eddy_future_set_result(future, 0);
}

/* Wait until it can be read, or written, or either. A cancelled wait leaves nothing behind. */
static int await_ready(eddy_fd fd, bool reads, bool writes)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_future *future;
    int rc = eddy_loop_create_future(loop, &future);
    if (rc < 0)
        return rc;
    if (reads)
        rc = eddy_loop_add_reader(loop, fd, became_ready, future);
    if (rc == 0 && writes)
        rc = eddy_loop_add_writer(loop, fd, became_ready, future);
    if (rc == 0)
        rc = eddy_await_future(future, NULL);
    (void)eddy_loop_remove_reader(loop, fd);
    (void)eddy_loop_remove_writer(loop, fd);
    eddy_future_release(future);
    return rc;
}

/* ---- libpq, awaited ---- */

static int failed(PGconn *conn)
{
    (void)fprintf(stderr, "postgres: %s", PQerrorMessage(conn));
    return EDDY_EPROTO;
}

/* PQsocket may be another one after each poll. */
static int pg_connect(PGconn **out)
{
    PGconn *conn = PQconnectStart(conninfo);
    if (conn == NULL)
        return EDDY_ENOMEM;
    int rc = PQstatus(conn) == CONNECTION_BAD ? failed(conn) : 0;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (rc == 0 && next != PGRES_POLLING_OK) {
        rc = await_ready(PQsocket(conn), next == PGRES_POLLING_READING, next == PGRES_POLLING_WRITING);
        if (rc == 0)
            next = PQconnectPoll(conn);
        if (next == PGRES_POLLING_FAILED)
            rc = failed(conn);
    }
    if (rc == 0 && PQsetnonblocking(conn, 1) != 0)
        rc = failed(conn);
    if (rc == 0)
        *out = conn;
    else
        PQfinish(conn);
    return rc;
}

/* While libpq has something to send it wants to be read, too: the server may wait for us to take what it says. */
static int pg_flush(PGconn *conn)
{
    int rc = 0, unsent = PQflush(conn);
    while (rc == 0 && unsent > 0) {
        rc = await_ready(PQsocket(conn), true, true);
        if (rc == 0 && !PQconsumeInput(conn))
            rc = failed(conn);
        unsent = PQflush(conn);
    }
    return rc == 0 && unsent < 0 ? failed(conn) : rc;
}

static int pg_next_result(PGconn *conn, PGresult **out)
{
    int rc = 0;
    while (rc == 0 && PQisBusy(conn)) {
        rc = await_ready(PQsocket(conn), true, false);
        if (rc == 0 && !PQconsumeInput(conn))
            rc = failed(conn);
    }
    if (rc == 0)
        *out = PQgetResult(conn);
    return rc;
}

/* The last result of a query is the caller's, to be given to PQclear: also one that says what went wrong. */
static int pg_results(PGconn *conn, PGresult **out)
{
    PGresult *last = NULL, *next = NULL;
    int rc = pg_flush(conn);
    while (rc == 0 && (rc = pg_next_result(conn, &next)) == 0 && next != NULL) {
        PQclear(last);
        last = next;
    }
    if (rc == 0 && last == NULL)
        rc = EDDY_EPROTO;
    if (rc == 0)
        *out = last;
    else
        PQclear(last);
    return rc;
}

static int pg_query(PGconn *conn, PGresult **out, const char *text, const char *parameter)
{
    int sent = parameter != NULL ? PQsendQueryParams(conn, text, 1, NULL, &parameter, NULL, NULL, 0)
                                 : PQsendQuery(conn, text);
    return sent ? pg_results(conn, out) : failed(conn);
}

/* A query whose only value is a number. */
static int pg_number(PGconn *conn, long *out, const char *text, const char *parameter)
{
    PGresult *result;
    int rc = pg_query(conn, &result, text, parameter);
    if (rc < 0)
        return rc;
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        *out = strtol(PQgetvalue(result, 0, 0), NULL, 10);
    else
        rc = failed(conn);
    PQclear(result);
    return rc;
}

static int pg_run(PGconn *conn, const char *text)
{
    PGresult *result;
    int rc = pg_query(conn, &result, text, NULL);
    if (rc < 0)
        return rc;
    rc = PQresultStatus(result) == PGRES_FATAL_ERROR ? failed(conn) : 0;
    PQclear(result);
    return rc;
}

/* ---- what is tried ---- */

static int expect(bool holds, const char *what)
{
    printf("%s: %s\n", what, holds ? "yes" : "NO");
    return holds ? 0 : EDDY_EPROTO;
}

/* Every one sees all the others, so they are there at the same time. */
static int count_connections(void *arg)
{
    PGconn *conn;
    long *seen = arg;
    int rc = pg_connect(&conn);
    if (rc < 0)
        return rc;
    rc = eddy_barrier_wait(&all_connected);
    if (rc >= 0)
        rc = pg_number(conn, seen, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'eddy'",
                       NULL);
    if (rc == 0)
        rc = eddy_barrier_wait(&all_connected);
    PQfinish(conn);
    return rc < 0 ? rc : 0;
}

static int try_several(void)
{
    long seen[CONNECTIONS] = {0};
    bool all = true;
    eddy_task_group group;
    int rc = eddy_barrier_init(&all_connected, CONNECTIONS);
    if (rc < 0)
        return rc;
    rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < CONNECTIONS; i++)
        rc = eddy_task_group_create_task(&group, NULL, count_connections, &seen[i], NULL);
    rc = eddy_task_group_exit(&group, rc);
    for (int i = 0; i < CONNECTIONS; i++)
        all = all && seen[i] >= CONNECTIONS;
    return rc < 0 ? rc : expect(all, "several connections at once");
}

static int try_large(PGconn *conn)
{
    long size = 0;
    char *value = malloc(LARGE + 1);
    PGresult *result;
    if (value == NULL)
        return EDDY_ENOMEM;
    memset(value, 'x', LARGE);
    value[LARGE] = '\0';
    int rc = pg_number(conn, &size, "SELECT length($1::text)", value);
    free(value);
    if (rc == 0)
        rc = expect(size == LARGE, "a value of 4 MiB is sent");
    if (rc == 0)
        rc = pg_query(conn, &result, "SELECT repeat('y', 4194304)", NULL);
    if (rc < 0)
        return rc;
    size = PQgetlength(result, 0, 0);
    PQclear(result);
    return expect(size == LARGE, "and one is received");
}

static int await_notification(PGconn *conn, PGnotify **out)
{
    int rc = 0;
    while (rc == 0 && (*out = PQnotifies(conn)) == NULL) {
        rc = await_ready(PQsocket(conn), true, false);
        if (rc == 0 && !PQconsumeInput(conn))
            rc = failed(conn);
    }
    return rc;
}

static int try_notify(PGconn *conn, PGconn *other)
{
    PGnotify *notification;
    int rc = pg_run(conn, "LISTEN news");
    if (rc == 0)
        rc = pg_run(other, "NOTIFY news, 'hello'");
    if (rc == 0)
        rc = await_notification(conn, &notification);
    if (rc < 0)
        return rc;
    bool fine = strcmp(notification->relname, "news") == 0 && strcmp(notification->extra, "hello") == 0;
    PQfreemem(notification);
    return expect(fine, "who listens hears a notification");
}

static int cancel_blocking(void *cancel)
{
    char why[256];
    return PQcancel(cancel, why, sizeof why) ? 0 : EDDY_EIO;
}

static void free_cancel(void *cancel)
{
    PQfreeCancel(cancel);
}

/* PQcancel blocks, so it has a thread, which has memory of its own: it may outlive us. */
static int pg_cancel(PGconn *conn)
{
    PGcancel *cancel = PQgetCancel(conn);
    if (cancel == NULL)
        return EDDY_ENOMEM;
    return eddy_to_thread(cancel_blocking, cancel, EDDY_OPTIONS(eddy_job_options, .release = free_cancel));
}

/* A limit ends our wait; the server is told, and what it says to that is taken: the connection is as good as new. */
static int try_cancel(PGconn *conn)
{
    PGresult *result = NULL;
    eddy_timeout limit;
    long one = 0;
    eddy_timeout_enter(&limit, 0.2);
    int rc = eddy_timeout_exit(&limit, pg_query(conn, &result, "SELECT pg_sleep(60)", NULL));
    rc = expect(rc == EDDY_ETIMEDOUT, "a query is given up after its time");
    if (rc == 0)
        rc = pg_cancel(conn);
    if (rc == 0)
        rc = pg_results(conn, &result);
    if (rc < 0)
        return rc;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    rc = expect(state != NULL && strcmp(state, "57014") == 0, "the server has cancelled it");
    PQclear(result);
    if (rc == 0)
        rc = pg_number(conn, &one, "SELECT 1", NULL);
    return rc < 0 ? rc : expect(one == 1, "the connection goes on");
}

static int try_end(PGconn *conn, PGconn *other)
{
    char text[64];
    PGresult *result = NULL;
    if (!PQsendQuery(conn, "SELECT pg_sleep(60)"))
        return failed(conn);
    (void)snprintf(text, sizeof text, "SELECT pg_terminate_backend(%d)", PQbackendPID(conn));
    int rc = pg_run(other, text);
    if (rc < 0)
        return rc;
    rc = pg_results(conn, &result);
    PQclear(result);
    return expect(PQstatus(conn) == CONNECTION_BAD || rc < 0,
                  "a connection that the server ends is an error");
}

static int try_all(PGconn *conn, PGconn *other)
{
    int rc = try_large(conn);
    if (rc == 0)
        rc = try_notify(conn, other);
    if (rc == 0)
        rc = try_cancel(conn);
    return rc < 0 ? rc : try_end(conn, other);
}

static int run(void *arg)
{
    PGconn *conn, *other;
    (void)arg;
    int rc = try_several();
    if (rc == 0)
        rc = pg_connect(&conn);
    if (rc < 0)
        return rc;
    rc = pg_connect(&other);
    if (rc == 0) {
        rc = try_all(conn, other);
        PQfinish(other);
    }
    PQfinish(conn);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: postgres_client CONNINFO\n");
        return 2;
    }
    conninfo = argv[1];
    return eddy_exit_status(eddy_run(run, NULL, NULL));
}
