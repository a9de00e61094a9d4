/* process.h: subprocesses: started, talked to through pipes, waited for, signalled; for tasks with streams, and with protocols.
 * asyncio.subprocess, and the loop's low level. A child whose handle is let go, or whose loop closes, is killed and waited for: none is left behind. */
#ifndef EDDY_PROCESS_H
#define EDDY_PROCESS_H

#include <eddy/pipe.h>

EDDY_BEGIN

typedef struct eddy_process eddy_process;

/* Where a standard stream of a child leads. */
typedef enum eddy_subprocess_stdio {
    EDDY_SUBPROCESS_DEFAULT, /* INHERIT for tasks, PIPE with protocols */
    EDDY_SUBPROCESS_INHERIT,
    EDDY_SUBPROCESS_PIPE,    /* to a stream or transport here */
    EDDY_SUBPROCESS_DEVNULL, /* to nowhere */
    EDDY_SUBPROCESS_FD,      /* to the descriptor in the member of that name, which stays the caller's */
    EDDY_SUBPROCESS_STDOUT   /* standard_error only: where standard output leads */
} eddy_subprocess_stdio;

/* Zero is the default everywhere; a pointer that is NULL leaves the thing as it is here. */
typedef struct eddy_process_options {
    size_t size;
    eddy_subprocess_stdio standard_input, standard_output, standard_error;
    eddy_fd standard_input_fd, standard_output_fd, standard_error_fd; /* of EDDY_SUBPROCESS_FD */
    size_t limit;           /* of the streams that are read; as in eddy_connect_options */
    const char *executable; /* the program, when it is not the first argument */
    const char *cwd;
    const char *const
        *env; /* "NAME=value" ..., NULL at the end; its PATH is where the program is looked for */
    const eddy_fd *pass_fds; /* kept open in the child, under their numbers; all others are closed there */
    size_t pass_fd_count;
    bool start_new_session;
    const int *process_group;     /* to be joined; 0: one of its own */
    const uint32_t *user, *group; /* numbers */
    const uint32_t *extra_groups;
    size_t extra_group_count;
    const unsigned *umask;
    bool
        no_restore_signals; /* else ignored SIGPIPE and SIGXFSZ are not ignored there, and no signal is blocked */
} eddy_process_options;

EDDY_API void eddy_process_options_init(eddy_process_options *options);

/**
 * Start a program. The loop stands still while the system makes the child, some hundred microseconds.
 *
 * A program without a slash is looked for in PATH. Descriptors are closed in the child but 0, 1, 2 and those of pass_fds. Signals
 * with a handler have their default action there.
 *
 * asyncio   create_subprocess_exec
 * suspends  for one iteration, before the child is made
 * takes     argv: the program and its arguments, NULL at the end; options: NULL for the defaults
 * returns   0 and a process in *out, which eddy_process_release gives back
 * errors    EDDY_ENOENT · EDDY_EACCES · EDDY_EPERM · EDDY_EMFILE · EDDY_ENOMEM · EDDY_EAGAIN no more processes · EDDY_ESYSTEM what else the
 *           system says; the record's operation is the step that failed ("exec", "chdir", "setuid" ...), os_error the system's number ·
 *           EDDY_ECANCELED no child was made · EDDY_EINVAL · EDDY_ENOTASK · EDDY_ENOSYS the backend reaches no processes
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_create_subprocess_exec(eddy_process **out, const char *const *argv,
                                           const eddy_process_options *options);

/**
 * Start a command of the shell. It is for the caller to quote what is not to be taken as the shell's.
 *
 * asyncio   create_subprocess_shell
 * suspends  as eddy_create_subprocess_exec
 * takes     command: text; options: executable is another shell
 * returns   as eddy_create_subprocess_exec
 * errors    as eddy_create_subprocess_exec
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_create_subprocess_shell(eddy_process **out, const char *command,
                                            const eddy_process_options *options);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_process *eddy_process_retain(eddy_process *process);

/**
 * Give a reference back. The last one closes the pipes and kills a child that still runs; debug mode reports that. NULL is fine.
 *
 * asyncio   SubprocessTransport.close
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_process_release(eddy_process *process);

/**
 * Wait until it has ended. Any number of tasks may; at once when it is known. It does not end while it writes into a pipe that nobody
 * reads: use eddy_process_communicate.
 *
 * asyncio   Process.wait
 * suspends  until it has ended, whoever holds its pipes
 * takes     returncode: NULL, or as eddy_process_returncode
 * returns   0
 * errors    EDDY_ECANCELED the child goes on · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_process_wait(eddy_process *process, int *returncode);

/**
 * Send `input` to its standard input and close that, read all that it writes, and wait for it.
 *
 * A child that does not read its input is no error.
 *
 * asyncio   Process.communicate
 * suspends  until its pipes have ended and it has
 * takes     output, error_output: NULL, or what it wrote, valid until the next call or until the process is released, without data where
 *           there is no pipe; size: of the input, 0 for none; limit: most bytes of each output, 0 for any number
 * returns   0
 * errors    EDDY_ELIMIT · EDDY_ENOMEM · EDDY_EBUSY another task reads from it or communicates · EDDY_ECANCELED what was read is lost;
 *           in each case the child goes on · EDDY_ENOTASK · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_process_communicate(eddy_process *process, eddy_view *output, eddy_view *error_output,
                                        const void *input, size_t size, size_t limit);

/**
 * Send a signal. Never to another process: once its end is known nothing is sent.
 *
 * asyncio   Process.send_signal
 * returns   0, also when it has ended
 * errors    EDDY_EINVAL no such signal · EDDY_EPERM · EDDY_EFORKED
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_process_send_signal(eddy_process *process, int signum);

/**
 * Ask it to end: SIGTERM.
 *
 * asyncio   Process.terminate
 * errors    as eddy_process_send_signal
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_process_terminate(eddy_process *process);

/**
 * End it: SIGKILL.
 *
 * asyncio   Process.kill
 * errors    as eddy_process_send_signal
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_process_kill(eddy_process *process);

/**
 * What it ended with: its exit status; -N when signal N ended it; 255 when somebody else waited for it first.
 *
 * asyncio   Process.returncode
 * takes     returncode: written when it has ended; NULL is fine
 * returns   whether it has ended
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_process_returncode(const eddy_process *process, int *returncode);

/**
 * Its number. Of a process that has ended it may be another's by now.
 *
 * asyncio   Process.pid
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_process_pid(const eddy_process *process);

/**
 * The stream to its standard input; NULL unless that is a pipe. The process's, until that is released.
 *
 * asyncio   Process.stdin
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_stream *eddy_process_stdin(const eddy_process *process);

/**
 * The stream from its standard output; NULL unless that is a pipe. The process's.
 *
 * asyncio   Process.stdout
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_stream *eddy_process_stdout(const eddy_process *process);

/**
 * The stream from its standard error; NULL unless that is a pipe. The process's.
 *
 * asyncio   Process.stderr
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_stream *eddy_process_stderr(const eddy_process *process);

/* ---- with protocols ---- */

