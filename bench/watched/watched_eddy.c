/* watched_eddy.c: tasks that give way to each other, while `eddy ps` looks at them and while it looks at a twin, in turns.
 * Touches fork, the program eddy and memory that the processes see. What lies between two turns is not counted. */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdatomic.h>

#include "eddy_check.h"

enum { TURNS = 20 };

typedef struct shared {
    atomic_bool look, ready;
    atomic_uint looks;
} shared;

typedef struct turn {
    uint64_t began, ops, count_from; /* nanoseconds; yields since then; when counting begins */
} turn;

static shared *both;
static turn now;
static double ns[2]; /* left alone, watched */
static uint64_t ops[2];
static int turns, batch;
static uint64_t turn_ns, settle_ns, pause_ns; /* of a turn; of its beginning; between two looks */

static void run_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
        (void)sched_setaffinity(0, sizeof set, &set);
}

static void look_once(const char *pid)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        bench_check(freopen("/dev/null", "w", stdout) != NULL, "freopen");
        (void)execl(EDDY_COMMAND, "eddy", "ps", "--json", pid, (char *)NULL);
        _exit(127);
    }
    bench_check(child > 0 && waitpid(child, &status, 0) == child, "waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_fail(EDDY_COMMAND, "did not show the process");
    atomic_fetch_add(&both->looks, 1);
}

/* 0 in the child, which ends with its parent. */
static pid_t start(void)
{
    pid_t child = fork();
    bench_check(child >= 0, "fork");
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    }
    return child;
}

static int sleeping(void *arg)
{
    (void)arg;
    return eddy_sleep(1e6);
}

/* As many tasks, which sleep. */
static int be_twin(void *arg)
{
    size_t count = *(size_t *)arg;
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = eddy_task_group_create_task(&group, NULL, sleeping, NULL, NULL);
    atomic_store(&both->ready, true);
    return eddy_task_group_exit(&group, rc);
}

static pid_t start_twin(size_t count)
{
    pid_t child = start();
    if (child == 0) {
        run_on(1);
        bench_check_eddy(eddy_run(be_twin, &count, NULL), "eddy_run");
        _exit(0);
    }
    while (!atomic_load(&both->ready))
        (void)usleep(1000);
    return child;
}

static pid_t start_watcher(pid_t watched, pid_t twin)
{
    char pid[2][32];
    pid_t child = start();
    if (child != 0)
        return child;
    (void)snprintf(pid[0], sizeof pid[0], "%ld", (long)twin);
    (void)snprintf(pid[1], sizeof pid[1], "%ld", (long)watched);
    run_on(1);
    for (uint64_t next = bench_now();;) {
        look_once(pid[atomic_load(&both->look)]);
        next += pause_ns;
        uint64_t at = bench_now();
        if (at < next)
            (void)usleep((useconds_t)((next - at) / 1000));
        else
            next = at;
    }
}

/* Left alone, watched, left alone ... The beginning of each turn, in which the other process is told, counts for nobody. */
static void lap(void)
{
    uint64_t at = bench_now();
    if (now.began == 0 || at - now.began >= turn_ns) {
        if (now.began != 0) {
            ops[turns % 2] += now.ops;
            ns[turns % 2] += (double)(at - now.count_from);
            turns++;
        }
        now = (turn){.began = at};
        atomic_store(&both->look, turns % 2 == 1);
    } else if (now.count_from == 0 && at - now.began >= settle_ns) {
        now.count_from = at;
        now.ops = 0;
    }
}

static int giving_way(void *leader)
{
    while (turns < TURNS) {
        for (int i = 0; i < batch; i++) {
            int rc = eddy_sleep(0);
            if (rc < 0)
                return rc;
        }
        now.ops += (uint64_t)batch;
        if (leader != NULL)
            lap();
    }
    return 0;
}

static int run(void *arg)
{
    size_t count = *(size_t *)arg;
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = eddy_task_group_create_task(&group, NULL, giving_way, i == 0 ? &now : NULL, NULL);
    return eddy_task_group_exit(&group, rc);
}

int main(int argc, char **argv)
{
    size_t count = bench_size(argc, argv);
    const char *often = strchr(argv[1], 'x');
    char row[2][24] = {"loss", "looks"};
    if (often != NULL) {
        pause_ns = 1000000000 / (uint64_t)strtoul(often + 1, NULL, 10);
        (void)snprintf(row[0], sizeof row[0], "loss%s", often);
        (void)snprintf(row[1], sizeof row[1], "looks%s", often);
    }
    turn_ns = bench_setting_ns("BENCH_SECONDS");
    settle_ns = bench_setting_ns("BENCH_WARM");
    batch = (int)bench_setting("BENCH_BATCH");
    both = mmap(NULL, sizeof *both, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_check(both != MAP_FAILED, "mmap");
    (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    pid_t twin = start_twin(count), watcher = start_watcher(getpid(), twin);
    run_on(0);
    bench_check_eddy(eddy_run(run, &count, NULL), "eddy_run");
    bench_check(kill(watcher, SIGKILL) == 0 && waitpid(watcher, NULL, 0) == watcher, "kill");
    bench_check(kill(twin, SIGKILL) == 0 && waitpid(twin, NULL, 0) == twin, "kill");
    double alone = (double)ops[0] / ns[0], watched = (double)ops[1] / ns[1];
    bench_print(row[0], count, "", 100 * (1 - watched / alone), "%");
    bench_print(row[1], count, "", atomic_load(&both->looks) / ((ns[0] + ns[1]) / 1e9), "1/s");
}
