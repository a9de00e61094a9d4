/* signals.c: SIGINT for the runner.
 * Touches sigaction. Taken only in the main thread, and only where it still has its default action. */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "core/platform.h"
#include "platform/posix/system.h"
#include "platform/posix/this_thread.h"

static void (*_Atomic interrupt_fn)(void *);
static void *_Atomic interrupt_arg;
static atomic_int running; /* handlers, in any thread, that may still use the two */

static void on_interrupt(int number)
{
    int saved = errno;
    atomic_fetch_add(&running, 1);
    void (*fn)(void *) = atomic_load(&interrupt_fn);
    (void)number;
    if (fn != NULL)
        fn(atomic_load(&interrupt_arg));
    atomic_fetch_sub(&running, 1);
    errno = saved;
}

int eddyi_interrupt_install(void (*fn)(void *arg), void *arg)
{
    struct sigaction action, previous;
    if (!eddyi_is_main_thread())
        return EDDY_EPERM;
    if (EDDYI_CALL(sigaction, -1, (SIGINT, NULL, &previous)) != 0)
        return eddyi_error_from_system(errno);
    if ((previous.sa_flags & SA_SIGINFO) || previous.sa_handler != SIG_DFL)
        return EDDY_EBUSY;
    atomic_store(&interrupt_arg, arg);
    atomic_store(&interrupt_fn, fn);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART | SA_ONSTACK; /* it may arrive while a task with a small stack runs */
    (void)sigemptyset(&action.sa_mask);
    if (EDDYI_CALL(sigaction, -1, (SIGINT, &action, NULL)) != 0)
        return eddyi_error_from_system(errno);
    return 0;
}

void eddyi_interrupt_remove(void)
{
    struct sigaction current;
    /* no EDDYI_CALL: the handler must go whatever happens */
    if (sigaction(SIGINT, NULL, &current) == 0 && !(current.sa_flags & SA_SIGINFO) &&
        current.sa_handler == on_interrupt)
        (void)signal(SIGINT, SIG_DFL);
    atomic_store(&interrupt_fn, (void (*)(void *))NULL);
    while (atomic_load(&running) != 0) /* the caller may release `arg` next */
        eddyi_thread_yield();
}

void eddyi_interrupt_raise_default(void)
{
    sigset_t interrupt;
    (void)signal(SIGINT, SIG_DFL);
    (void)sigemptyset(&interrupt);
    (void)sigaddset(&interrupt, SIGINT);
    (void)raise(SIGINT);
    (void)pthread_sigmask(SIG_UNBLOCK, &interrupt, NULL); /* inside its own handler it is blocked */
}
