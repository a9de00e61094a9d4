/* fault.c: tells a stack overflow from other crashes, on an alternate stack, and lets the process end as it would have.
 * Touches sigaction and sigaltstack. Only async-signal-safe calls in the handler; others' handlers are kept and run next. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/system.h"

enum { ALTERNATE_SIZE = 64 * 1024 };

static eddyi_fault_describe_fn describe;
static struct sigaction previous_segv, previous_bus;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int install_result;

static _Thread_local void *own_stack;
static _Thread_local int depth;

static void on_fault(int number, siginfo_t *info, void *context)
{
    char text[256];
    const struct sigaction *previous = number == SIGSEGV ? &previous_segv : &previous_bus;
    if (describe((uintptr_t)info->si_addr, text, sizeof text)) {
        ssize_t ignored = write(STDERR_FILENO, text, strlen(text)); /* no EDDYI_CALL: the process is ending */
        (void)ignored;
    }
    if ((previous->sa_flags & SA_SIGINFO) && previous->sa_sigaction != NULL) {
        previous->sa_sigaction(number, info, context);
        return;
    }
    if (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN) {
        previous->sa_handler(number);
        return;
    }
    /* Return to the faulting instruction with the default action in place: the core shows the real place. */
    (void)signal(number, SIG_DFL);
}

static void install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    if (EDDYI_CALL(sigaction, -1, (SIGSEGV, &action, &previous_segv)) != 0 ||
        EDDYI_CALL(sigaction, -1, (SIGBUS, &action, &previous_bus)) != 0)
        install_result = eddyi_error_from_system(errno);
}

int eddyi_fault_install(eddyi_fault_describe_fn fn)
{
    describe = fn;
    (void)pthread_once(&once, install);
    return install_result;
}

int eddyi_fault_thread_enter(void)
{
    stack_t current;
    if (depth++ > 0)
        return 0;
    if (EDDYI_CALL(sigaltstack, -1, (NULL, &current)) != 0 || !(current.ss_flags & SS_DISABLE))
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
    stack_t disabled = {.ss_flags = SS_DISABLE, .ss_size = ALTERNATE_SIZE};
    if (--depth > 0 || own_stack == NULL)
        return;
    (void)sigaltstack(&disabled, NULL); /* no EDDYI_CALL: cannot fail, and nothing could be done */
    (void)munmap(own_stack, ALTERNATE_SIZE);
    own_stack = NULL;
}
