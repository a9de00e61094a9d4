/* per_backend_children.c: children that end before anybody looks, by the thousand, from loops in several threads.
 * Touches the public API and /bin/true. No end is lost, no child is left. */
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "support/support.h"
#include "core/loop/loop.h"

enum { THREADS = 2, TOGETHER = 500, CHILDREN = 10000 / (EDDY_TEST_SLOWER * EDDY_TEST_SLOWER) };

static int run_one(void *left)
{
    const char *argv[] = {"/bin/true", NULL};
    int rc = 0;
    while (rc == 0 && --*(int *)left >= 0) {
        eddy_process *process;
        int returncode = -1000;
        rc = eddy_create_subprocess_exec(&process, argv, NULL);
        if (rc < 0)
            return rc;
        rc = eddy_process_wait(process, &returncode);
        eddy_process_release(process);
        if (rc == 0 && returncode != 0)
            rc = EDDY_EPROTO;
    }
    return rc;
}

static int run_all(void *left)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < TOGETHER; i++)
        rc = eddy_task_group_create_task(&group, NULL, run_one, left, NULL);
    return eddy_task_group_exit(&group, rc);
}

typedef struct runner {
    eddyi_thread thread;
    int left, result;
} runner;

static void run_thread(void *arg)
{
    runner *self = arg;
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    self->result = eddy_run(run_all, &self->left, &options);
}

static void fault_B2_B7_no_end_of_ten_thousand_children_is_lost(void **state)
{
    runner runners[THREADS];
    (void)state;
    if (support_is_simulated())
        return;
    for (int i = 0; i < THREADS; i++) {
        runners[i].left = CHILDREN / THREADS;
        assert_int_equal(eddyi_thread_create(&runners[i].thread, run_thread, &runners[i], "children"), 0);
    }
    for (int i = 0; i < THREADS; i++)
        eddyi_thread_join(&runners[i].thread);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(runners[i].result, 0);
    assert_true(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fault_B2_B7_no_end_of_ten_thousand_children_is_lost)};
    support_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
