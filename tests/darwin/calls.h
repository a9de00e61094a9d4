/* calls.h: calls of other POSIX systems that tests make, on macOS: in several steps, which is enough for tests.
 * Touches sockets and pipes. Included before everything else, so that the names mean the same everywhere. */
#ifndef TESTS_DARWIN_CALLS_H
#define TESTS_DARWIN_CALLS_H

#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { SOCK_NONBLOCK = 0x10000000, SOCK_CLOEXEC = 0x20000000 };
#define socket     test_socket
#define socketpair test_socketpair
int test_socket(int domain, int type, int protocol);
int test_socketpair(int domain, int type, int protocol, int ends[2]);
int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
int pipe2(int ends[2], int flags);

#endif
