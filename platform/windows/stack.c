/* stack.c: address space for task stacks: VirtualAlloc, and stacks that grow as the system's own do.
 * Touches VirtualAlloc, VirtualFree, VirtualProtect. The system counts every page that could be written, touched or not: so a stack has a few
 * pages, then one that makes the system add the next, then nothing. A guard is address space without pages: it costs nothing. */
#include <stdlib.h>
#include <string.h>

#include "core/platform.h"
#include "platform/windows/stack.h"
#include "platform/windows/system.h"

enum { FIRST_PAGES = 2 }; /* of a stack, above the page that makes it grow */

static atomic_int most_allowed = EDDYI_GUARD_LIGHT;

size_t eddyi_page_size(void)
{
    static _Atomic(size_t) size;
    size_t known = atomic_load_explicit(&size, memory_order_relaxed);
    if (known == 0) {
        SYSTEM_INFO info;
        GetSystemInfo(&info);
        known = info.dwPageSize;
        atomic_store_explicit(&size, known, memory_order_relaxed);
    }
    return known;
}

int eddyi_pages_reserve(void **out, size_t size)
{
    void *pages =
        EDDYI_CALL_AS(mmap, VirtualAlloc, NULL, (NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    if (pages == NULL)
        return eddyi_error_from_system(eddyi_last_error());
    *out = pages;
    return 0;
}

void eddyi_pages_release(void *pages, size_t size)
{
    (void)size;
    (void)VirtualFree(pages, 0, MEM_RELEASE);
}

/* Calls fn for each run of pages that can be written. */
static void each_writable(void *pages, size_t size, void (*fn)(char *from, size_t size))
{
    char *at = pages, *end = at + size;
    while (at < end) {
        MEMORY_BASIC_INFORMATION info;
        if (VirtualQuery(at, &info, sizeof info) == 0)
            return;
        char *next = (char *)info.BaseAddress + info.RegionSize;
        if (next > end)
            next = end;
        if (info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE)
            fn(at, (size_t)(next - at));
        at = next;
    }
}

/* What is reset may come back as it was or as zero: so it is zero before. */
static void give_back(char *from, size_t size)
{
    memset(from, 0, size);
    (void)EDDYI_CALL_AS(madvise, VirtualAlloc, NULL, (from, size, MEM_RESET, PAGE_READWRITE));
}

void eddyi_pages_discard(void *pages, size_t size)
{
    each_writable(pages, size, give_back);
}

void eddyi_pages_as_stack(void *low, size_t size)
{
    size_t page = eddyi_page_size();
    uintptr_t top = (uintptr_t)low + size, limit = (top / page - FIRST_PAGES) * page;
    if (size < (FIRST_PAGES + 1) * page + EDDYI_STACK_LOST) /* nothing to be saved */
        return;
    DWORD before;
    char *growing = (char *)limit - page;
    /* no EDDYI_CALL: a stack that keeps its pages is as good */
    if (!VirtualProtect(growing, page, PAGE_READWRITE | PAGE_GUARD, &before))
        return;
    (void)VirtualFree(low, (size_t)(growing - (char *)low), MEM_DECOMMIT);
    eddyi_context_set_limit(low, size, (void *)limit);
}

const void *eddyi_pages_of_stack(const void *low, size_t size)
{
    const char *at = low, *end = at + size;
    MEMORY_BASIC_INFORMATION info;
    while (at < end && VirtualQuery(at, &info, sizeof info) != 0 &&
           (info.State != MEM_COMMIT || (info.Protect & PAGE_GUARD)))
        at = (const char *)info.BaseAddress + info.RegionSize;
    return at;
}

/* ---- guards ---- */

void eddyi_guard_limit(enum eddyi_guard most)
{
    atomic_store(&most_allowed, (int)most);
}

static int read_environment(void)
{
    const char *text = eddyi_process_is_privileged() ? NULL : getenv("EDDY_GUARD");
    if (text != NULL && strcmp(text, "none") == 0)
        return EDDYI_GUARD_NONE;
    return text != NULL && strcmp(text, "protect") == 0 ? EDDYI_GUARD_PROTECT : EDDYI_GUARD_LIGHT;
}

enum eddyi_guard eddyi_guard_probe(void)
{
    enum { UNREAD = -1 };
    static atomic_int environment = UNREAD;
    int asked = atomic_load_explicit(&environment, memory_order_relaxed);
    int most = atomic_load_explicit(&most_allowed, memory_order_relaxed);
    if (asked == UNREAD) {
        asked = read_environment();
        atomic_store_explicit(&environment, asked, memory_order_relaxed);
    }
    return (enum eddyi_guard)(asked < most ? asked : most);
}

enum eddyi_guard eddyi_pages_guard(void *pages, size_t size)
{
    DWORD before;
    enum eddyi_guard most = eddyi_guard_probe();
    if (most == EDDYI_GUARD_LIGHT && EDDYI_CALL_AS(madvise, VirtualFree, FALSE, (pages, size, MEM_DECOMMIT)))
        return EDDYI_GUARD_LIGHT;
    if (most != EDDYI_GUARD_NONE &&
        EDDYI_CALL_AS(mprotect, VirtualProtect, FALSE, (pages, size, PAGE_NOACCESS, &before)))
        return EDDYI_GUARD_PROTECT;
    return EDDYI_GUARD_NONE;
}

void eddyi_guards_released(size_t count)
{
    (void)count; /* nothing bounds them */
}
