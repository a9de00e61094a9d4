/* guard.c: Linux's light guards (MADV_GUARD_INSTALL, madvise(2), since 6.13): a fault without a mapping of its own.
 * Touches madvise. An emulator may answer 0 and do nothing, so the first use is tried out. */
#include "platform/posix/guard.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/system.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { UNKNOWN, WORKS, FAILS };

bool eddyi_guard_light(void *pages, size_t size)
{
    return EDDYI_CALL(madvise, -1, (pages, size, MADV_GUARD_INSTALL)) == 0;
}

/* The kernel reads the guarded byte for us and reports EFAULT where we would have crashed. */
static int touch(const void *page)
{
    int ends[2];
    if (EDDYI_CALL(pipe2, -1, (ends, O_CLOEXEC)) != 0)
        return UNKNOWN;
    ssize_t written = EDDYI_CALL(write, -1, (ends[1], page, 1));
    int answer = written == 1 ? FAILS : errno == EFAULT ? WORKS : UNKNOWN;
    (void)close(ends[0]); /* no EDDYI_CALL: its answer is not looked at */
    (void)close(ends[1]); /* no EDDYI_CALL: its answer is not looked at */
    return answer;
}

static int try_out(void)
{
    size_t size = eddyi_page_size();
    void *page = EDDYI_CALL(mmap, MAP_FAILED,
                            (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (page == MAP_FAILED)
        return UNKNOWN;
    int answer = FAILS;
    if (EDDYI_CALL(madvise, -1, (page, size, MADV_GUARD_INSTALL)) == 0)
        answer = touch(page);
    else if (errno == ENOMEM || errno == EAGAIN)
        answer = UNKNOWN;
    (void)munmap(page, size);
    return answer;
}

bool eddyi_guard_light_works(void)
{
    static atomic_int answer;
    int known = atomic_load(&answer);
    if (known == UNKNOWN) {
        known =
            try_out(); /* for want of memory or descriptors it may stay unknown: the next one asks again */
        atomic_store(&answer, known);
    }
    return known == WORKS;
}

void eddyi_pages_advise(void *pages, size_t size)
{
    /* A huge page would commit 2 MiB for the first touched byte. */
    (void)EDDYI_CALL(madvise, -1, (pages, size, MADV_NOHUGEPAGE));
}
