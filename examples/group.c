/* group.c: tasks that belong together: one fails, the others are cancelled, and nobody is left behind.
 * Touches the public API. exit waits for all of them, whatever happened. */
#include <stdio.h>

#include <eddy.h>

static int worker(void *name)
{
    int rc = eddy_sleep(60);
    printf("%s: %s\n", (const char *)name, eddy_strerror(rc));
    return rc;
}

static int broken(void *arg)
{
    (void)arg;
    int rc = eddy_sleep(0.1);
    return rc < 0 ? rc : EDDY_EIO;
}

static int run_group(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, worker, "first", NULL);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, worker, "second", NULL);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, broken, NULL, NULL);
    rc = eddy_task_group_exit(&group, rc);
    printf("the group: %s\n", eddy_strerror(rc));
    return rc == EDDY_EIO ? 0 : rc;
}

int main(void)
{
    return eddy_exit_status(eddy_run(run_group, NULL, NULL));
}
