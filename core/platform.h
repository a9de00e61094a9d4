/* platform.h: SEAM 2, what an operating system provides: clock, sockets, threads, pages for stacks, signals.
 * Implemented by platform/<system>/ files of the same names; core includes this and no header of a system.
 * Every function returns 0 or more for success and an EDDY_E... code on failure, unless it says otherwise. */
#ifndef EDDYI_PLATFORM_H
#define EDDYI_PLATFORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <eddy/config.h>
#include <eddy/error.h>
#include <eddy/process.h>
#include "core/backend.h"

/* ---- clock.c ---- */

uint64_t eddyi_clock_now(void); /* nanoseconds, monotonic, never 0, does not jump with the wall clock */
uint64_t eddyi_clock_resolution(void); /* nanoseconds */

/* ---- threads.c: storage large enough everywhere; each platform asserts it ---- */

typedef struct eddyi_mutex {
    _Alignas(16) unsigned char storage[64];
} eddyi_mutex;
typedef struct eddyi_condition {
    _Alignas(16) unsigned char storage[64];
} eddyi_condition;
typedef struct eddyi_thread {
    _Alignas(16) unsigned char storage[32];
} eddyi_thread;

int eddyi_mutex_init(eddyi_mutex *);
void eddyi_mutex_destroy(eddyi_mutex *);
void eddyi_mutex_lock(eddyi_mutex *);
void eddyi_mutex_unlock(eddyi_mutex *);
int eddyi_condition_init(eddyi_condition *); /* timed waits are on the clock of eddyi_clock_now() */
void eddyi_condition_destroy(eddyi_condition *);
void eddyi_condition_signal(eddyi_condition *);
void eddyi_condition_broadcast(eddyi_condition *);
void eddyi_condition_wait(eddyi_condition *, eddyi_mutex *);
/* false: the deadline passed. UINT64_MAX waits for ever. */
bool eddyi_condition_wait_until(eddyi_condition *, eddyi_mutex *, uint64_t deadline_ns);
int eddyi_thread_create(eddyi_thread *, void (*fn)(void *arg), void *arg,
                        const char *name); /* all signals blocked */
void eddyi_thread_join(eddyi_thread *);
void eddyi_thread_detach(eddyi_thread *); /* nobody will join it */
uintptr_t eddyi_thread_id(void);          /* of the calling thread; never 0; fast */
void eddyi_thread_yield(void);            /* let another thread run: for waits of a few instructions only */
unsigned eddyi_processor_count(void);

/* ---- thread_end.c ---- */

/* One that wants to hear of a thread's end: _Thread_local, zero at first. */
typedef struct eddyi_thread_end eddyi_thread_end;
struct eddyi_thread_end {
    eddyi_thread_end *next;
    void (*fn)(void); /* NULL: not asked */
};
/* fn() is called in the calling thread when it ends, last asked first; not in the thread that returns from main. Asked again it does
 * nothing, and cannot fail; once called, it may be asked anew. */
int eddyi_thread_at_end(eddyi_thread_end *end, void (*fn)(void));

/* ---- process.c ---- */

/* Grows by one in the child of every fork, so a loop can tell that it belongs to the parent. Very fast. */
uint32_t eddyi_fork_generation(void);
unsigned eddyi_process_thread_count(void); /* thread_count.c: how many there are; 0: nobody knows */
bool eddyi_process_is_privileged(void); /* set-user-id and the like: the environment is not to be believed */

/* ---- stack.c: address space for task stacks ---- */

enum eddyi_guard { EDDYI_GUARD_NONE, EDDYI_GUARD_PROTECT, EDDYI_GUARD_LIGHT }; /* LIGHT: costs no mapping */

