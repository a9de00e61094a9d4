/* sim.c: the simulated backend: virtual time, and the table of what it offers.
 * Touches nothing of the system, but for the bell that another thread may ring.
 * Time stands still but for three things: wait() jumps to the next event when nothing is ready; each wait() costs some microseconds, so that a
 * program that only polls, or has something ready always, gets on; and reading the clock costs 20 ns, so that one that watches the clock does. */
#include "backends/sim/inside.h"

enum {
    LEAST_COST_OF_WAITING = 1000,
    MOST_COST_OF_WAITING = 20000,
    COST_OF_CLOCK = 20,
    MOST_SLOWNESS = 300000
};

extern const eddyi_backend_ops eddyi_backend_sim;

static int sim_probe(void)
{
    return 0;
}

/* The clock starts anywhere: just after zero, after a day, after two centuries, or a second before a number of milliseconds or of seconds
 * needs one bit more than 32 or 31. */
static uint64_t first_time(eddyi_backend *sim)
{
    static const uint64_t starts[] = {1, UINT64_C(86400000000000), UINT64_C(6311520000000000000),
                                      UINT64_C(4294966296000000), UINT64_C(2147483647000000000)};
    return starts[eddyi_sim_random(sim, sizeof starts / sizeof starts[0])] + eddyi_sim_random(sim, 1000000);
}

static int sim_open(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    eddyi_backend *sim = eddyi_allocate_zero(config->allocator, sizeof *sim);
    if (sim == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_sim_bell_init(&sim->bell);
    if (rc < 0) {
        eddyi_release(config->allocator, sim);
        return rc;
    }
    sim->allocator = *config->allocator;
    sim->random = config->seed;
    sim->now = first_time(sim);
    sim->fault_percent = config->fault_percent;
    sim->fault_until = config->fault_until_ns != 0 && config->fault_until_ns <= UINT64_MAX - sim->now
                           ? sim->now + config->fault_until_ns
                           : UINT64_MAX;
    sim->next_port = (uint16_t)(FIRST_EPHEMERAL_PORT + eddyi_sim_random(sim, 20000));
    eddyi_timers_init(&sim->timers, sim->now);
    eddyi_list_init(&sim->done);
    eddyi_list_init(&sim->multi);
    *kinds = UINT32_C(1) << EDDYI_RECV | UINT32_C(1) << EDDYI_SEND | UINT32_C(1) << EDDYI_RECVFROM |
             UINT32_C(1) << EDDYI_SENDTO | UINT32_C(1) << EDDYI_ACCEPT | UINT32_C(1) << EDDYI_CONNECT |
             UINT32_C(1) << EDDYI_POLL;
    *out = sim;
    return 0;
}

static void sim_close(eddyi_backend *sim)
{
    eddy_allocator allocator = sim->allocator;
    eddyi_sim_free_all(sim);
    eddyi_sim_bell_destroy(&sim->bell);
    eddyi_release(&allocator, sim);
}

static int sim_attach(eddyi_backend *sim, eddyi_descriptor *descriptor)
{
    sim_socket *s = eddyi_sim_find(sim, descriptor->fd);
    if (s == NULL)
        return EDDY_EBADF;
    if (s->descriptor != NULL)
        return EDDY_EEXIST;
    if (eddyi_sim_fault(sim, 8))
        return EDDY_ENOMEM;
    int rc =
        descriptor->kind == EDDYI_STREAM || descriptor->kind == EDDYI_FOREIGN ? eddyi_sim_make_twin(s) : 0;
    if (rc < 0)
        return rc;
    descriptor->reader = descriptor->writer = NULL;
    descriptor->slot = (uint32_t)(descriptor->fd - FIRST_NUMBER);
    descriptor->generation = s->generation;
    descriptor->attached = true;
    s->descriptor = descriptor;
    return 0;
}

static void sim_detach(eddyi_backend *sim, eddyi_descriptor *descriptor)
{
    sim_socket *s = eddyi_sim_socket_of(sim, descriptor);
    descriptor->attached = false;
    if (s != NULL)
        s->descriptor = NULL;
}

/* ---- waiting ---- */

static void move_time(eddyi_backend *sim, uint64_t time)
{
    if (time > sim->now)
        sim->now = time;
    eddyi_timers_fire(&sim->timers, sim->now);
}

static void be_slow(eddyi_backend *sim, uint64_t deadline)
{
    uint64_t time = sim->now + eddyi_sim_random(sim, MOST_SLOWNESS);
    move_time(sim, time < deadline ? time : deadline);
}

static int sim_wait(eddyi_backend *sim, uint64_t deadline, eddyi_result *results, int room)
{
    move_time(sim, sim->now + LEAST_COST_OF_WAITING +
                       eddyi_sim_random(sim, MOST_COST_OF_WAITING - LEAST_COST_OF_WAITING));
    for (;;) {
        int count = eddyi_sim_collect(sim, results, room);
        if (count > 0 || eddyi_sim_bell_heard(&sim->bell) || deadline <= sim->now)
            return count;
        uint64_t next = eddyi_timers_next(&sim->timers);
        if (next == UINT64_MAX &&
            deadline == UINT64_MAX) { /* nothing can happen any more; only another thread can help */
            eddyi_sim_bell_sleep(&sim->bell);
            return 0;
        }
        move_time(sim, next < deadline ? next : deadline);
        if (eddyi_sim_chance(sim, 50)) /* the kernel was slow to wake us: more has happened by now */
            be_slow(sim, deadline);
    }
}

static void sim_wake(eddyi_backend *sim)
{
    eddyi_sim_bell_ring(&sim->bell);
}

static uint64_t sim_now(eddyi_backend *sim)
{
    sim->now += COST_OF_CLOCK;
    return sim->now;
}

const eddyi_backend_ops eddyi_backend_sim = {
    .name = "sim",
    .description = "a network in memory under virtual time, everything decided by a seed",
    .caps = EDDYI_CAP_VIRTUAL_TIME | EDDYI_CAP_ON_REQUEST,
    .probe = sim_probe,
    .open = sim_open,
    .close = sim_close,
    .attach = sim_attach,
    .detach = sim_detach,
    .submit = eddyi_sim_submit,
    .cancel = eddyi_sim_cancel,
    .wait = sim_wait,
    .wake = sim_wake,
    .now = sim_now,
    .net = &eddyi_sim_net,
};
