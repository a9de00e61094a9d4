/* signals.c: console events and the C library's signals, and who is to be told of each.
 * Touches the console's handlers and signal(). Ctrl-C is SIGINT and Ctrl-Break is SIGBREAK; the system calls in a thread of its own, so a lock
 * guards who is told. A program may raise these and SIGTERM itself: the C library's handlers are ours while somebody watches. */
#include <signal.h>

#include "core/platform.h"
#include "platform/windows/system.h"
#include "platform/windows/this_thread.h"

#ifndef SIGBREAK
#define SIGBREAK 21
#endif

typedef void (*handler_fn)(int);

/* What is known of one signal. */
typedef struct entry {
    int number;
    _Atomic(eddyi_signal_watch *) first; /* polite ones last */
    handler_fn before;                   /* of the C library: called as well */
} entry;

static entry entries[] = {{.number = SIGINT}, {.number = SIGBREAK}, {.number = SIGTERM}};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

/* Changing the list. `telling` is held by who walks it, and taken by who removes from it; fn only wakes a loop, so nobody waits long. */
static SRWLOCK changing = SRWLOCK_INIT, telling = SRWLOCK_INIT;
static bool console_handled;

static entry *entry_of(int number)
{
    for (int i = 0; i < ENTRIES; i++)
        if (entries[i].number == number)
            return &entries[i];
    return NULL;
}

/* ---- when one comes ---- */

static bool tell_of(entry *e)
{
    bool told = false;
    AcquireSRWLockShared(&telling);
    for (eddyi_signal_watch *watch = atomic_load(&e->first); watch != NULL;
         watch = atomic_load(&watch->next)) {
        if (watch->polite && told)
            break;
        watch->fn(watch->arg);
        told = true;
    }
    handler_fn before = e->before;
    ReleaseSRWLockShared(&telling);
    if (told && before != NULL && before != SIG_DFL && before != SIG_IGN && before != SIG_ERR)
        before(e->number);
    return told;
}

static BOOL WINAPI on_console_event(DWORD event)
{
    if (event == CTRL_C_EVENT)
        return tell_of(entry_of(SIGINT));
    return event == CTRL_BREAK_EVENT && tell_of(entry_of(SIGBREAK));
}

static void __cdecl on_raise(int number)
{
    (void)signal(number,
                 on_raise); /* the C library has put the default back; no EDDYI_CALL: nothing could be done */
    (void)tell_of(entry_of(number));
}

/* ---- adding and removing ---- */

/* signal() cannot be asked, only set: what it was is put back. */
static handler_fn current_handler(int number)
{
    handler_fn found = signal(number, SIG_IGN);
    if (found != SIG_ERR)
        (void)signal(number, found);
    return found;
}

/* With the lock. */
static int take(entry *e, bool polite)
{
    handler_fn found = current_handler(e->number);
    if (polite && found != SIG_DFL)
        return EDDY_EBUSY;
    if (!console_handled && !EDDYI_CALL_AS(sigaction, SetConsoleCtrlHandler, FALSE, (on_console_event, TRUE)))
        return eddyi_error_from_system(eddyi_last_error());
    console_handled = true;
    if (found == on_raise)
        return 0;
    if (EDDYI_CALL_AS(sigaction, signal, SIG_ERR, (e->number, on_raise)) == SIG_ERR)
        return eddyi_error_from_system(eddyi_last_error());
    e->before = found;
    return 0;
}

static bool anybody_watches(void)
{
    for (int i = 0; i < ENTRIES; i++)
        if (atomic_load(&entries[i].first) != NULL)
            return true;
    return false;
}

/* With the lock; the last watch of the signal is gone. no EDDYI_CALL: what was there before goes back whatever happens. */
static void give_back(entry *e)
{
    if (atomic_load(&e->first) == NULL) {
        handler_fn found = signal(e->number, e->before);
        if (found != on_raise) /* somebody else's by now */
            (void)signal(e->number, found);
        e->before = SIG_DFL;
    }
    if (console_handled && !anybody_watches()) {
        (void)SetConsoleCtrlHandler(on_console_event, FALSE);
        console_handled = false;
    }
}

int eddyi_signal_watch_add(eddyi_signal_watch *watch, int number, bool polite)
{
    entry *e = entry_of(number);
    if (e == NULL)
        return EDDY_EINVAL;
    if (polite && !eddyi_is_main_thread())
        return EDDY_EPERM;
    AcquireSRWLockExclusive(&changing);
    watch->polite = polite;
    watch->generation = 0;
    int rc = take(e, polite);
    watch->number = rc < 0 ? 0 : number;
    if (rc == 0) {
        AcquireSRWLockExclusive(&telling);
        atomic_store(&watch->next, atomic_load(&e->first));
        atomic_store(&e->first, watch);
        ReleaseSRWLockExclusive(&telling);
    } else {
        give_back(e);
    }
    ReleaseSRWLockExclusive(&changing);
    return rc;
}

void eddyi_signal_watch_remove(eddyi_signal_watch *watch)
{
    entry *e = entry_of(watch->number);
    watch->number = 0;
    if (e == NULL)
        return;
    AcquireSRWLockExclusive(&changing);
    AcquireSRWLockExclusive(&telling);
    _Atomic(eddyi_signal_watch *) *link = &e->first;
    while (atomic_load(link) != watch)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&watch->next));
    ReleaseSRWLockExclusive(&telling);
    give_back(e);
    ReleaseSRWLockExclusive(&changing);
}

void eddyi_interrupt_raise_default(void)
{
    ExitProcess((UINT)STATUS_CONTROL_C_EXIT);
}
