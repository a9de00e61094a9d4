/* create.c: create_subprocess_exec and create_subprocess_shell.
 * Touches seam 2's pipes and children. All that can be refused without a child is tried first; when a later step fails the child is ended and
 * reaped, and nothing is left open. */
#include "core/process/process_inside.h"

void eddy_process_options_init(eddy_process_options *options)
{
    if (options != NULL)
        *options = (eddy_process_options){.size = sizeof *options};
}

/* ---- standard streams ---- */

static const eddy_process_options defaults = {.size = sizeof defaults};

typedef struct setup {
    eddy_process *process;
    const eddy_process_options *options;
    eddyi_pipe_taker *taker;
    eddyi_spawn spawn;
    eddy_fd opened[3]; /* for the child: closed here afterwards; -1: none */
} setup;

static void close_opened(setup *s)
{
    for (int i = 0; i < 3; i++)
        if (s->opened[i] != -1)
            (void)eddyi_platform_net.close(NULL, s->opened[i]);
}

static int open_pipe(setup *s, int i)
{
    eddy_fd ends[2];
    int ours = i == 0 ? 1 : 0;
    eddyi_channel_settings settings = {.way = i == 0 ? EDDYI_WAY_WRITE_PIPE : EDDYI_WAY_READ_PIPE};
    int rc = eddyi_pipe_create(ends, ours);
    if (rc < 0)
        return eddyi_fail(rc, "pipe");
    s->opened[i] = ends[1 - ours];
    rc = s->taker->take(s->taker, s->process->loop, i, ends[ours], &settings);
    if (rc < 0) {
        (void)eddyi_platform_net.close(NULL, ends[ours]);
        return eddyi_fail(rc, "pipe");
    }
    return 0;
}

static int open_standard(setup *s, int i, eddy_subprocess_stdio what, eddy_fd given)
{
    int rc = 0;
    if (what == EDDY_SUBPROCESS_DEFAULT)
        what = s->taker->usual;
    if (what == EDDY_SUBPROCESS_PIPE)
        rc = open_pipe(s, i);
    else if (what == EDDY_SUBPROCESS_DEVNULL && (rc = eddyi_null_device_open(&s->opened[i])) < 0)
        eddyi_fail(rc, "devnull");
    s->spawn.standard[i] = what == EDDY_SUBPROCESS_FD ? given : s->opened[i];
    return rc;
}

static int open_all(setup *s)
{
    const eddy_process_options *options = s->options;
    int rc = open_standard(s, 0, options->standard_input, options->standard_input_fd);
    if (rc == 0)
        rc = open_standard(s, 1, options->standard_output, options->standard_output_fd);
    if (rc == 0)
        rc = open_standard(s, 2, options->standard_error, options->standard_error_fd);
    if (options->standard_error == EDDY_SUBPROCESS_STDOUT)
        s->spawn.standard[2] = s->spawn.standard[1] != -1 ? s->spawn.standard[1] : 1;
    return rc;
}

/* ---- the child ---- */

static int spawn(setup *s)
{
    eddyi_spawn_failure failure;
    eddy_process *process = s->process;
    int ignored;
    int rc = eddyi_child_spawn(&process->child, &s->spawn, &process->loop->allocator, &failure);
    if (rc < 0)
        return eddyi_fail_system(rc, failure.os_error, failure.step);
    eddyi_list_append(&process->loop->closables, &process->closable.link);
    rc = eddyi_process_watch(process);
    if (rc == 0)
        return 0;
    (void)eddyi_child_kill_and_reap(&process->child, &ignored);
    eddyi_child_close(&process->child);
    eddyi_list_remove(&process->closable.link);
    return rc;
}

static int create_process(eddy_loop *loop, eddy_process **out)
{
    eddy_process *process = eddyi_allocate_zero(&loop->allocator, sizeof *process);
    if (process == NULL)
        return eddyi_fail(EDDY_ENOMEM, "create_subprocess");
    process->loop = loop;
    process->references = 1;
    process->child.descriptor = -1;
    process->closable.shut = eddyi_process_shut;
    eddyi_list_init(&process->closable.link);
    eddyi_list_init(&process->waiters);
    eddyi_node_init(&process->lost, eddyi_process_lost);
    eddyi_loop_object_add(loop);
    *out = process;
    return 0;
}

