/* process_libuv.c: a child that is started again in its exit callback: uv_spawn.
 * Touches libuv. The handle is closed before it is used again, as libuv asks. */
#include <uv.h>

#include "meter.h"

typedef struct runner {
    uv_process_t process; /* first */
    bool leader;
} runner;

static bench_meter meter;

static void start(uv_loop_t *loop, runner *self);

static void closed(uv_handle_t *handle)
{
    if (!meter.over)
        start(handle->loop, (runner *)handle);
}

static void ended(uv_process_t *process, int64_t status, int signal)
{
    (void)status;
    (void)signal;
    meter.ops++;
    if (((runner *)process)->leader)
        bench_meter_lap(&meter);
    uv_close((uv_handle_t *)process, closed);
}

static void start(uv_loop_t *loop, runner *self)
{
    char *arguments[] = {"/bin/true", NULL};
    uv_process_options_t options = {.exit_cb = ended, .file = arguments[0], .args = arguments};
    int rc = uv_spawn(loop, &self->process, &options);
    if (rc != 0)
        bench_fail("uv_spawn", uv_strerror(rc));
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    runner *runners = bench_allocate(count, sizeof *runners);
    meter = bench_meter_make("BENCH_SECONDS", "BENCH_WARM");
    for (size_t i = 0; i < count; i++) {
        runners[i].leader = i == 0;
        start(uv_default_loop(), &runners[i]);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    bench_print("process", count, "", meter.ns_per_op / 1000, "us");
}
