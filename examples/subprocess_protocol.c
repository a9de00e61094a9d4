/* subprocess_protocol.c: a child of the low level: what it writes is pushed into callbacks, and no task waits for it.
 * Touches the public API. Its end and the ends of its pipes come in any order; connection_lost comes last. */
#include <stdio.h>

#include <eddy.h>

typedef struct sorter {
    eddy_subprocess_protocol protocol; /* first */
    eddy_subprocess_transport *transport;
    eddy_future *done;
} sorter;

static sorter *of(eddy_subprocess_protocol *protocol)
{
    return (sorter *)(void *)protocol;
}

static void connection_made(eddy_subprocess_protocol *protocol, eddy_subprocess_transport *transport)
{
    static const char words[] = "pear\napple\nfig\n";
    eddy_transport *input = eddy_subprocess_transport_get_pipe_transport(transport, 0);
    of(protocol)->transport = transport;
    if (eddy_transport_write(input, words, sizeof words - 1) < 0)
        eddy_subprocess_transport_close(transport); /* kills it */
    (void)eddy_transport_write_eof(input);
}

static int pipe_data_received(eddy_subprocess_protocol *protocol, int fd, const void *data, size_t size)
{
    (void)protocol;
    printf("%s: %.*s", fd == 1 ? "output" : "errors", (int)size, (const char *)data);
    return 0;
}

static void process_exited(eddy_subprocess_protocol *protocol)
{
    int code;
    if (eddy_subprocess_transport_get_returncode(of(protocol)->transport, &code))
        printf("it ended with %d\n", code);
}

static void connection_lost(eddy_subprocess_protocol *protocol, int error)
{
    (void)eddy_future_set_result(of(protocol)->done, error);
}

static const eddy_subprocess_protocol_type type = {.size = sizeof type,
                                                   .connection_made = connection_made,
                                                   .connection_lost = connection_lost,
                                                   .pipe_data_received = pipe_data_received,
                                                   .process_exited = process_exited};

static int factory(eddy_subprocess_protocol **out, void *arg)
{
    sorter *self = arg;
    self->protocol.type = &type;
    *out = &self->protocol;
    return 0;
}

static int run(void *arg)
{
    const char *argv[] = {"sort", NULL};
    eddy_loop *loop = eddy_get_running_loop();
    sorter self;
    (void)arg;
    int rc = eddy_loop_create_future(loop, &self.done);
    if (rc < 0)
        return rc;
    rc = eddy_loop_subprocess_exec(loop, NULL, argv, factory, &self, NULL); /* with three pipes */
    if (rc == 0)
        rc = eddy_await_future(self.done, NULL);
    eddy_future_release(self.done);
    return rc;
}

int main(void)
{
    return eddy_exit_status(eddy_run(run, NULL, NULL));
}
