/* interleave.c: the order in which addresses of several families are tried.
 * Touches nothing. Within a family the order stays; every address is in it once. */
#include "core/net/interleave.h"

#include <stdbool.h>

/* The n-th of a family; `count` when it has no more. */
static size_t nth_of_family(const uint8_t *families, size_t count, uint8_t family, size_t n)
{
    for (size_t i = 0; i < count; i++)
        if (families[i] == family && n-- == 0)
            return i;
    return count;
}

static bool leads_its_family(const uint8_t *families, size_t index)
{
    return nth_of_family(families, index, families[index], 0) == index;
}

void eddyi_interleave(uint8_t *order, const uint8_t *families, size_t count, size_t first_count)
{
    size_t done = 0, ahead = 0;
    for (size_t i = 0; first_count == 0 && i < count; i++)
        order[done++] = (uint8_t)i;
    while (ahead + 1 < first_count && done < count) {
        size_t found = nth_of_family(families, count, families[0], ahead);
        if (found == count)
            break;
        order[done++] = (uint8_t)found;
        ahead++;
    }
    for (size_t round = 0; done < count; round++)
        for (size_t i = 0; i < count; i++) {
            size_t n = round + (families[i] == families[0] ? ahead : 0);
            size_t found =
                leads_its_family(families, i) ? nth_of_family(families, count, families[i], n) : count;
            if (found < count)
                order[done++] = (uint8_t)found;
        }
}
