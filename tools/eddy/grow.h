/* grow.h: arrays that grow.
 * Touches memory. */
#ifndef EDDY_TOOLS_GROW_H
#define EDDY_TOOLS_GROW_H

#include <stddef.h>

/* The array, wherever it is now, with room for one more than `count` elements of `size` bytes; it had room for *room. NULL: no memory, and nothing
 * changed. */
void *array_grow(void *array, size_t count, size_t *room, size_t size);

#endif
