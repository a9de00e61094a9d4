/* stack.c: address space for task stacks: mmap, and guards by whatever the system has.
 * Touches mmap, mprotect, madvise. A guard that cannot be had is told, never an error. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/guard.h"
#include "platform/posix/pages.h"
#include "platform/posix/system.h"

/* Each protected page splits its mapping; systems bound the mappings of a process (Linux: 65530), and other code wants some. */
enum { MOST_PROTECTED = 30000 };

static atomic_int most_allowed = EDDYI_GUARD_LIGHT;
static atomic_int protected_pages;

size_t eddyi_page_size(void)
{
    static _Atomic(size_t) size;
    size_t known = atomic_load_explicit(&size, memory_order_relaxed);
    if (known == 0) {
        known = (size_t)sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&size, known, memory_order_relaxed);
    }
    return known;
}

int eddyi_pages_reserve(void **out, size_t size)
{
    void *pages = EDDYI_CALL(mmap, MAP_FAILED, (NULL, size, PROT_READ | PROT_WRITE, EDDYI_MAP_PAGES, -1, 0));
    if (pages == MAP_FAILED)
        return eddyi_error_from_system(errno);
    eddyi_pages_advise(pages, size);
    *out = pages;
    return 0;
}

void eddyi_pages_release(void *pages, size_t size)
{
    (void)munmap(pages, size);
}

void eddyi_pages_as_stack(void *low, size_t size)
{
    (void)low;
    (void)size;
}

const void *eddyi_pages_of_stack(const void *low, size_t size)
{
    (void)size;
    return low;
}

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

/* Asked for every new stack, so the environment is read once. */
static enum eddyi_guard allowed(void)
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

enum eddyi_guard eddyi_guard_probe(void)
{
    enum eddyi_guard most = allowed();
    if (most == EDDYI_GUARD_LIGHT && !eddyi_guard_light_works())
        return EDDYI_GUARD_PROTECT;
    return most;
}

static bool protect(void *pages, size_t size)
{
    if (atomic_fetch_add(&protected_pages, 1) >= MOST_PROTECTED ||
        EDDYI_CALL(mprotect, -1, (pages, size, PROT_NONE)) != 0) {
        atomic_fetch_sub(&protected_pages, 1);
        return false;
    }
    return true;
}

enum eddyi_guard eddyi_pages_guard(void *pages, size_t size)
{
    switch (eddyi_guard_probe()) {
    case EDDYI_GUARD_LIGHT:
        if (eddyi_guard_light(pages, size))
            return EDDYI_GUARD_LIGHT;
        return protect(pages, size) ? EDDYI_GUARD_PROTECT : EDDYI_GUARD_NONE;
    case EDDYI_GUARD_PROTECT:
        return protect(pages, size) ? EDDYI_GUARD_PROTECT : EDDYI_GUARD_NONE;
    default:
        return EDDYI_GUARD_NONE;
    }
}

void eddyi_guards_released(size_t count)
{
    atomic_fetch_sub(&protected_pages, (int)count);
}