typedef struct eddy_subprocess_transport eddy_subprocess_transport;
typedef struct eddy_subprocess_protocol eddy_subprocess_protocol;

/*
 * What a subprocess's protocol does: its class. Every member may be NULL and then does nothing. connection_made comes first, connection_lost
 * last; in between, for each pipe, pipe_data_received ..., pipe_connection_lost; and process_exited somewhere among them: it may come before
 * the data. All are plain callbacks on the loop's thread: they must not await, and may call everything of the transport.
 */
typedef struct eddy_subprocess_protocol_type {
    size_t size;
    /* asyncio: BaseProtocol.connection_made. Once, first. The transport is there until connection_lost has returned. */
    void (*connection_made)(eddy_subprocess_protocol *, eddy_subprocess_transport *);
    /* asyncio: BaseProtocol.connection_lost. Once, last: the process has ended and its pipes are gone. error: 0, or EDDY_ECANCELED: the loop
     * was closed, and killed it. */
    void (*connection_lost)(eddy_subprocess_protocol *, int error);
    /* asyncio: BaseProtocol.pause_writing. More than the high-water mark is unsent to its standard input. Called inside a write. */
    void (*pause_writing)(eddy_subprocess_protocol *);
    /* asyncio: BaseProtocol.resume_writing. At or below the low-water mark again. */
    void (*resume_writing)(eddy_subprocess_protocol *);
    /* asyncio: SubprocessProtocol.pipe_data_received. fd: 1 or 2; `data` is valid during the call. < 0 is fatal for that pipe: reported, and it
     * is closed. */
    int (*pipe_data_received)(eddy_subprocess_protocol *, int fd, const void *data, size_t size);
    /* asyncio: SubprocessProtocol.pipe_connection_lost. Once for each pipe; 0 with error 0: nobody reads it any more, and nothing was
     * unsent. */
    void (*pipe_connection_lost)(eddy_subprocess_protocol *, int fd, int error);
    /* asyncio: SubprocessProtocol.process_exited. Once; get_returncode knows it. */
    void (*process_exited)(eddy_subprocess_protocol *);
} eddy_subprocess_protocol_type;

/* One subprocess's protocol. Yours: make it the first member of a larger struct. */
struct eddy_subprocess_protocol {
    const eddy_subprocess_protocol_type *type;
};

