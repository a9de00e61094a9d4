/* process_posix.c: posix_spawn and waitpid: the least that can be done.
 * Touches the C library. Children of a round are started all, then waited for in the same order. */
#include <spawn.h>
#include <sys/wait.h>

#include "meter.h"

extern char **environ;

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    char *arguments[] = {"/bin/true", NULL};
    pid_t *children = bench_allocate(count, sizeof *children);
    bench_meter meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    while (!meter.over) {
        for (size_t i = 0; i < count; i++)
            bench_check((errno = posix_spawn(&children[i], arguments[0], NULL, NULL, arguments, environ)) ==
                            0,
                        "posix_spawn");
        for (size_t i = 0; i < count; i++)
            bench_check(waitpid(children[i], NULL, 0) == children[i], "waitpid");
        meter.ops += count;
        bench_meter_lap(&meter);
    }
    bench_print("process", count, "", meter.ns_per_op / 1000, "us");
}
