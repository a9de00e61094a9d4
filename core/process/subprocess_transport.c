/* subprocess_transport.c: subprocesses for protocols: subprocess_exec and subprocess_shell. J1-J7 are rules of asyncio's inventory.
 * Touches the process, and transports of its pipes, whose protocols are ours and hand on what they are told. connection_lost comes when the
 * process has ended and all pipes are gone, also when the loop closes. */
#include "core/net/transport_inside.h"
#include "core/process/process_inside.h"

typedef struct child_pipe {
    eddy_protocol protocol; /* first */
    eddy_subprocess_transport *owner;
    eddy_transport *transport; /* one reference; NULL: there is no pipe */
} child_pipe;

struct eddy_subprocess_transport {
    eddyi_teller teller;
    eddyi_closable closable;
    eddyi_pipe_taker taker;
    eddy_process *process; /* one reference */
    eddy_subprocess_protocol *protocol;
    child_pipe pipes[3];
    int open_pipes; /* whose connection_lost is to come */
    int error;      /* of connection_lost */
    bool exit_told, closed;
};

/* ---- references ---- */

static eddy_subprocess_transport *owner_of(eddyi_teller *teller)
{
    return EDDYI_CONTAINER(teller, eddy_subprocess_transport, teller);
}

eddy_subprocess_transport *eddy_subprocess_transport_retain(eddy_subprocess_transport *self)
{
    if (self != NULL)
        eddyi_teller_retain(&self->teller);
    return self;
}

void eddy_subprocess_transport_release(eddy_subprocess_transport *self)
{
    if (self != NULL)
        eddyi_teller_release(&self->teller);
}

static void free_transport(eddyi_teller *teller)
{
    eddy_subprocess_transport *self = owner_of(teller);
    eddy_loop *loop = teller->loop;
    for (int i = 0; i < 3; i++)
        eddy_transport_release(self->pipes[i].transport);
    eddy_process_release(self->process);
    eddyi_release(&loop->allocator, self);
    eddyi_loop_object_remove(loop);
}

/* ---- telling ---- */

static void tell_made(eddy_subprocess_transport *self)
{
    self->teller.made = true;
    if (self->protocol->type->connection_made != NULL)
        self->protocol->type->connection_made(self->protocol, self);
    for (int i = 0; i < 3; i++) /* they begin after it */
        if (self->pipes[i].transport != NULL)
            eddyi_teller_queue(&self->pipes[i].transport->teller);
}

static void tell_exited(eddy_subprocess_transport *self)
{
    self->exit_told = true;
    if (self->protocol->type->process_exited != NULL)
        self->protocol->type->process_exited(self->protocol);
}

static void lose_now(eddyi_closable *closable)
{
    eddyi_teller_lose(&EDDYI_CONTAINER(closable, eddy_subprocess_transport, closable)->teller);
}

static bool is_over(const eddy_subprocess_transport *self)
{
    return self->process->ended && self->open_pipes == 0;
}

static void end(eddy_subprocess_transport *self)
{
    eddyi_list_remove(&self->closable.link);
    self->closable.shut = lose_now;
    eddyi_teller_end(&self->teller, &self->closable);
}

static void tell(eddyi_teller *teller)
{
    eddy_subprocess_transport *self = owner_of(teller);
    if (!teller->made)
        tell_made(self);
    if (self->process->ended && !self->exit_told)
        tell_exited(self);
    if (is_over(self) && !teller->ended)
        end(self);
}

/* The loop closes: after the process and its pipes, which are shut by themselves. */
static void shut(eddyi_closable *closable)
{
    eddy_subprocess_transport *self = EDDYI_CONTAINER(closable, eddy_subprocess_transport, closable);
    if (!is_over(self)) {
        eddyi_list_append(&self->teller.loop->closables, &closable->link);
        return;
    }
    self->error = EDDY_ECANCELED; /* the loop's end is not the protocol's wish */
    if (self->teller.made && !self->exit_told)
        tell_exited(self);
    end(self);
}

static void tell_lost(eddyi_teller *teller)
{
    eddy_subprocess_transport *self = owner_of(teller);
    eddyi_list_remove(&self->closable.link);
    if (self->protocol->type->connection_lost != NULL)
        self->protocol->type->connection_lost(self->protocol, self->error);
}

static void tell_paused(eddyi_teller *teller)
{
    (void)teller; /* its pipe has the marks */
}