int eddyi_process_create(eddy_loop *loop, eddy_process **out, const char *const *argv,
                         const eddy_process_options *options, eddyi_pipe_taker *taker)
{
    if (options == NULL)
        options = &defaults;
    setup s = {.options = options, .taker = taker, .opened = {-1, -1, -1}};
    int rc = create_process(loop, &s.process);
    if (rc < 0)
        return rc;
    s.spawn = (eddyi_spawn){.program = options->executable != NULL ? options->executable : argv[0],
                            .arguments = argv,
                            .options = options,
                            .standard = {-1, -1, -1}};
    rc = open_all(&s);
    if (rc == 0)
        rc = spawn(&s);
    close_opened(&s);
    if (rc == 0) {
        *out = s.process;
    } else {
        s.process->ended = true; /* there is no child to be killed */
        eddy_process_release(s.process);
    }
    return rc;
}

/* ---- the calls ---- */

static bool valid_stdio(eddy_subprocess_stdio what, eddy_fd fd, eddy_subprocess_stdio most)
{
    return what >= EDDY_SUBPROCESS_DEFAULT && what <= most && (what != EDDY_SUBPROCESS_FD || fd >= 0);
}

static bool valid_options(const eddy_process_options *options)
{
    if (options->size < sizeof options->size || (options->pass_fds == NULL && options->pass_fd_count > 0) ||
        (options->extra_groups == NULL && options->extra_group_count > 0) ||
        (options->process_group != NULL && *options->process_group < 0))
        return false;
    for (size_t i = 0; i < options->pass_fd_count; i++)
        if (options->pass_fds[i] < 0)
            return false;
    return valid_stdio(options->standard_input, options->standard_input_fd, EDDY_SUBPROCESS_FD) &&
           valid_stdio(options->standard_output, options->standard_output_fd, EDDY_SUBPROCESS_FD) &&
           valid_stdio(options->standard_error, options->standard_error_fd, EDDY_SUBPROCESS_STDOUT);
}

int eddyi_process_prepare(const char *const *argv, const eddy_process_options *options)
{
    const uint32_t needed =
        UINT32_C(1) << EDDYI_READ | UINT32_C(1) << EDDYI_WRITE | UINT32_C(1) << EDDYI_POLL;
    eddy_task *task = eddyi_current_task();
    if (argv == NULL || argv[0] == NULL || (options != NULL && !valid_options(options)))
        return eddyi_fail(EDDY_EINVAL, "create_subprocess");
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, "create_subprocess");
    if ((task->future.loop->kinds & needed) != needed)
        return eddyi_fail(EDDY_ENOSYS, "create_subprocess");
    return eddyi_yield(task); /* others have their turn between two children */
}

/* ---- for tasks: pipes are streams ---- */

typedef struct stream_taker {
    eddyi_pipe_taker taker; /* first */
    size_t limit;
    eddy_stream *streams[3];
} stream_taker;

static int take_as_stream(eddyi_pipe_taker *taker, eddy_loop *loop, int i, eddy_fd fd,
                          const eddyi_channel_settings *channel)
{
    stream_taker *self = EDDYI_CONTAINER(taker, stream_taker, taker);
    eddyi_stream_settings settings = {.limit = self->limit, .channel = *channel};
    return eddyi_stream_create(loop, &self->streams[i], fd, &settings);
}

static int create(eddy_process **out, const char *const *argv, const eddy_process_options *options)
{
    stream_taker self = {.taker = {take_as_stream, EDDY_SUBPROCESS_INHERIT},
                         .limit = options != NULL ? options->limit : 0};
    int rc =
        out == NULL ? eddyi_fail(EDDY_EINVAL, "create_subprocess") : eddyi_process_prepare(argv, options);
    if (rc == 0)
        rc = eddyi_process_create(eddyi_current_task()->future.loop, out, argv, options, &self.taker);
    for (int i = 0; i < 3; i++)
        if (rc == 0)
            (*out)->streams[i] = self.streams[i];
        else
            eddy_stream_release(self.streams[i]);
    return rc;
}

int eddy_create_subprocess_exec(eddy_process **out, const char *const *argv,
                                const eddy_process_options *options)
{
    return create(out, argv, options);
}

int eddy_create_subprocess_shell(eddy_process **out, const char *command, const eddy_process_options *options)
{
    const char *argv[4];
    if (command == NULL)
        return eddyi_fail(EDDY_EINVAL, "create_subprocess");
    eddyi_shell_arguments(argv, command);
    return create(out, argv, options);
}
