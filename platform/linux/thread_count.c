/* thread_count.c: how many threads the process has: the 20th field of /proc/self/stat (proc_pid_stat(5)).
 * Touches /proc. Where that is not mounted nobody knows. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/platform.h"
#include "platform/posix/system.h"

enum { FIELDS_BEFORE = 17 }; /* between the program's name, which may hold anything, and the number */

static unsigned parse(const char *text)
{
    const char *at = strrchr(text, ')');
    for (int i = 0; at != NULL && i <= FIELDS_BEFORE; i++)
        at = strchr(at + 1, ' ');
    return at != NULL ? (unsigned)strtoul(at, NULL, 10) : 0;
}

unsigned eddyi_process_thread_count(void)
{
    char text[512];
    int fd = EDDYI_CALL(open, -1, ("/proc/self/stat", O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return 0;
    ssize_t size = EDDYI_CALL(read, -1, (fd, text, sizeof text - 1));
    (void)close(fd); /* no EDDYI_CALL: ours */
    if (size <= 0)
        return 0;
    text[size] = '\0';
    return parse(text);
}
