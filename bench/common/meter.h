/* meter.h: one way to measure for every program: warm up, count operations until the time is over, print.
 * Touches the clock and the environment. The clock is read once a batch, so that it does not weigh on the figure. */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct bench_meter {
    uint64_t ops; /* counted by the program, batch by batch */
    uint64_t warm_ns, run_ns;
    uint64_t warm_until, began, began_ops;
    double ns_per_op; /* valid when it is over */
    bool over;
} bench_meter;

static inline void bench_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* For calls that set errno. */
static inline void bench_check(bool fine, const char *what)
{
    if (!fine)
        bench_fail(what, strerror(errno));
}

static inline void *bench_allocate(size_t count, size_t size)
{
    void *block = calloc(count, size);
    bench_check(block != NULL, "calloc");
    return block;
}

static inline double bench_setting(const char *name)
{
    const char *text = getenv(name);
    if (!text)
        bench_fail(name, "is not set: start programs with bench/run, or export bench/settings");
    return atof(text);
}

/* The size of the work, the only argument of every program. */
static inline size_t bench_size(int argc, char **argv)
{
    long size = argc > 1 ? atol(argv[1]) : 0;
    if (size < 1)
        bench_fail(argv[0], "needs the size of the work as its first argument");
    return (size_t)size;
}

static inline uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t bench_setting_ns(const char *name)
{
    return (uint64_t)(bench_setting(name) * 1e9);
}

static inline bench_meter bench_meter_make(const char *seconds, const char *warm)
{
    return (bench_meter){.run_ns = bench_setting_ns(seconds), .warm_ns = bench_setting_ns(warm)};
}

/* Called by one of the counting parties after each of its batches. */
static inline void bench_meter_lap(bench_meter *meter)
{
    uint64_t now = bench_now();
    if (!meter->warm_until)
        meter->warm_until = now + meter->warm_ns;
    if (now < meter->warm_until || meter->over)
        return;
    if (!meter->began) {
        meter->began = now;
        meter->began_ops = meter->ops;
    } else if (now - meter->began >= meter->run_ns) {
        meter->ns_per_op = (double)(now - meter->began) / (double)(meter->ops - meter->began_ops);
        meter->over = true;
    }
}

/* One line of result; bench/run reads it. */
static inline void bench_print(const char *row, size_t size, const char *part, double value, const char *unit)
{
    printf("%s/%zu%s %.2f %s\n", row, size, part, value, unit);
    fflush(stdout);
}

/* The same for what this peer cannot do. */
static inline void bench_print_skip(const char *row, size_t size, const char *part, const char *why)
{
    printf("%s/%zu%s skip %s\n", row, size, part, why);
    fflush(stdout);
}

#endif
