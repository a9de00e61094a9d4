/* timeout.c: a limit on a piece of work: `async with asyncio.timeout(0.1)`.
 * Touches the public API. exit takes the body's result, and gives that of the whole block. */
#include <stdio.h>

#include <eddy.h>

static int work(void *arg)
{
    eddy_timeout limit;
    (void)arg;
    eddy_timeout_enter(&limit, 0.1);
    int rc = eddy_sleep(60);
    rc = eddy_timeout_exit(&limit, rc);
    if (rc != EDDY_ETIMEDOUT)
        return rc;
    printf("gave up: %s\n", eddy_strerror(rc));
    return 0;
}

int main(void)
{
    return eddy_exit_status(eddy_run(work, NULL, NULL));
}