size_t eddyi_page_size(void);
/* Reserve address space, zero-filled when touched, not committed before where the system can do that. `size` is a multiple of the page size. */
int eddyi_pages_reserve(void **out, size_t size);
void eddyi_pages_release(void *pages, size_t size);
/* Give the memory back and keep the address space; reads as zero afterwards. No guard lies among these pages. */
void eddyi_pages_discard(void *pages, size_t size);
/* These pages are a stack now, and nothing on it is needed: where pages count before they are touched, it may have few of them, and more as it
 * grows downwards. Cannot fail; nothing where pages count when they are touched. */
void eddyi_pages_as_stack(void *low, size_t size);
/* How many bytes at the low end of a stack cannot be read yet, since it never grew that far; 0 where pages can be read before they are touched. */
size_t eddyi_pages_untouched(const void *low, size_t size);
/* Make touching these pages a fault. Returns the enum eddyi_guard that is in force; EDDYI_GUARD_NONE when neither
 * way works, which is no error. `eddyi_guard_limit` forces less (tests and EDDY_GUARD=light|protect|none do). */
enum eddyi_guard eddyi_pages_guard(void *pages, size_t size);
void eddyi_guards_released(
    size_t count); /* so many guards of EDDYI_GUARD_PROTECT went with eddyi_pages_release */
void eddyi_guard_limit(enum eddyi_guard most);
enum eddyi_guard eddyi_guard_probe(void); /* what eddyi_pages_guard would use */
/* Smallest stack on which a signal handler can run: the kernel's frame and some air. */
size_t eddyi_signal_frame_size(void);

/* ---- errors.c ---- */

int eddyi_error_from_system(int os_error); /* as an EDDY_E... code; EDDY_ESYSTEM when it has none */

/* ---- fault.c: telling a stack overflow from other crashes ---- */

/* Called in a signal handler with the address that faulted: writes one line into `text` and returns true if it lies
 * in a task's guard. Then the line goes to standard error and the previous disposition of the signal runs. */
typedef bool (*eddyi_fault_describe_fn)(uintptr_t address, char *text, size_t size);
int eddyi_fault_install(
    eddyi_fault_describe_fn describe); /* once a process; idempotent; keeps others' handlers */
int eddyi_fault_thread_enter(void);    /* an alternate signal stack for this thread, if it has none; nests */
void eddyi_fault_thread_leave(void);

/* ---- signals.c ---- */

/* Somebody who is to be told of a signal. Any number of them a signal, in any thread. */
typedef struct eddyi_signal_watch {
    _Atomic(struct eddyi_signal_watch *) next;
    void (*fn)(
        void *arg); /* in signal context, in any thread: it may set flags and wake a backend, nothing else */
    void *arg;
    int number; /* 0: it is not watched */
    bool polite;
    uint32_t generation;
} eddyi_signal_watch;

/* `fn` and `arg` are set. `polite`: only in the main thread (else EDDY_EPERM) and if the signal has its default action (else EDDY_EBUSY), and
 * it is told only while nobody else watches. Who had a handler before is called as well. EDDY_EINVAL: cannot be watched. */
int eddyi_signal_watch_add(eddyi_signal_watch *, int number, bool polite);
/* When it returns `fn` is not running and will not run. The last one puts back what was there before, if ours is there still. Idempotent;
 * nothing in the child of a fork, where no signal is watched. */
void eddyi_signal_watch_remove(eddyi_signal_watch *);
void eddyi_interrupt_raise_default(
    void); /* SIGINT as if nobody had a handler: normally ends the process. Signal-safe */

/* ---- the context switch: platform/switch/ ---- */

typedef struct eddyi_context {
    void *stack_pointer; /* where the rest of the saved state lies */
} eddyi_context;

/* For debuggers: where a context keeps its registers, in the words of include/eddy/inspect_record.h. */
extern const char eddyi_context_registers[];
extern const size_t
    eddyi_context_room; /* bytes that a switch needs on each stack beyond an ordinary call's */

/* Save the caller in *from and call entry(arg) on the stack [low, low + size), with floating-point control as the C library's
 * start leaves it. `entry` never returns. */
