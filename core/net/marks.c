/* marks.c: the arithmetic of water marks.
 * Touches the error record. asyncio's defaults, and its rules for what is not given. */
#include "core/net/marks.h"
#include "core/base/memory.h"
#include "core/task/task.h"

enum { DEFAULT_HIGH = 64 * 1024, PARTS = 4 };

eddyi_marks eddyi_marks_in_force(eddyi_marks marks)
{
    if (marks.high_water == 0)
        marks.high_water = DEFAULT_HIGH;
    if (marks.low_water == 0)
        marks.low_water = marks.high_water / PARTS;
    return marks;
}

int eddyi_marks_set(eddyi_marks *marks, size_t high, size_t low)
{
    bool too_large = high == SIZE_MAX && low != SIZE_MAX && !eddyi_multiply(&high, low, PARTS);
    if (high == SIZE_MAX)
        high = DEFAULT_HIGH;
    if (low == SIZE_MAX)
        low = high / PARTS;
    if (marks == NULL || too_large || low > high)
        return eddyi_fail(EDDY_EINVAL, "set_write_buffer_limits");
    *marks = (eddyi_marks){high, low};
    return 0;
}

void eddyi_marks_get(const eddyi_marks *marks, size_t *low, size_t *high)
{
    if (low != NULL)
        *low = marks->low_water;
    if (high != NULL)
        *high = marks->high_water;
}
