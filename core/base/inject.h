/* inject.h: the one table through which every allocation and every system call passes, so that tests can fail the k-th.
 * Touches nothing. But for their names it is compiled to nothing unless EDDY_INJECT is defined; then it counts fallible calls process-wide. */
#ifndef EDDYI_INJECT_H
#define EDDYI_INJECT_H

#include <stdbool.h>
#include <stdint.h>

/* X(name): one line a fallible call. `memory` is the allocator; the rest are named after the system's own call. */
/* clang-format off */
#define EDDYI_INJECT_MAP(X)                                                                                  \
    X(memory)                                                                                                \
    X(mmap) X(mprotect) X(madvise) X(sigaltstack) X(sigaction)                                               \
    X(pthread_create) X(pthread_mutex_init) X(pthread_cond_init) X(pthread_key_create) X(pthread_setspecific)  \
    X(socket) X(bind) X(listen) X(shutdown) X(close) X(setsockopt) X(getsockopt) X(getsockname)              \
    X(getpeername) X(getaddrinfo) X(getnameinfo) X(accept4) X(connect) X(recvmsg) X(sendmsg) X(recv) X(send) X(sendfile) X(read)        \
    X(write) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(epoll_pwait2) X(select) X(poll) X(eventfd)        \
    X(pipe2) X(fcntl) X(kqueue) X(kevent) X(fstat)                                              \
    X(open) X(fork) X(clone) X(execve) X(dup2) X(chdir) X(setsid) X(setpgid) X(setgroups) X(setgid)          \
    X(setuid) X(waitid) X(kill) X(pidfd_open) X(pidfd_send_signal) X(close_range) \
    X(io_uring_setup) X(io_uring_enter) X(io_uring_register)
/* clang-format on */

enum eddyi_inject_call {
#define EDDYI_INJECT_ENUM(name) EDDYI_INJECT_##name,
    EDDYI_INJECT_MAP(EDDYI_INJECT_ENUM)
#undef EDDYI_INJECT_ENUM
        EDDYI_INJECT_CALLS
};

#ifdef EDDY_INJECT

/* A plan: which calls fail, when, and how. All zero: nothing fails, everything is counted. */
typedef struct eddyi_inject_plan {
    uint64_t fail_at;    /* the k-th fallible call of the chosen kinds fails, counted from 1; 0: none */
    bool fail_after_too; /* ... and every one after it */
    uint64_t calls;      /* bit per enum eddyi_inject_call that takes part; 0: all */
    int os_error;        /* errno to answer with; 0: the call's usual one (ENOMEM, EMFILE, ECONNRESET ...) */
    uint32_t percent;    /* instead of fail_at: this share of the chosen calls fails, decided by `seed` */
    uint64_t seed;
    uint32_t
        most_bytes; /* recv/send/read/write and their msg forms move at most so many bytes; 0: no limit */
} eddyi_inject_plan;

void eddyi_inject_start(const eddyi_inject_plan *plan); /* resets the counts; NULL: count only */
void eddyi_inject_stop(void);
bool eddyi_inject_active(void);                         /* between start and stop */
uint64_t eddyi_inject_count(void);                      /* fallible calls of the chosen kinds since start */
uint64_t eddyi_inject_failures(void);                   /* how many were made to fail */
uint64_t eddyi_inject_count_of(enum eddyi_inject_call); /* calls of one kind since start, whatever the plan */

/* True: answer with *os_error instead of making the call. */
bool eddyi_inject_fails(enum eddyi_inject_call call, int *os_error);
uint32_t eddyi_inject_most_bytes(void); /* UINT32_MAX when there is no limit */

/* Between the two, an allocation is a defect of eddy: it is counted and the test fails. Nests. */
void eddyi_inject_forbid_memory(void);
void eddyi_inject_allow_memory(void);
uint64_t eddyi_inject_forbidden_count(void);

#define EDDYI_FORBID_MEMORY() eddyi_inject_forbid_memory()
#define EDDYI_ALLOW_MEMORY()  eddyi_inject_allow_memory()

#else

#define EDDYI_FORBID_MEMORY() ((void)0)
#define EDDYI_ALLOW_MEMORY()  ((void)0)

#endif
#endif