static const eddyi_teller_kind teller_kind = {tell, tell_lost, tell_paused, tell_paused, free_transport};

void eddyi_subprocess_look(eddy_subprocess_transport *self)
{
    if (!self->teller.loop->closing)
        eddyi_teller_queue(&self->teller);
}

/* ---- pipes ---- */

static child_pipe *pipe_of(eddy_protocol *protocol)
{
    return EDDYI_CONTAINER(protocol, child_pipe, protocol);
}

static int number_of(const child_pipe *pipe)
{
    return (int)(pipe - pipe->owner->pipes);
}

static int pipe_data(eddy_protocol *protocol, const void *data, size_t size)
{
    const child_pipe *pipe = pipe_of(protocol);
    eddy_subprocess_protocol *theirs = pipe->owner->protocol;
    if (theirs->type->pipe_data_received == NULL)
        return 0;
    return theirs->type->pipe_data_received(theirs, number_of(pipe), data, size);
}

static void pipe_lost(eddy_protocol *protocol, int error)
{
    child_pipe *pipe = pipe_of(protocol);
    eddy_subprocess_transport *self = pipe->owner;
    if (self->teller.made && self->protocol->type->pipe_connection_lost != NULL)
        self->protocol->type->pipe_connection_lost(self->protocol, number_of(pipe), error);
    self->open_pipes--;
    eddyi_subprocess_look(self);
}

static void pipe_paused(eddy_protocol *protocol)
{
    eddy_subprocess_protocol *theirs = pipe_of(protocol)->owner->protocol;
    if (theirs->type->pause_writing != NULL)
        theirs->type->pause_writing(theirs);
}

static void pipe_resumed(eddy_protocol *protocol)
{
    eddy_subprocess_protocol *theirs = pipe_of(protocol)->owner->protocol;
    if (theirs->type->resume_writing != NULL)
        theirs->type->resume_writing(theirs);
}

static const eddy_protocol_type pipe_type = {.size = sizeof pipe_type,
                                             .connection_lost = pipe_lost,
                                             .pause_writing = pipe_paused,
                                             .resume_writing = pipe_resumed,
                                             .data_received = pipe_data};

static int take_pipe(eddyi_pipe_taker *taker, eddy_loop *loop, int i, eddy_fd fd,
                     const eddyi_channel_settings *settings)
{
    eddy_subprocess_transport *self = EDDYI_CONTAINER(taker, eddy_subprocess_transport, taker);
    child_pipe *pipe = &self->pipes[i];
    int rc = eddyi_transport_create(loop, &pipe->transport, fd, settings);
    if (rc < 0)
        return rc;
    (void)eddy_transport_retain(pipe->transport);
    pipe->owner = self;
    pipe->protocol.type = &pipe_type;
    pipe->transport->protocol = &pipe->protocol;
    pipe->transport->protocol_is_eddys = true;
    self->open_pipes++;
    return 0;
}

/* ---- making ---- */

static int make_protocol(eddy_subprocess_protocol **out, eddy_subprocess_protocol_factory factory, void *arg)
{
    *out = NULL;
    int rc = factory(out, arg);
    if (rc >= 0 && (*out == NULL || (*out)->type == NULL))
        rc = EDDY_EINVAL;
    return rc < 0 ? eddyi_fail(rc, "subprocess_exec") : 0;
}

/* There is no child: nobody is told. */
static void discard(eddy_subprocess_transport *self)
{
    for (int i = 0; i < 3; i++)
        if (self->pipes[i].transport != NULL)
            eddyi_transport_discard(self->pipes[i].transport);
    eddy_subprocess_transport_release(self);
}

static int create(eddy_loop *loop, eddy_subprocess_transport **out, const char *const *argv,
                  eddy_subprocess_protocol *protocol, const eddy_process_options *options)
{
    eddy_subprocess_transport *self = eddyi_allocate_zero(&loop->allocator, sizeof *self);
    if (self == NULL)
        return eddyi_fail(EDDY_ENOMEM, "subprocess_exec");
    eddyi_teller_init(&self->teller, loop, &teller_kind);
    eddyi_loop_object_add(loop);
    self->taker = (eddyi_pipe_taker){take_pipe, EDDY_SUBPROCESS_PIPE};
    self->protocol = protocol;
    int rc = eddyi_process_create(loop, &self->process, argv, options, &self->taker);
    if (rc < 0) {
        discard(self);
        return rc;
    }
    self->process->transport = self;
    self->closable.shut = shut;
    eddyi_list_append(&loop->closables, &self->closable.link);
    eddyi_teller_queue(&self->teller);
    *out = self;
    return 0;
}

