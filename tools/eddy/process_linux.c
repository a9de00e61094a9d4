/* process_linux.c: another process by /proc/PID/maps and process_vm_readv.
 * Touches the system. A read says what it could not do, and leaves it to the caller whether that matters. */
#include "process.h"

#include "grow.h"
#include "names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/types.h>
#include <sys/uio.h>

enum { LINE_SIZE = 4352, MOST_REGIONS = 1 << 20 };

typedef struct mapped_region {
    uint64_t start, end, offset;
    bool writable, is_program; /* is_program: the file begins as ELF does */
    char *path;
} mapped_region;

struct other_process {
    pid_t pid;
    mapped_region *regions; /* of files, in the order of addresses */
    size_t count, room;
    enum process_fault fault;
    function_names *names;
};

static enum process_fault fault_of(int error)
{
    return error == ESRCH                      ? PROCESS_ENDED
           : error == ENOENT                   ? PROCESS_MISSING
           : error == EPERM || error == EACCES ? PROCESS_FORBIDDEN
           : error == ENOSYS                   ? PROCESS_UNSUPPORTED
           : error == ENOMEM                   ? PROCESS_NO_MEMORY
                                               : PROCESS_FINE;
}

bool process_read(other_process *process, uint64_t address, void *out, size_t size)
{
    struct iovec local = {out, size};
    struct iovec remote = {(void *)(uintptr_t)address, size};
    if (address > UINTPTR_MAX || address + size < address)
        return false;
    ssize_t got = process_vm_readv(process->pid, &local, 1, &remote, 1, 0);
    if (got < 0 && fault_of(errno) != PROCESS_FINE)
        process->fault = fault_of(errno);
    return got >= 0 && (size_t)got == size;
}

enum process_fault process_state(const other_process *process)
{
    return process->fault;
}

/* ---- what is mapped ---- */

static bool add_region(other_process *process, const mapped_region *region, const char *path)
{
    void *regions = process->count < MOST_REGIONS
                        ? array_grow(process->regions, process->count, &process->room, sizeof *region)
                        : NULL;
    if (regions == NULL)
        return false;
    process->regions = regions;
    struct mapped_region *added = &process->regions[process->count];
    *added = *region;
    added->path = strdup(path);
    if (added->path == NULL)
        return false;
    process->count++;
    return true;
}

/* Only the first part of a file shows how it begins; the parts that follow take it over. */
static void look_at_beginning(other_process *process, mapped_region *region, const char *path)
{
    char head[4];
    if (region->offset == 0) {
        region->is_program =
            process_read(process, region->start, head, sizeof head) && memcmp(head, "\177ELF", 4) == 0;
        return;
    }
    const struct mapped_region *before = process->count > 0 ? &process->regions[process->count - 1] : NULL;
    region->is_program = before != NULL && before->is_program && strcmp(before->path, path) == 0;
}

/* A hexadecimal number, and the sign behind it. */
static bool take_number(const char **text, char behind, uint64_t *out)
{
    char *end;
    *out = strtoull(*text, &end, 16);
    bool found = end != *text && *end == behind;
    *text = end + (found ? 1 : 0);
    return found;
}

static const char *after_word(const char *text)
{
    text += strcspn(text, " ");
    return text + strspn(text, " ");
}

/* "start-end permissions offset device inode path" (proc(5)); what has no path is no file. */
static bool add_line(other_process *process, const char *line)
{
    const char *permissions, *path;
    mapped_region region = {0};
    if (!take_number(&line, '-', &region.start) || !take_number(&line, ' ', &region.end))
        return true;
    permissions = line;
    line = after_word(line);
    if (strlen(permissions) < 4 || !take_number(&line, ' ', &region.offset))
        return true;
    path = after_word(after_word(line));
    if (*path != '/')
        return true;
    region.writable = permissions[0] == 'r' && permissions[1] == 'w' && permissions[3] == 'p';
    look_at_beginning(process, &region, path);
    return add_region(process, &region, path);
}

static enum process_fault read_maps(other_process *process)
{
    char name[64], line[LINE_SIZE];
    size_t lines = 0;
    bool fits = true;
    (void)snprintf(name, sizeof name, "/proc/%ld/maps", (long)process->pid);
    FILE *maps = fopen(name, "re");
    if (maps == NULL)
        return fault_of(errno) != PROCESS_FINE ? fault_of(errno) : PROCESS_MISSING;
    for (; fits && fgets(line, sizeof line, maps) != NULL; lines++) {
        line[strcspn(line, "\n")] = '\0';
        fits = add_line(process, line);
    }
    bool failed = ferror(maps) != 0;
    (void)fclose(maps);
    if (!fits)
        return PROCESS_NO_MEMORY;
    if (failed)
        return PROCESS_FORBIDDEN;
    return lines == 0 ? PROCESS_ENDED : process->fault;
}

enum process_fault process_open(other_process **out, long pid)
{
    other_process *process = calloc(1, sizeof *process);
    if (process == NULL)
        return PROCESS_NO_MEMORY;
    process->pid = (pid_t)pid;
    enum process_fault fault = pid > 0 && process->pid == pid ? read_maps(process) : PROCESS_MISSING;
    if (fault != PROCESS_FINE)
        process_close(process);
    else
        *out = process;
    return fault;
}

void process_close(other_process *process)
{
    if (process == NULL)
        return;
    names_close(process->names);
    for (size_t i = 0; i < process->count; i++)
        free(process->regions[i].path);
    free(process->regions);
    free(process);
}

bool process_data(const other_process *process, size_t index, uint64_t *address, uint64_t *size)
{
    for (size_t i = 0; i < process->count; i++) {
        const mapped_region *region = &process->regions[i];
        if (!region->writable || !region->is_program || index-- > 0)
            continue;
        *address = region->start;
        *size = region->end - region->start;
        return true;
    }
    return false;
}

void process_use_names(other_process *process)
{
    if (process->names == NULL)
        process->names = names_open(process->pid);
}

void process_place(const other_process *process, uint64_t address, char *out, size_t size)
{
    if (names_find(process->names, address, out, size))
        return;
    for (size_t i = 0; i < process->count; i++) {
        const mapped_region *region = &process->regions[i];
        if (address < region->start || address >= region->end)
            continue;
        const char *name = strrchr(region->path, '/');
        (void)snprintf(out, size, "%.64s+0x%" PRIx64, name + 1, address - region->start + region->offset);
        return;
    }
    (void)snprintf(out, size, "0x%" PRIx64, address);
}

void process_pause(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&time, NULL);
}
