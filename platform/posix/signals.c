/* signals.c: one handler for all watched signals, and who is to be told of each.
 * Touches sigaction and pthread_atfork. A watch that was removed is never called again, and its memory is nobody's but the caller's.
 *
 * The handler walks a list that others change meanwhile. A change is one store; who took a watch out then waits for the handlers that may
 * still stand on it, in any thread: they count themselves in one of two counters, and each removal makes the next ones use the other, so a
 * storm of signals cannot hold it up (the two-counter grace period of McKenney's SRCU, "Sleepable RCU", 2006). */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "core/platform.h"
#include "platform/posix/system.h"
#include "platform/posix/this_thread.h"

#ifndef NSIG
#define NSIG 65
#endif

typedef void (*plain_fn)(int);
typedef void (*full_fn)(int, siginfo_t *, void *);

/* What is known of one signal. */
typedef struct entry {
    _Atomic(eddyi_signal_watch *) first;
    _Atomic(plain_fn) plain; /* of who had it before: called as well */
    _Atomic(full_fn) full;
    struct sigaction before;
} entry;

static entry entries[NSIG];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* adding and removing; never taken in a handler */
static atomic_uint epoch;
static atomic_int inside[2]; /* handlers that run, by the epoch in which they began */

/* ---- in signal context ---- */

static unsigned enter(void)
{
    for (;;) {
        unsigned mine = atomic_load(&epoch);
        atomic_fetch_add(&inside[mine & 1], 1);
        if (atomic_load(&epoch) == mine)
            return mine;
        atomic_fetch_sub(&inside[mine & 1], 1); /* a removal came in between and has not seen us */
    }
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    bool told = false;
    unsigned mine = enter();
    entry *e = &entries[number];
    for (eddyi_signal_watch *watch = atomic_load(&e->first); watch != NULL;
         watch = atomic_load(&watch->next)) {
        if (watch->polite && told)
            break; /* polite ones are last */
        watch->fn(watch->arg);
        told = true;
    }
    full_fn full = atomic_load(&e->full);
    plain_fn plain = atomic_load(&e->plain);
    if (full != NULL)
        full(number, info, context);
    else if (plain != NULL)
        plain(number);
    atomic_fetch_sub(&inside[mine & 1], 1);
    errno = saved;
}

/* ---- fork: the child's signals are not the parent's loops' ---- */

static bool is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_signal;
}

/* no EDDYI_CALL: what was there before goes back whatever happens */
static void restore(int number)
{
    struct sigaction current;
    if (sigaction(number, NULL, &current) == 0 && is_ours(&current))
        (void)sigaction(number, &entries[number].before, NULL);
}

static void before_fork(void)
{
    (void)pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    (void)pthread_mutex_unlock(&mutex);
}

static void after_fork_in_child(void)
{
    for (int number = 1; number < NSIG; number++) {
        if (atomic_load(&entries[number].first) == NULL)
            continue;
        restore(number);
        atomic_store(&entries[number].first, (eddyi_signal_watch *)NULL);
    }
    atomic_store(&inside[0], 0); /* handlers of threads that are not here */
    atomic_store(&inside[1], 0);
    (void)pthread_mutex_unlock(&mutex);
}

static int fork_watch_result;

static void watch_forks(void)
{
    fork_watch_result = pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* ---- adding and removing ---- */

static int install(int number, const struct sigaction *before)
{
    struct sigaction action;
    entry *e = &entries[number];
    bool full = (before->sa_flags & SA_SIGINFO) != 0;
    bool calls = full || (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN);
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_RESTART | SA_SIGINFO | SA_ONSTACK; /* a task with a small stack may run */
    (void)sigemptyset(&action.sa_mask);
    if (EDDYI_CALL(sigaction, -1, (number, &action, NULL)) != 0)
        return eddyi_error_from_system(errno);
    e->before = *before;
    atomic_store(&e->full, calls && full ? before->sa_sigaction : (full_fn)NULL);
    atomic_store(&e->plain, calls && !full ? before->sa_handler : (plain_fn)NULL);
    return 0;
}

/* With the mutex held. */
static int take(int number, bool polite)
{
    struct sigaction current;
    if (EDDYI_CALL(sigaction, -1, (number, NULL, &current)) != 0)
        return eddyi_error_from_system(errno);
    bool untaken = !(current.sa_flags & SA_SIGINFO) && current.sa_handler == SIG_DFL;
    if (polite && !untaken)
        return EDDY_EBUSY;
    return is_ours(&current) ? 0 : install(number, &current);
}

static void await_handlers(void)
{
    unsigned old = atomic_fetch_add(&epoch, 1);
    while (atomic_load(&inside[old & 1]) != 0)
        eddyi_thread_yield();
}

/* A handler that returns from these would come back to the instruction that failed, for ever. */
static bool can_be_watched(int number)
{
    return number > 0 && number < NSIG && number != SIGSEGV && number != SIGBUS && number != SIGFPE &&
           number != SIGILL;
}

int eddyi_signal_watch_add(eddyi_signal_watch *watch, int number, bool polite)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!can_be_watched(number))
        return EDDY_EINVAL;
    if (polite && !eddyi_is_main_thread())
        return EDDY_EPERM;
    (void)pthread_once(&once, watch_forks);
    if (fork_watch_result != 0)
        return eddyi_error_from_system(fork_watch_result);
    (void)pthread_mutex_lock(&mutex);
    entry *e = &entries[number];
    watch->polite = polite;
    watch->generation = eddyi_fork_generation();
    atomic_store(&watch->next, atomic_load(&e->first));
    /* First in the list, then in the kernel: what comes from now on is told. */
    atomic_store(&e->first, watch);
    int rc = take(number, polite);
    watch->number = rc < 0 ? 0 : number;
    if (rc < 0) {
        atomic_store(&e->first, atomic_load(&watch->next));
        await_handlers();
    }
    (void)pthread_mutex_unlock(&mutex);
    return rc;
}

void eddyi_signal_watch_remove(eddyi_signal_watch *watch)
{
    int number = watch->number;
    watch->number = 0;
    if (number == 0 || watch->generation != eddyi_fork_generation())
        return;
    (void)pthread_mutex_lock(&mutex);
    _Atomic(eddyi_signal_watch *) *link = &entries[number].first;
    while (atomic_load(link) != watch)
        link = &atomic_load(link)->next;
    if (link == &entries[number].first && atomic_load(&watch->next) == NULL)
        restore(number); /* the last one */
    atomic_store(link, atomic_load(&watch->next));
    await_handlers();
    (void)pthread_mutex_unlock(&mutex);
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
