/* context.c: a request's number, known to all that works for the request and passed to none of it.
 * Touches the public API. Each task has a copy of its creator's variables, and what it sets is its own. */
#include <stdio.h>

#include <eddy.h>

static const eddy_context_var request = EDDY_CONTEXT_VAR("request", "none");

static void say(const char *text)
{
    printf("[%s] %s\n", (const char *)eddy_context_var_get(&request), text);
}

static int look_up(void *arg)
{
    (void)arg;
    say("looked up"); /* in another thread, with the task's variables */
    return 0;
}

static int handle(void *number)
{
    int rc = eddy_context_var_set(&request, NULL, number);
    if (rc < 0)
        return rc;
    say("begun");
    rc = eddy_to_thread(look_up, NULL, NULL);
    say("ended");
    return rc;
}

static int serve(void *arg)
{
    eddy_task_group group;
    (void)arg;
    int rc = eddy_task_group_enter(&group);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, handle, "1", NULL);
    if (rc == 0)
        rc = eddy_task_group_create_task(&group, NULL, handle, "2", NULL);
    rc = eddy_task_group_exit(&group, rc);
    say("all served");
    return rc;
}

int main(void)
{
    return eddy_exit_status(eddy_run(serve, NULL, NULL));
}
