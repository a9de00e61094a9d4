/* time.h: the compiler's, and what tests take from POSIX besides.
 * Touches posix.h. */
#include_next <sys/time.h>
#include "windows/posix.h"