void eddyi_context_enter(eddyi_context *from, void *low, size_t size, void (*entry)(void *arg), void *arg);
/* Save the caller in *from and go on in *to. Keeps all that the ABI says a call keeps, floating-point control too. */
void eddyi_context_switch(eddyi_context *from, const eddyi_context *to);

/* Call fn(arg) on the stack of a context that somebody left, below what is saved there, and come back; the context stays as it is. False: nobody
 * knows how to here, and nothing was done. */
bool eddyi_context_call(const eddyi_context *context, void (*fn)(void *arg), void *arg);
/* Whether to an unwinder it was called by whoever left. */
extern const bool eddyi_context_call_can_be_unwound;

/* ---- unwind.c: the frames of a stack ---- */

/* Where the calls of the calling thread return to, innermost first, without the frames that lie below the address `above`. Returns how many there
 * are, also when more than `room`. */
size_t eddyi_unwind_here(const void *above, uintptr_t *addresses, size_t room);
/* The same for a context that somebody left, on the stack that begins at `low`; `above` may be NULL. 0: it cannot be told. */
size_t eddyi_unwind_context(const eddyi_context *context, const void *low, const void *above,
                            uintptr_t *addresses, size_t room);

/* Where the function begins that this is in; 0: not known. */
uintptr_t eddyi_unwind_function(uintptr_t address);

/* ---- symbols.c: what lies at an address of the program ---- */

typedef struct eddyi_symbols eddyi_symbols;
typedef struct eddyi_symbol {
    const char *function; /* NULL: not known; so with the next two */
    const char *file;     /* of the source */
    const char *object;   /* the program or library */
    unsigned line;        /* 0: not known */
    uintptr_t offset;     /* from the beginning of the function, else of the object */
} eddyi_symbol;

/* Finding things out about many addresses is cheaper than about each one. *out may become NULL. Blocks, and takes memory of its own. */
int eddyi_symbols_open(eddyi_symbols **out);
void eddyi_symbols_close(eddyi_symbols *);
/* What is found stays valid until close. */
void eddyi_symbols_find(eddyi_symbols *, uintptr_t address, eddyi_symbol *out);

/* ---- sockets.c: the network; sim has its own table of this type ---- */

enum eddyi_family {
    EDDYI_FAMILY_ANY,
    EDDYI_FAMILY_IPV4,
    EDDYI_FAMILY_IPV6,
    EDDYI_FAMILY_UNIX,
    EDDYI_FAMILY_OTHER
};
enum eddyi_socket_type { EDDYI_SOCKET_STREAM, EDDYI_SOCKET_DATAGRAM };
enum eddyi_socket_option {
    EDDYI_NON_BLOCKING, /* for a descriptor that somebody else made; get: EDDY_ENOSYS where it cannot be known */
    EDDYI_REUSE_ADDRESS,
    EDDYI_REUSE_PORT, /* EDDY_ENOSYS where there is none. Which of the listeners gets a connection is the system's choice */
    EDDYI_V6_ONLY,
    EDDYI_NO_DELAY,
    EDDYI_KEEP_ALIVE,
    EDDYI_BROADCAST,
    EDDYI_LINGER_RESET, /* close() sends a reset */
    EDDYI_SEND_BUFFER,  /* value: bytes */
    EDDYI_RECEIVE_BUFFER,
    EDDYI_SOCKET_ERROR, /* get only: the pending error as an EDDY_E... code or 0 */
    EDDYI_SOCKET_TYPE   /* get only: enum eddyi_socket_type */
};
enum { EDDYI_SHUT_READ = 1, EDDYI_SHUT_WRITE = 2 };
enum { EDDYI_RESOLVE_PASSIVE = 1, EDDYI_RESOLVE_NUMERIC = 2, EDDYI_RESOLVE_DATAGRAM = 4 };
enum {
    EDDYI_NAME_NUMERIC_HOST = 1,
    EDDYI_NAME_NUMERIC_SERVICE = 2,
    EDDYI_NAME_REQUIRED = 4,
    EDDYI_NAME_DATAGRAM = 8
};

