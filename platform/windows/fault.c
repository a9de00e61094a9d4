/* fault.c: tells a stack overflow from other crashes, on a stack of its own, and lets the process end as it would have.
 * Touches vectored exception handlers. What others do about an exception comes after; nothing is handled here. */
#include <string.h>

#include "core/platform.h"
#include "platform/windows/stack.h"
#include "platform/windows/system.h"

enum { ALTERNATE_SIZE = 64 * 1024, TEXT_SIZE = 256 };

static _Atomic(eddyi_fault_describe_fn) describe;
static atomic_flag installed = ATOMIC_FLAG_INIT;

static _Thread_local void *own_stack;
static _Thread_local int depth;

/* ---- when it happens ---- */

typedef struct telling {
    uintptr_t address;
    eddyi_context back;
} telling;

static void tell_of(uintptr_t address)
{
    char text[TEXT_SIZE];
    DWORD written;
    if (atomic_load(&describe)(address, text, sizeof text)) /* no EDDYI_CALL: the process is ending */
        (void)WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)strlen(text), &written, NULL);
}

static void tell_elsewhere(void *arg)
{
    telling *self = arg;
    eddyi_context left;
    tell_of(self->address);
    eddyi_context_switch(&left, &self->back);
}

static bool find_address(const EXCEPTION_RECORD *record, uintptr_t *address)
{
    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION &&
        record->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
        return false;
    *address = record->NumberParameters > 1 ? (uintptr_t)record->ExceptionInformation[1] : 0;
    if (record->ExceptionCode ==
        EXCEPTION_STACK_OVERFLOW) { /* told while the last pages are left: the guard is below */
        ULONG_PTR low, high;
        GetCurrentThreadStackLimits(&low, &high);
        *address = low - 1;
    }
    return true;
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *what)
{
    telling self;
    DWORD saved = GetLastError();
    if (find_address(what->ExceptionRecord, &self.address)) {
        void *stack = own_stack;
        own_stack = NULL; /* what fails in here fails by itself */
        if (stack != NULL)
            eddyi_context_enter(&self.back, stack, ALTERNATE_SIZE, tell_elsewhere, &self);
        own_stack = stack;
    }
    SetLastError(saved);
    return EXCEPTION_CONTINUE_SEARCH;
}

/* ---- before ---- */

int eddyi_fault_install(eddyi_fault_describe_fn fn)
{
    atomic_store(&describe, fn);
    if (atomic_flag_test_and_set(&installed))
        return 0;
    if (EDDYI_CALL_AS(sigaction, AddVectoredExceptionHandler, NULL, (0, on_exception)) != NULL)
        return 0;
    atomic_flag_clear(&installed); /* the next loop tries again */
    return EDDY_ENOMEM;
}

/* A call that fails counts too: each is paired with a leave. */
int eddyi_fault_thread_enter(void)
{
    ULONG kept = EDDYI_STACK_KEPT;
    depth++;
    if (own_stack != NULL)
        return 0;
    (void)SetThreadStackGuarantee(&kept); /* no EDDYI_CALL: with less an overflow may go untold */
    own_stack = EDDYI_CALL_AS(mmap, VirtualAlloc, NULL,
                              (NULL, ALTERNATE_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    return own_stack != NULL ? 0 : EDDY_ENOMEM;
}

void eddyi_fault_thread_leave(void)
{
    if (--depth > 0 || own_stack == NULL)
        return;
    (void)VirtualFree(own_stack, 0, MEM_RELEASE);
    own_stack = NULL;
}
