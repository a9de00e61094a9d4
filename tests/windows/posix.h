/* posix.h: the few calls of POSIX that tests make, on Windows.
 * Touches Winsock and the C library. What is a socket is one in `read`, `write` and `close` too; what cannot be had skips the test. */
#ifndef TESTS_WINDOWS_POSIX_H
#define TESTS_WINDOWS_POSIX_H

/* Before anything takes the name. */
#include "platform/windows/system.h"

/* Names that the system's headers take from everybody. */
#undef near
#undef far
#undef small
#undef interface
#define SIZE test_size /* a type of the system's, and a constant of a test */

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/* The system's own numbers, for they are what an error's record has. */
#undef ENOSPC
#undef EIO
#undef EFBIG
#undef ECONNREFUSED
#undef ECONNRESET
#define ENOSPC       ERROR_DISK_FULL
#define EIO          ERROR_IO_DEVICE
#define EFBIG        ERROR_FILE_TOO_LARGE
#define ECONNREFUSED WSAECONNREFUSED
#define ECONNRESET   WSAECONNRESET

#define MSG_NOSIGNAL 0 /* there are no such signals */

/* ---- skipped where they are called ---- */

_Noreturn void support_skip_here(const char *reason); /* support/results.h */

#define fork()                          (support_skip_here("there is no fork"), (pid_t)-1)
#define waitpid(child, status, options) (*(status) = 0, (child))
#define mkfifo(path, mode)              (support_skip_here("FIFOs have no names in folders"), -1)
#define setrlimit(resource, limit)      (support_skip_here("there are no such limits"), -1)
#define getrlimit(resource, limit)      (support_skip_here("there are no such limits"), -1)
#define alarm(seconds)                  ((void)(seconds))
#define setitimer(which, value, old)    ((void)(value), support_skip_here("no timer sends signals"), -1)
#define posix_openpt(flags)             (support_skip_here("terminals are no pairs"), -1)
#define grantpt(fd)                     (-1)
#define unlockpt(fd)                    (-1)
#define ptsname(fd)                     ""
#define dup2(from, to)                  (test_dup2(from, to) >= 0 ? (to) : (support_skip_here("no number can be chosen"), -1))
#define kill(process, number)           (support_skip_here("processes send each other no signals"), -1)

#define WIFEXITED(status)   ((status) == (status))
#define WEXITSTATUS(status) (status)
#define WIFSIGNALED(status) ((status) < 0)
#define WTERMSIG(status)    (-(status))

struct rlimit {
    long rlim_cur, rlim_max;
};
enum { RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_CORE };

/* ---- signals: those that the C library has ---- */

#define SIGUSR1 30
#define SIGUSR2 31
#define SIGPIPE 13
#define SIGALRM 14
#define SIGHUP  1
#define SIGKILL 9

typedef int test_sigset;
#define sigset_t test_sigset
struct sigaction {
    void (*sa_handler)(int);
    test_sigset sa_mask;
    int sa_flags;
};
int test_sigaction(int number, const struct sigaction *action,
                   struct sigaction *old); /* < 0: no such signal here */
#define sigaction(number, action, old)                                                                       \
    (test_sigaction(number, action, old) == 0 ? 0 : (support_skip_here("there is no such signal"), -1))
#define sigemptyset(set) (*(set) = 0)

struct itimerval {
    struct timeval it_interval, it_value;
};
enum { ITIMER_REAL };

/* ---- descriptors ---- */

#define SOCK_NONBLOCK 0x10000
#define SOCK_CLOEXEC  0x20000
#define O_CLOEXEC     O_NOINHERIT
#define O_NONBLOCK    0
#define O_NOCTTY      0
#define O_DIRECTORY   0
enum { F_GETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC };

int fcntl(int fd, int command, ...); /* whether a handle is a descriptor's; blocking sockets and not */
int test_dup2(int from, int to);
int pipe(int ends[2]);
int pipe2(int ends[2], int flags);
int socketpair(int domain, int type, int protocol,
               int ends[2]); /* over loopback, whatever domain is asked for */
int test_poll(struct pollfd *what, unsigned count, int milliseconds);
#define poll test_poll
int setenv(const char *name, const char *value, int replace);
int unsetenv(const char *name);
#define SHUT_RDWR SD_BOTH
int test_setsockopt(int fd, int level, int name, const void *value, int size);
int test_getsockopt(int fd, int level, int name, void *value, int *size);
#define setsockopt  test_setsockopt
#define getsockopt  test_getsockopt
#define FNM_NOMATCH 1
int fnmatch(const char *pattern, const char *text, int flags); /* `*` and `?` only */
char *mkdtemp(char *pattern);
int mkstemp(char *pattern);                  /* may be removed while it is open */
int test_access(const char *path, int mode); /* nothing of /proc and /dev, though an emulator shows them */
#define access test_access
#ifndef R_OK
#define R_OK 4
#endif

#endif