/* Where a local socket is bound in the file system, and which file that was. */
typedef struct eddyi_socket_file {
    eddyi_address address; /* of size 0: none */
    uint64_t device, inode;
} eddyi_socket_file;

struct
    eddyi_net_ops { /* `backend` is the instance for sim; the platform's functions ignore it, it may be NULL */
    /* Every descriptor is non-blocking and not inherited from birth, and never raises SIGPIPE. */
    int (*socket)(eddyi_backend *backend, eddy_fd *out, enum eddyi_family, enum eddyi_socket_type);
    int (*bind)(eddyi_backend *backend, eddy_fd, const eddyi_address *);
    int (*listen)(eddyi_backend *backend, eddy_fd, int backlog);
    int (*shutdown)(eddyi_backend *backend, eddy_fd, int how);
    int (*close)(eddyi_backend *backend,
                 eddy_fd); /* never retried; the descriptor is gone whatever it returns */
    int (*set_option)(eddyi_backend *backend, eddy_fd, enum eddyi_socket_option, int value);
    int (*get_option)(eddyi_backend *backend, eddy_fd, enum eddyi_socket_option, int *value);
    int (*local_address)(eddyi_backend *backend, eddy_fd, eddyi_address *out);
    int (*peer_address)(eddyi_backend *backend, eddy_fd, eddyi_address *out);
    /* Blocks unless `flags` has NUMERIC (then a name is EDDY_ENOHOST). host NULL or "": any / loopback address.
     * Fills at most `room` addresses in the resolver's order and returns how many there are, at least 1. */
    int (*resolve)(eddyi_backend *backend, const char *host, const char *service, enum eddyi_family,
                   enum eddyi_socket_type, int flags, eddyi_address *out, int room);
    enum eddyi_family (*family)(const eddyi_address *);
    int (*port)(const eddyi_address *); /* -1 when it has none */
    /* "127.0.0.1:80", "[::1]:80", a path; returns the length or EDDY_EINVAL when it does not fit. */
    int (*format)(const eddyi_address *, char *text, size_t size);
    /* The names that an address has, as NUL-terminated text; numbers where it has none, or EDDY_ENOHOST with NAME_REQUIRED. EDDY_EOVERFLOW:
     * does not fit. Blocks unless both are to be numeric. Returns 0. */
    int (*name)(eddyi_backend *backend, const eddyi_address *, char *host, size_t host_size, char *service,
                size_t service_size, int flags);
    /* Local sockets; NULL: there are none. Free the address of a socket file that nobody listens at any more; EDDY_EADDRINUSE for anything
     * else that is there. An abstract name has no file. */
    int (*claim_file)(eddyi_backend *backend, const eddyi_address *, enum eddyi_socket_type);
    void (*note_file)(eddyi_backend *backend, const eddyi_address *, eddyi_socket_file *out); /* after bind */
    void (*remove_file)(eddyi_backend *backend, const eddyi_socket_file *); /* if it still is the same */
    bool resolves_at_once; /* resolve() and name() never block: no thread is needed (sim) */
};

extern const eddyi_net_ops eddyi_platform_net;

/* ---- pipes.c: pipes, FIFOs, terminals and other devices, and sockets, by their descriptor ---- */

enum eddyi_pipe_kind { EDDYI_PIPE_PLAIN, EDDYI_PIPE_SOCKET, EDDYI_PIPE_DEVICE };
/* Returns the kind and makes it non-blocking; *changed: it was not. EDDY_EINVAL: what never waits (a regular file, a directory). */
int eddyi_pipe_adopt(eddy_fd fd, bool *changed);
void eddyi_pipe_give_back(eddy_fd fd); /* blocking again, for whoever shares the open file */
bool eddyi_pipe_reader_gone(eddy_fd fd);
/* Both close-on-exec. ends[1] is written, ends[0] read; ends[ours] does not block. */
int eddyi_pipe_create(eddy_fd ends[2], int ours);
int eddyi_null_device_open(eddy_fd *out); /* close-on-exec */

