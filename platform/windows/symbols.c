/* symbols.c: the names of places in the program, as far as the system's loader knows them: in which program or library they are.
 * Touches the loader and the allocator. Functions and lines are in formats of the compiler's own. */
#include <stddef.h>

#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"
#include "platform/windows/text.h"

typedef struct module {
    HMODULE handle;
    struct module *next;
    char path[MAX_PATH];
} module;

struct eddyi_symbols {
    module *modules; /* those that were asked about */
};

int eddyi_symbols_open(eddyi_symbols **out)
{
    *out = eddyi_allocate(eddyi_default_allocator(), sizeof **out);
    if (*out != NULL)
        (*out)->modules = NULL;
    return 0; /* without memory there are only addresses */
}

void eddyi_symbols_close(eddyi_symbols *symbols)
{
    if (symbols == NULL)
        return;
    while (symbols->modules != NULL) {
        module *next = symbols->modules->next;
        eddyi_release(eddyi_default_allocator(), symbols->modules);
        symbols->modules = next;
    }
    eddyi_release(eddyi_default_allocator(), symbols);
}

static const char *path_of(eddyi_symbols *symbols, HMODULE handle)
{
    wchar_t wide[MAX_PATH];
    for (const module *m = symbols->modules; m != NULL; m = m->next)
        if (m->handle == handle)
            return m->path;
    module *made = eddyi_allocate(eddyi_default_allocator(), sizeof *made);
    DWORD length = GetModuleFileNameW(handle, wide, MAX_PATH);
    if (made == NULL || length == 0 || length == MAX_PATH ||
        eddyi_text_narrow(made->path, sizeof made->path, wide) < 0) {
        eddyi_release(eddyi_default_allocator(), made);
        return NULL;
    }
    made->handle = handle;
    made->next = symbols->modules;
    symbols->modules = made;
    return made->path;
}

void eddyi_symbols_find(eddyi_symbols *symbols, uintptr_t address, eddyi_symbol *out)
{
    HMODULE handle;
    *out = (eddyi_symbol){.offset = address};
    /* The handle of a module is where it begins. */
    if (symbols == NULL || !GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                                   GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                                               (const wchar_t *)address, &handle))
        return;
    out->object = path_of(symbols, handle);
    if (out->object != NULL)
        out->offset = address - (uintptr_t)handle;
}