int eddy_loop_subprocess_exec(eddy_loop *loop, eddy_subprocess_transport **out, const char *const *argv,
                              eddy_subprocess_protocol_factory factory, void *arg,
                              const eddy_process_options *options)
{
    eddy_subprocess_protocol *protocol;
    eddy_subprocess_transport *self = NULL;
    eddy_task *task = eddyi_current_task();
    if (loop == NULL || factory == NULL)
        return eddyi_fail(EDDY_EINVAL, "subprocess_exec");
    if (task != NULL && task->future.loop != loop)
        return eddyi_fail(EDDY_EWRONGLOOP, "subprocess_exec");
    int rc = eddyi_process_prepare(argv, options);
    if (rc == 0)
        rc = make_protocol(&protocol, factory, arg);
    if (rc == 0)
        rc = create(loop, &self, argv, protocol, options);
    if (rc < 0)
        return rc;
    (void)eddy_subprocess_transport_retain(self); /* all may be over when we go on */
    eddyi_yield_keeping_cancel(
        task); /* connection_made comes through the loop. J2: a cancel must not orphan the child */
    if (out != NULL)
        *out = self;
    eddy_subprocess_transport_release(self);
    return 0;
}

int eddy_loop_subprocess_shell(eddy_loop *loop, eddy_subprocess_transport **out, const char *command,
                               eddy_subprocess_protocol_factory factory, void *arg,
                               const eddy_process_options *options)
{
    const char *argv[4];
    if (command == NULL)
        return eddyi_fail(EDDY_EINVAL, "subprocess_shell");
    eddyi_shell_arguments(argv, command);
    return eddy_loop_subprocess_exec(loop, out, argv, factory, arg, options);
}

/* ---- what can be asked and done ---- */

int eddy_subprocess_transport_get_pid(const eddy_subprocess_transport *self)
{
    return self != NULL ? eddy_process_pid(self->process) : -1;
}

bool eddy_subprocess_transport_get_returncode(const eddy_subprocess_transport *self, int *returncode)
{
    return self != NULL && eddy_process_returncode(self->process, returncode);
}

eddy_transport *eddy_subprocess_transport_get_pipe_transport(const eddy_subprocess_transport *self, int fd)
{
    return self != NULL && fd >= 0 && fd < 3 ? self->pipes[fd].transport : NULL;
}

int eddy_subprocess_transport_send_signal(eddy_subprocess_transport *self, int signum)
{
    if (self != NULL && self->teller.lost) /* J3 */
        return eddyi_fail(EDDY_ECLOSED, "send_signal");
    return eddy_process_send_signal(self != NULL ? self->process : NULL, signum);
}

int eddy_subprocess_transport_terminate(eddy_subprocess_transport *self)
{
    return eddy_subprocess_transport_send_signal(self, eddyi_signal_terminate);
}

int eddy_subprocess_transport_kill(eddy_subprocess_transport *self)
{
    return eddy_subprocess_transport_send_signal(self, eddyi_signal_kill);
}

void eddy_subprocess_transport_close(eddy_subprocess_transport *self)
{
    if (self == NULL || self->closed)
        return;
    self->closed = true;
    for (int i = 0; i < 3; i++)
        eddy_transport_abort(self->pipes[i].transport);
    if (!self->process->ended)
        (void)eddy_process_kill(self->process);
}

bool eddy_subprocess_transport_is_closing(const eddy_subprocess_transport *self)
{
    return self == NULL || self->closed || self->teller.ended;
}

int eddy_subprocess_transport_set_protocol(eddy_subprocess_transport *self,
                                           eddy_subprocess_protocol *protocol)
{
    int rc = eddyi_teller_check_protocol(self != NULL ? &self->teller : NULL,
                                         protocol != NULL ? protocol->type : NULL);
    if (rc == 0)
        self->protocol = protocol;
    return rc;
}

eddy_subprocess_protocol *eddy_subprocess_transport_get_protocol(const eddy_subprocess_transport *self)
{
    return self != NULL ? self->protocol : NULL;
}
