/* syscall.h: no system call has a number here, so tests that make one without the C library leave it out.
 * Touches nothing. macOS's own numbers are no interface of the system. */
#ifndef TESTS_DARWIN_SYSCALL_H
#define TESTS_DARWIN_SYSCALL_H
#endif
