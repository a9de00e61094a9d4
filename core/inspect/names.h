/* names.h: seam 2's symbols for whoever stands on a task's stack.
 * Touches core/platform.h. The same functions, but for the stack that they need. */
#ifndef EDDYI_NAMES_H
#define EDDYI_NAMES_H

#include "core/platform.h"

int eddyi_names_open(eddyi_symbols **out);
void eddyi_names_close(eddyi_symbols *);
void eddyi_names_find(eddyi_symbols *, uintptr_t address, eddyi_symbol *out);

#endif
