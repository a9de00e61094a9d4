/* child_start.c: a child that borrows the parent's memory until exec (clone(2), CLONE_VM and CLONE_VFORK), on a stack of its own.
 * Touches clone and fork. The thread that calls stands still until the child has its program; the others run on.
 *
 * Who changes ids gets a fork instead: the kernel and the C library would change them for the parent's memory and threads as well. */
#include <sched.h>
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

enum { STACK_ALIGNMENT = 16 };

static int fork_child(eddyi_birth *birth)
{
    pid_t pid = EDDYI_CALL(fork, -1, ());
    if (pid == 0)
        (void)eddyi_child_begin(birth);
    return (int)pid;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* else: their notes on memory would be the child's as well */
#endif

int eddyi_child_start(eddyi_birth *birth, void *stack, size_t size)
{
    const eddy_process_options *options = birth->what->options;
    if (SANITIZED || options->user != NULL || options->group != NULL || options->extra_groups != NULL)
        return fork_child(birth);
    char *top = (char *)stack + size;
    top -= (uintptr_t)top % STACK_ALIGNMENT;
    return EDDYI_CALL(clone, -1, (eddyi_child_begin, top, CLONE_VM | CLONE_VFORK | SIGCHLD, birth));
}
