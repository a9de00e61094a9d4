/* pages.h: how pages for stacks are mapped: address space first, memory when it is touched.
 * Touches mmap's flags. The same wherever pages of that kind are made. */
#ifndef EDDYI_POSIX_PAGES_H
#define EDDYI_POSIX_PAGES_H

#include <sys/mman.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
/* OpenBSD lets no stack be elsewhere. FreeBSD and DragonFly mean a mapping that grows downwards, with a guard of its own. */
#if defined(MAP_STACK) && !defined(__FreeBSD__) && !defined(__DragonFly__)
#define EDDYI_MAP_STACK MAP_STACK
#else
#define EDDYI_MAP_STACK 0
#endif
#define EDDYI_MAP_PAGES (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | EDDYI_MAP_STACK)

#endif
