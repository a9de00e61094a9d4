/* known.h: how units note what they declare.
 * Touches memory. */
#ifndef EDDY_TOOL_KNOWN_H
#define EDDY_TOOL_KNOWN_H

#include "unit.h"

/* Everything is copied. Whether memory was enough. */
bool known_add(known *all, const char *key, const char *declared, const char *count);

#endif
