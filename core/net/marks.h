/* marks.h: between which numbers of unsent bytes writers wait, and how they are given.
 * Touches nothing. 0 < low <= high is the caller's to see to where options give them; what set_write_buffer_limits takes is checked. */
#ifndef EDDYI_MARKS_H
#define EDDYI_MARKS_H

#include <eddy/config.h>

/* Above the high one writers wait, at the low one they go on. In options 0: 64 KiB, and a quarter of the high one. */
typedef struct eddyi_marks {
    size_t high_water, low_water;
} eddyi_marks;

eddyi_marks eddyi_marks_in_force(eddyi_marks of_options);
/* As set_write_buffer_limits says; SIZE_MAX: not given. `marks` NULL: there is nothing to set. EDDY_EINVAL, told, and nothing is set. */
int eddyi_marks_set(eddyi_marks *marks, size_t high, size_t low);
/* As get_write_buffer_limits says; each may be NULL. */
void eddyi_marks_get(const eddyi_marks *marks, size_t *low, size_t *high);

#endif
