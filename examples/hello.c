/* hello.c: the smallest program: one task that sleeps and speaks.
 * Touches the public API. A call that may suspend returns < 0 when it failed, and its caller passes that on. */
#include <stdio.h>

#include <eddy.h>

static int hello(void *arg)
{
    (void)arg;
    printf("hello\n");
    int rc = eddy_sleep(0.1);
    if (rc < 0)
        return rc;
    printf("world\n");
    return 0;
}

int main(void)
{
    return eddy_exit_status(eddy_run(hello, NULL, NULL));
}
