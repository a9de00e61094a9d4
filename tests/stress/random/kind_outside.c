/* kind_outside.c: what does not come from the loop's own tasks: lines to an echo server and back, and calls on other threads.
 * Touches the public API and the ledger. What comes back is what was sent. Threads only where the clock is real: they have no seed. */
#include "random.h"

#include <stdio.h>

static eddy_server *server;
static char service[16];

static int echo(eddy_stream *stream, void *arg)
{
    eddy_view got;
    ptrdiff_t size;
    (void)arg;
    while ((size = eddy_stream_readline(stream, &got)) > 0)
        if (eddy_stream_write(stream, got.data, (size_t)size) < 0)
            break;
    return 0;
}

static void await_outside(actor *me, int at)
{
    me->outside = true;
    await_begin(me, at, LAX);
}

static int exchange(actor *me, int at, eddy_stream *stream)
{
    char sent[32];
    eddy_view back;
    int length = snprintf(sent, sizeof sent, "%d:%d\n", me->number, at);
    await_outside(me, at);
    int rc = await_end(me, eddy_stream_write(stream, sent, (size_t)length));
    if (rc < 0)
        return rc;
    await_outside(me, at);
    ptrdiff_t got = eddy_stream_readline(stream, &back);
    (void)await_end(me, got < 0 ? (int)got : 0);
    if (got < 0)
        return (int)got;
    EXPECT(me->w, got == length && memcmp(back.data, sent, (size_t)length) == 0,
           "another line came back than was sent");
    return 0;
}

static int run_exchange(actor *me, int at)
{
    eddy_stream *stream;
    await_outside(me, at);
    int rc = await_end(me, eddy_open_connection(&stream, "127.0.0.1", service, NULL));
    if (rc < 0)
        return rc;
    for (int i = 0; i < 2 && rc == 0; i++)
        rc = exchange(me, at, stream);
    EXPECT(me->w, rc == 0 || rc == EDDY_ECANCELED, "an exchange failed although nothing was wrong");
    eddy_stream_close(stream);
    eddy_stream_release(stream);
    return rc;
}

static int answer(void *arg)
{
    (void)arg;
    return 42;
}

static int run_thread(actor *me, int at)
{
    if (me->w->simulated)
        return 0;
    await_outside(me, at);
    int rc = eddy_to_thread(answer, NULL, NULL);
    (void)await_end(me, rc < 0 ? rc : 0);
    EXPECT(me->w, rc == 42 || rc == EDDY_ECANCELED, "a call on another thread came to something else");
    return rc < 0 ? rc : 0;
}

static bool plays(const program *p)
{
    for (int i = 0; i < p->count; i++)
        if (action_of(&p->steps[i])->run == run_exchange && !p->steps[i].dropped)
            return true;
    return false;
}

static int make(world *w)
{
    server = NULL;
    if (!plays(w->script))
        return 0;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL, NULL);
    if (rc == 0)
        snprintf(service, sizeof service, "%d", eddy_server_port(server, 0));
    return rc;
}

static void finish(world *w)
{
    if (server == NULL)
        return;
    eddy_server_close(server);
    eddy_server_close_clients(server);
    EXPECT(w, eddy_server_wait_closed(server) == 0, "the echo server did not close");
    eddy_server_release(server);
}

static const action actions[] = {
    {"exchange", run_exchange, 5, 1, 1, LEAF},
    {"to_thread", run_thread, 5, 1, 1, LEAF},
};

const kind kind_outside = {
    .name = "outside", .actions = actions, .action_count = 2, .make = make, .finish = finish};
