/* search.c: the first separator in a row of bytes. Rule numbers are those of asyncio's inventory.
 * Touches nothing. What was searched is not searched again but for the beginning of a separator at its end. */
#include "core/net/search.h"

#include <string.h>

/* Where it begins in [from, size); `size` when it is not there. */
static size_t find(const char *data, size_t from, size_t size, eddy_view separator)
{
    while (size >= separator.size && from <= size - separator.size) {
        const char *hit = memchr(data + from, separator.data[0], size - separator.size + 1 - from);
        if (hit == NULL)
            break;
        from = (size_t)(hit - data);
        if (memcmp(hit, separator.data, separator.size) == 0)
            return from;
        from++;
    }
    return size;
}

bool eddyi_search(eddyi_match *out, const char *data, size_t size, const eddy_view *separators, size_t count,
                  size_t *from)
{
    bool found = false;
    size_t longest = 0, end = size; /* what ends later than the best does not count */
    for (size_t i = 0; i < count; i++) {
        size_t start = find(data, *from, end, separators[i]);
        if (separators[i].size > longest)
            longest = separators[i].size;
        if (start == end || (found && start < out->start && start + separators[i].size == end))
            continue; /* two that end together: the shorter one */
        end = start + separators[i].size;
        *out = (eddyi_match){start, end};
        found = true;
    }
    if (!found)
        *from = size >= longest ? size - longest + 1 : 0;
    return found;
}
