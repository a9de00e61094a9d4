/* symbols.c: the names of places in the program, as far as the dynamic linker knows them: exported functions.
 * Touches dlfcn.h. */
#include <dlfcn.h>
#include <stddef.h>

#include "core/platform.h"

int eddyi_symbols_open(eddyi_symbols **out)
{
    *out = NULL;
    return 0;
}

void eddyi_symbols_close(eddyi_symbols *symbols)
{
    (void)symbols;
}

void eddyi_symbols_find(eddyi_symbols *symbols, uintptr_t address, eddyi_symbol *out)
{
    Dl_info info;
    (void)symbols;
    *out = (eddyi_symbol){.offset = address};
    if (dladdr((void *)address, &info) == 0)
        return;
    out->object = info.dli_fname;
    out->function = info.dli_sname;
    out->offset = address - (uintptr_t)(info.dli_sname != NULL ? info.dli_saddr : info.dli_fbase);
}
