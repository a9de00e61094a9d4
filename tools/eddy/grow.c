/* grow.c: arrays that grow, twice as large each time.
 * Touches memory. */
#include "grow.h"

#include <stdint.h>
#include <stdlib.h>

void *array_grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    size_t wanted = *room != 0 ? 2 * *room : 64;
    void *grown = wanted <= SIZE_MAX / size ? realloc(array, wanted * size) : NULL;
    if (grown != NULL)
        *room = wanted;
    return grown;
}
