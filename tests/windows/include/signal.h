/* signal.h: the compiler's, and what tests take from POSIX besides.
 * Touches posix.h. */
#include_next <signal.h>
#include "windows/posix.h"