/* Make a protocol for a subprocess: 0 and it in *out, or an error, and then there is no subprocess. It is yours to free, at the earliest when
 * its connection_lost is called or the call that asked for it failed. Must not await. */
typedef int (*eddy_subprocess_protocol_factory)(eddy_subprocess_protocol **out, void *arg);

/**
 * Start a program, and give it and its pipes to a protocol. connection_made was called when this returns.
 *
 * asyncio   loop.subprocess_exec
 * suspends  for one iteration before the child is made, and for one after it
 * takes     loop: the running one; out: NULL, or gets the transport, not a reference: it is there until connection_lost has
 *           returned; argv, options: as in eddy_create_subprocess_exec; factory, arg: called once, before the child is made
 * returns   0
 * errors    as eddy_create_subprocess_exec · EDDY_EWRONGLOOP · the factory's own. No callback is called then
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_subprocess_exec(eddy_loop *loop, eddy_subprocess_transport **out,
                                         const char *const *argv, eddy_subprocess_protocol_factory factory,
                                         void *arg, const eddy_process_options *options);

/**
 * Start a command of the shell. It is for the caller to quote what is not to be taken as the shell's.
 *
 * asyncio   loop.subprocess_shell
 * suspends  as eddy_loop_subprocess_exec
 * takes     command: text; options: executable is another shell
 * returns   as eddy_loop_subprocess_exec
 * errors    as eddy_loop_subprocess_exec
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_subprocess_shell(eddy_loop *loop, eddy_subprocess_transport **out,
                                          const char *command, eddy_subprocess_protocol_factory factory,
                                          void *arg, const eddy_process_options *options);

/**
 * One more reference: the struct is there until it is given back, also after connection_lost.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_subprocess_transport *eddy_subprocess_transport_retain(eddy_subprocess_transport *self);

/**
 * Give a reference of eddy_subprocess_transport_retain back. The process lives on. NULL is fine.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_subprocess_transport_release(eddy_subprocess_transport *self);

/**
 * Its number. Of a process that has ended it may be another's by now.
 *
 * asyncio   SubprocessTransport.get_pid
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_subprocess_transport_get_pid(const eddy_subprocess_transport *self);

/**
 * What it ended with, as eddy_process_returncode.
 *
 * asyncio   SubprocessTransport.get_returncode
 * takes     returncode: written when it has ended; NULL is fine
 * returns   whether it has ended
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_subprocess_transport_get_returncode(const eddy_subprocess_transport *self,
                                                       int *returncode);

/**
 * The transport of one of its pipes: to write to its standard input, to pause its outputs. Its protocol is eddy's and stays.
 *
 * asyncio   SubprocessTransport.get_pipe_transport
 * takes     fd: 0, 1 or 2
 * returns   the transport, not a reference: it is there as long as this one; NULL unless that is a pipe
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_transport *eddy_subprocess_transport_get_pipe_transport(const eddy_subprocess_transport *self,
                                                                      int fd);

/**
 * Send a signal. Never to another process: once its end is known nothing is sent.
 *
 * asyncio   SubprocessTransport.send_signal
 * returns   0, also when it has ended
 * errors    EDDY_ECLOSED connection_lost was called · as eddy_process_send_signal
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_subprocess_transport_send_signal(eddy_subprocess_transport *self, int signum);

/**
 * Ask it to end: SIGTERM.
 *
 * asyncio   SubprocessTransport.terminate
 * errors    as eddy_subprocess_transport_send_signal
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_subprocess_transport_terminate(eddy_subprocess_transport *self);

/**
 * End it: SIGKILL.
 *
 * asyncio   SubprocessTransport.kill
 * errors    as eddy_subprocess_transport_send_signal
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_subprocess_transport_kill(eddy_subprocess_transport *self);

/**
 * Close the pipes, discard what is unsent, and kill it if it still runs. The callbacks come later, through the loop. Idempotent.
 *
 * asyncio   SubprocessTransport.close
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_subprocess_transport_close(eddy_subprocess_transport *self);

/**
 * Whether close was called, or everything has ended.
 *
 * asyncio   BaseTransport.is_closing of a SubprocessTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_subprocess_transport_is_closing(const eddy_subprocess_transport *self);

/**
 * Let another protocol have the calls from now on.
 *
 * asyncio   BaseTransport.set_protocol of a SubprocessTransport
 * errors    EDDY_EINVAL · EDDY_ECLOSED connection_lost was called
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_subprocess_transport_set_protocol(eddy_subprocess_transport *self,
                                                    eddy_subprocess_protocol *protocol);

/**
 * The protocol that has the calls.
 *
 * asyncio   BaseTransport.get_protocol of a SubprocessTransport
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_subprocess_protocol *
eddy_subprocess_transport_get_protocol(const eddy_subprocess_transport *self);

EDDY_END

#endif