/* ---- spawn.c, child.c: children ---- */

typedef struct eddyi_spawn {
    const char *program; /* a path, or a name to be looked for in PATH */
    const char *const *arguments;
    const eddy_process_options *options; /* all but the standard streams, limit and executable */
    eddy_fd standard[3];                 /* what becomes 0, 1 and 2; -1: inherited */
} eddyi_spawn;

typedef struct eddyi_child {
    int pid;
    eddy_fd descriptor;      /* to be polled for EDDYI_IN: it has ended. -1: only eddyi_child_await tells */
    intptr_t process, watch; /* the system's own, where a number does not do */
} eddyi_child;

typedef struct eddyi_spawn_failure {
    const char *step; /* a literal */
    int os_error;
} eddyi_spawn_failure;

/* Blocks until the program runs or cannot; any thread. On failure nothing is left of it. */
int eddyi_child_spawn(eddyi_child *out, const eddyi_spawn *, const eddy_allocator *, eddyi_spawn_failure *);
void eddyi_shell_arguments(const char *arguments[4], const char *command);
/* 1 and *returncode: it has ended and was reaped; 0: it runs; < 0: it is gone, and nobody knows how it ended. */
int eddyi_child_reap(const eddyi_child *, int *returncode);
void eddyi_child_await(const eddyi_child *); /* block until it has ended; it stays to be reaped. Any thread */
/* Not after it was reaped. One that has ended takes the signal and nothing happens. */
int eddyi_child_signal(const eddyi_child *, int number);
bool eddyi_child_kill_and_reap(const eddyi_child *,
                               int *returncode); /* false: it may not be killed, and runs on */
void eddyi_child_close(eddyi_child *);           /* the descriptor */
extern const int eddyi_signal_terminate, eddyi_signal_kill;

/* ---- files.c: each may block, and is called on a thread; *os_error gets the system's number of a failure ---- */

enum {
    EDDYI_FILE_READS = 1,
    EDDYI_FILE_WRITES = 2,
    EDDYI_FILE_MAKES = 4,
    EDDYI_FILE_EMPTIES = 8,
    EDDYI_FILE_APPENDS = 16,
    EDDYI_FILE_NEW = 32 /* with MAKES: it must not be there */
};
/* Not inherited. *positioned: offsets mean something. */
int eddyi_file_open(eddy_fd *out, const char *path, unsigned how, bool *positioned, int32_t *os_error);
/* Once, EINTR retried. offset UINT64_MAX: the system's own position. 0: the end. */
int64_t eddyi_file_read(eddy_fd, void *data, size_t size, uint64_t offset, int32_t *os_error);
int64_t eddyi_file_write(eddy_fd, const void *data, size_t size, uint64_t offset, int32_t *os_error);
int eddyi_file_sync(eddy_fd, int32_t *os_error);
int64_t eddyi_file_length(eddy_fd, int32_t *os_error);
int eddyi_file_close(eddy_fd);

/* ---- attempt.c: one try of an op, for readiness backends ---- */

/* Do what `op` says, once, without blocking. Returns op's value, EDDY_EAGAIN when it would block, or its error with
 * the system's number in *os_error. EINTR is retried inside. CONNECT: the first attempt (op->state == 0) starts and
 * sets op->state = 1, later ones ask how it went. ACCEPT: connections that died in the queue (ECONNABORTED, EPROTO
 * and the like) are skipped. A zero-sized SEND is 0. More buffers than the system takes are cut, never refused. */
int64_t eddyi_attempt(eddyi_op *op, int32_t *os_error);
int64_t eddyi_attempt_sendfile(eddyi_op *op, int32_t *os_error); /* send_file.c */

#endif
