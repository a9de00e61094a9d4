/* hello.c: the smallest program of somebody who installed eddy.
 * Touches <eddy.h> only.
 * Fails when a task cannot be run to its end. */
#include <eddy.h>
#include <stdio.h>

static int hello(void *arg)
{
    int rc = eddy_sleep(0.001);
    return rc < 0 ? rc : *(int *)arg;
}

int main(void)
{
    int answer = 42;
    int rc = eddy_run(hello, &answer, NULL);
    printf("%s: %d\n", eddy_backend_name(0), rc);
    return rc == answer ? 0 : 1;
}
