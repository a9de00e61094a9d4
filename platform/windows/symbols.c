/* symbols.c: in which program or library an address lies.
 * Touches the list of modules and the allocator. Names of functions are in debug information of other kinds than this system's own. */
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"
#include "platform/windows/text.h"

enum { LONGEST_PATH = 1024 };

typedef struct object {
    struct object *next;
    HMODULE module;
    char path[LONGEST_PATH];
} object;

struct eddyi_symbols {
    object *first;
};

int eddyi_symbols_open(eddyi_symbols **out)
{
    eddyi_symbols *symbols = eddyi_allocate_zero(eddyi_default_allocator(), sizeof *symbols);
    if (symbols == NULL)
        return EDDY_ENOMEM;
    *out = symbols;
    return 0;
}

void eddyi_symbols_close(eddyi_symbols *symbols)
{
    while (symbols != NULL && symbols->first != NULL) {
        object *found = symbols->first;
        symbols->first = found->next;
        eddyi_release(eddyi_default_allocator(), found);
    }
    eddyi_release(eddyi_default_allocator(), symbols);
}

static const object *find_object(eddyi_symbols *symbols, HMODULE module)
{
    wchar_t wide[LONGEST_PATH];
    for (const object *known = symbols->first; known != NULL; known = known->next)
        if (known->module == module)
            return known;
    DWORD length = GetModuleFileNameW(module, wide, LONGEST_PATH);
    object *found = eddyi_allocate(eddyi_default_allocator(), sizeof *found);
    if (found == NULL || length == 0 || length >= LONGEST_PATH ||
        eddyi_text_narrow(found->path, sizeof found->path, wide) < 0) {
        eddyi_release(eddyi_default_allocator(), found);
        return NULL;
    }
    found->module = module;
    found->next = symbols->first;
    symbols->first = found;
    return found;
}

void eddyi_symbols_find(eddyi_symbols *symbols, uintptr_t address, eddyi_symbol *out)
{
    HMODULE module;
    const DWORD how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    *out = (eddyi_symbol){.offset = address};
    if (symbols == NULL || !GetModuleHandleExW(how, (const wchar_t *)address, &module))
        return;
    const object *found = find_object(symbols, module);
    if (found == NULL)
        return;
    out->object = found->path;
    out->offset = address - (uintptr_t)module;
}
