/* spawn.h: what the halves of spawning share: the command line, where the program is, and how a child is told to end.
 * Touches the allocator. */
#ifndef EDDYI_WINDOWS_SPAWN_H
#define EDDYI_WINDOWS_SPAWN_H

#include "core/platform.h"
#include "platform/windows/system.h"

/* command_line.c: the one string that a program here is given, from which its C library makes the arguments again. *out is the allocator's. */
int eddyi_command_line(wchar_t **out, const char *const *arguments, const eddy_allocator *);
/* The environment as the system wants it, *out is the allocator's. */
int eddyi_environment_block(wchar_t **out, const char *const *env, const eddy_allocator *);

/* child.c: opens the descriptor that is readable when it has ended. */
int eddyi_child_watch(eddyi_child *);

/* A child that eddy ended by signal N ends with this and N. */
#define EDDYI_ENDED_BY 0x2edd1000u

#endif
