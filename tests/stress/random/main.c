/* main.c: seed after seed, on the backend that EDDY_BACKEND names; on sim each twice, for the same seed is the same story.
 * Touches the world. `stress_random SEED` replays one seed, with --trace step by step, with --shrink as a smaller program. */
#include "random.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifndef FEWER_SEEDS
#define FEWER_SEEDS 1
#endif

enum { SEEDS_SIMULATED = 10000, SEEDS_REAL = 1000, SECONDS_A_SEED = 20 };

static world w;
static program p;
static char replay[128] = "stress_random: a crash before the first seed\n";

static const char *backend_name(void)
{
    return support_backend() != NULL ? support_backend() : "";
}

/* ---- a crash must name its seed too ---- */

static void crashed(int number)
{
    ssize_t ignored = write(STDERR_FILENO, replay, strlen(replay));
    (void)ignored;
    signal(number, SIG_DFL);
    raise(number);
}

static void name_seed_of_crash(uint64_t seed)
{
    static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGALRM, SIGILL};
    snprintf(replay, sizeof replay,
             "crashed or hung; replay with: EDDY_BACKEND=%s stress_random %llu --trace\n", backend_name(),
             (unsigned long long)seed);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], crashed);
    alarm(SECONDS_A_SEED * FEWER_SEEDS);
}

/* ---- seeds ---- */

static bool run_seed(uint64_t seed, bool tracing)
{
    name_seed_of_crash(seed);
    program_make(&p, seed);
    if (world_run(&w, &p, tracing) < 0)
        return false;
    uint64_t hash = w.hash;
    if (!w.simulated || tracing)
        return true;
    if (world_run(&w, &p, false) == 0 && w.hash != hash)
        broken(&w, "the same seed made another story");
    return w.broken == NULL;
}

/* Every kind of step must end well somewhere, or it tests nothing. */
static void check_variety(int counts[2][64])
{
    for (int i = 1; i < action_count(); i++) {
        step s = {.action = (uint8_t)i};
        const char *name = action_of(&s)->name;
        if (counts[0][i] == 0 && strcmp(name, "fail") != 0)
            fail_msg("no '%s' of any seed ended well", name);
    }
}

static void programs_keep_every_promise(void **state)
{
    static int counts[2][64];
    uint64_t seeds = (support_is_simulated() ? SEEDS_SIMULATED : SEEDS_REAL) / FEWER_SEEDS;
    (void)state;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (!run_seed(seed, false))
            fail_msg("%s; replay with: EDDY_BACKEND=%s stress_random %llu --trace, or --shrink", w.broken,
                     backend_name(), (unsigned long long)seed);
        for (int i = 0; i < 64; i++) {
            counts[0][i] += w.counts[0][i];
            counts[1][i] += w.counts[1][i];
        }
    }
    if (seeds >= SEEDS_REAL)
        check_variety(counts);
}

/* ---- one seed ---- */

static int shrink_seed(uint64_t seed)
{
    program_make(&p, seed);
    program_shrink(&p);
    program_print(&p);
    int rc = world_run(&w, &p, true);
    printf("seed %llu: %s\n", (unsigned long long)seed, rc < 0 ? w.broken : "ok");
    return rc < 0;
}

static int replay_seed(uint64_t seed, const char *how)
{
    if (strcmp(how, "--shrink") == 0)
        return shrink_seed(seed);
    bool tracing = strcmp(how, "--trace") == 0, ok;
    program_make(&p, seed);
    if (tracing)
        program_print(&p);
    ok = run_seed(seed, tracing);
    printf("seed %llu: %s; %d tasks, %d turns, %d rescues, hash %016llx\n", (unsigned long long)seed,
           ok ? "ok" : w.broken, w.actor_count, w.turn, w.rescues, (unsigned long long)w.hash);
    return !ok;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(programs_keep_every_promise)};
    support_init(1, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc >= 2)
        return replay_seed(strtoull(argv[1], NULL, 10), argc >= 3 ? argv[2] : "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
