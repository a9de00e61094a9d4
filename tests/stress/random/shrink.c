/* shrink.c: makes a failing program smaller: drops a task, a step, a cancel, as long as it still fails.
 * Touches processes: each try runs in a child, since a broken library may crash or hang. */
#include "random.h"

#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 5 };

static bool still_fails(const program *p)
{
    static world w;
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0) {
        alarm(PATIENCE_SECONDS);
        _exit(world_run(&w, p, false) < 0);
    }
    return waitpid(child, &status, 0) == child && status != 0;
}

static bool try_without(program *p, bool *dropped)
{
    if (*dropped)
        return false;
    *dropped = true;
    if (still_fails(p))
        return true;
    *dropped = false;
    return false;
}

void program_shrink(program *p)
{
    for (bool again = true; again;) {
        again = false;
        for (int at = 0; at < p->count; at++)
            again |= try_without(p, &p->steps[at].dropped);
        for (int i = 0; i < p->cancel_count; i++)
            again |= try_without(p, &p->cancels[i].dropped);
    }
}
