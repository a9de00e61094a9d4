/* fault.c: tells a stack overflow from other crashes, on an alternate stack, and lets the process end as it would have.
 * Touches sigaction and sigaltstack. Only async-signal-safe calls in the handler; others' handlers are kept and run next. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/system.h"

enum { ALTERNATE_SIZE = 64 * 1024 };

static _Atomic(eddyi_fault_describe_fn) describe;
static struct sigaction previous_segv, previous_bus;
static atomic_flag installed = ATOMIC_FLAG_INIT;

static _Thread_local void *own_stack;
static _Thread_local int depth;

static void on_fault(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    char text[256];
    const struct sigaction *previous = number == SIGSEGV ? &previous_segv : &previous_bus;
    bool sent = info->si_code <= 0; /* by kill(2) or the like: nothing faulted and there is no address */
    if (!sent && atomic_load(&describe)((uintptr_t)info->si_addr, text, sizeof text)) {
        ssize_t ignored = write(STDERR_FILENO, text, strlen(text)); /* no EDDYI_CALL: the process is ending */
        (void)ignored;
    }
    errno = saved;
    if ((previous->sa_flags & SA_SIGINFO) && previous->sa_sigaction != NULL) {
        previous->sa_sigaction(number, info, context);
        return;
    }
    if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
        previous->sa_handler(number);
        return;
    }
    if (sent && previous->sa_handler == SIG_IGN)
        return;
    /* Return to the faulting instruction with the default action in place: the core shows the real place. */
    (void)signal(number, SIG_DFL);
    if (sent)
        (void)raise(number); /* nothing will fault again: it is delivered when this handler returns */
}

static int take(int number, const struct sigaction *action, struct sigaction *previous)
{
    return EDDYI_CALL(sigaction, -1, (number, action, previous)) == 0 ? 0 : eddyi_error_from_system(errno);
}

int eddyi_fault_install(eddyi_fault_describe_fn fn)
{
    struct sigaction action;
    atomic_store(&describe, fn);
    if (atomic_flag_test_and_set(&installed))
        return 0;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    int rc = take(SIGSEGV, &action, &previous_segv);
    if (rc < 0)
        goto out;
    rc = take(SIGBUS, &action, &previous_bus);
    if (rc < 0) {
        (void)sigaction(SIGSEGV, &previous_segv, NULL); /* no EDDYI_CALL: giving back must not fail */
        goto out;
    }
    return 0;
out:
    atomic_flag_clear(&installed); /* the next loop tries again */
    return rc;
}

/* A call that fails counts too: each is paired with a leave. */
int eddyi_fault_thread_enter(void)
{
    stack_t current;
    depth++;
    if (own_stack != NULL)
        return 0;
    if (EDDYI_CALL(sigaltstack, -1, (NULL, &current)) != 0)
        return eddyi_error_from_system(errno);
    if (!(current.ss_flags & SS_DISABLE))
        return 0; /* somebody else's will do */
    void *memory = EDDYI_CALL(
        mmap, MAP_FAILED, (NULL, ALTERNATE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (memory == MAP_FAILED)
        return EDDY_ENOMEM;
    stack_t own = {.ss_sp = memory, .ss_size = ALTERNATE_SIZE};
    if (EDDYI_CALL(sigaltstack, -1, (&own, NULL)) != 0) {
        int rc = eddyi_error_from_system(errno);
        (void)munmap(memory, ALTERNATE_SIZE);
        return rc;
    }
    own_stack = memory;
    return 0;
}

void eddyi_fault_thread_leave(void)
{
    stack_t current, disabled = {.ss_flags = SS_DISABLE, .ss_size = ALTERNATE_SIZE};
    if (--depth > 0 || own_stack == NULL)
        return;
    /* no EDDYI_CALL: cannot fail, and nothing could be done */
    if (sigaltstack(NULL, &current) == 0 && current.ss_sp == own_stack) /* else another took its place */
        (void)sigaltstack(&disabled, NULL);
    (void)munmap(own_stack, ALTERNATE_SIZE);
    own_stack = NULL;
}
