/* fnmatch.h: a header that Windows has not.
 * Touches posix.h. */
#include "windows/posix.h"
