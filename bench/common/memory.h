/* memory.h: what the system says this process occupies: resident bytes and bytes of page tables.
 * Touches /proc (Linux). Exact: the counters of /proc/self/status may lag by megabytes, smaps_rollup walks the pages. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"

typedef struct bench_memory {
    double resident, page_tables;
} bench_memory;

/* The value of a line "NAME:  123 kB", in bytes; < 0 when there is none. */
static inline double bench_memory_field(const char *path, const char *name)
{
    char line[256];
    long kib = -1;
    size_t length = strlen(name);
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            kib = atol(line + length + 1);
    fclose(file);
    return (double)kib * 1024;
}

static inline bench_memory bench_memory_now(void)
{
    bench_memory now = {.resident = bench_memory_field("/proc/self/smaps_rollup", "Rss"),
                        .page_tables = bench_memory_field("/proc/self/status", "VmPTE")};
    if (now.resident < 0)
        now.resident = bench_memory_field("/proc/self/status", "VmRSS");
    if (now.resident < 0)
        bench_fail("memory", "this system does not tell");
    return now;
}

/* The three rows of the work `parked`. */
static inline void bench_memory_print(const char *row, size_t count, bench_memory before, uint64_t began)
{
    uint64_t taken = bench_now() - began;
    bench_memory after = bench_memory_now();
    bench_print(row, count, "/resident", (after.resident - before.resident) / (double)count, "B");
    bench_print(row, count, "/page_tables", (after.page_tables - before.page_tables) / (double)count, "B");
    bench_print(row, count, "/create", (double)taken / (double)count, "ns");
}

/* Do it in a process of its own: memory that was given back to a pool would count as nothing the next time. */
static inline void bench_in_child(void (*measure)(void *arg), void *arg)
{
    int status;
    pid_t child = fork();
    bench_check(child >= 0, "fork");
    if (child == 0) {
        measure(arg);
        exit(EXIT_SUCCESS);
    }
    bench_check(waitpid(child, &status, 0) == child, "waitpid");
    if (status != 0)
        exit(EXIT_FAILURE);
}

#endif
