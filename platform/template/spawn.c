/* spawn.c: making a child.
 * Touches processes. All that needs memory is done before there is a child; on failure there is none. */
#include "core/platform.h"

int eddyi_child_spawn(eddyi_child *out, const eddyi_spawn *what, const eddy_allocator *allocator,
                      eddyi_spawn_failure *failure)
{
    /* Fill in: `what` says which program, arguments, environment, directory and streams; whatever option the system does not have is
     * EDDY_ENOSYS, told before anything is made. The child has the three streams, the descriptors that were passed to it, no other; default
     * signals; nothing of ours blocked. A program that cannot be run is this call's error, with the step in *failure. */
    (void)out;
    (void)what;
    (void)allocator;
    (void)failure;
    return EDDY_ENOSYS;
}

void eddyi_shell_arguments(const char *arguments[4], const char *command)
{
    arguments[0] =
        command; /* Fill in: what makes the system's shell run this text: "/bin/sh", "-c", command, NULL */
    arguments[1] = NULL;
}
