/* close_on_exec.c: no descriptor but the standard ones survives exec: close_range(2) where the kernel has it (5.11), else those that
 * /proc/self/fd names.
 * Touches both. Async-signal-safe: the folder is read without the C library. */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/posix/spawn.h"
#include "platform/posix/system.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

enum { FIRST_OTHER = 3, BUFFER_SIZE = 4096, MOST = 1 << 20 };

/* As getdents64(2) has it. */
typedef struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[1];
} entry;

/* no EDDYI_CALL: what that calls; not every C library has it */
#define close_range(first, last, flags) (int)syscall(SYS_close_range, first, last, flags)

static void mark(int fd)
{
    if (fd >= FIRST_OTHER)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* no EDDYI_CALL: it is open */
}

static void mark_all_numbers(void)
{
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = FIRST_OTHER; fd < (most < 0 || most > MOST ? MOST : most); fd++)
        mark(fd);
}

static void mark_named(const char *entries, long size)
{
    for (long at = 0; at < size;) {
        const char *one = entries + at;
        unsigned short length;
        int fd = 0;
        memcpy(&length, one + offsetof(entry, size), sizeof length);
        const char *digit = one + offsetof(entry, name);
        for (; *digit >= '0' && *digit <= '9'; digit++)
            fd = fd * 10 + (*digit - '0');
        mark(fd);
        at += length;
    }
}

static void mark_open_ones(void)
{
    char buffer[BUFFER_SIZE];
    long got;
    int folder =
        open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* no EDDYI_CALL: there is another way */
    if (folder < 0) {
        mark_all_numbers();
        return;
    }
    while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0)
        mark_named(buffer, got);
    (void)close(folder); /* no EDDYI_CALL: ours */
}

void eddyi_close_on_exec_from_3(void)
{
    if (EDDYI_CALL(close_range, -1, (FIRST_OTHER, ~0U, CLOSE_RANGE_CLOEXEC)) != 0)
        mark_open_ones();
}
