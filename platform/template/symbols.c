/* symbols.c: the names of places in the program, for the inside view.
 * Touches the dynamic linker or a reader of debug information. Not knowing is a full answer: then addresses are shown. */
#include <stddef.h>

#include "core/platform.h"

int eddyi_symbols_open(eddyi_symbols **out)
{
    *out = NULL; /* Fill in: what many questions share */
    return 0;
}

void eddyi_symbols_close(eddyi_symbols *symbols)
{
    (void)symbols;
}

void eddyi_symbols_find(eddyi_symbols *symbols, uintptr_t address, eddyi_symbol *out)
{
    (void)symbols; /* Fill in: function, object, file and line, as far as they are known */
    *out = (eddyi_symbol){.offset = address};
}
