/* eddy_check.h: what the eddy programs share: an error of eddy ends the program with its name.
 * Touches meter.h and the public API. A figure is never printed after a failure. */
#ifndef BENCH_EDDY_CHECK_H
#define BENCH_EDDY_CHECK_H

#include <eddy.h>

#include "meter.h"

static inline void bench_check_eddy(int result, const char *what)
{
    if (result < 0)
        bench_fail(what, eddy_error_name(result));
}

#endif
