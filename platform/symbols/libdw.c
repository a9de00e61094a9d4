/* libdw.c: functions, files and lines from the debug information of the running program, by elfutils' libdw.
 * Touches libdw, loaded when it is first wanted: a program on a machine without it runs all the same, and knows what the dynamic linker knows. The
 * network is never asked (debuginfod), and all that was found goes with the session. */
#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "core/platform.h"

static char *no_path = NULL;
static Dwfl_Callbacks callbacks = {.debuginfo_path = &no_path};
static bool loaded;

/* Types as in libdwfl.h, which has no names for them. */
static Dwfl *(*begin)(const Dwfl_Callbacks *);
static void (*end)(Dwfl *);
static int (*proc_report)(Dwfl *, pid_t);
static int (*report_end)(Dwfl *, int (*)(Dwfl_Module *, void *, const char *, Dwarf_Addr, void *), void *);
static Dwfl_Module *(*addrmodule)(Dwfl *, Dwarf_Addr);
static const char *(*module_info)(Dwfl_Module *, void ***, Dwarf_Addr *, Dwarf_Addr *, Dwarf_Addr *,
                                  Dwarf_Addr *, const char **, const char **);
static const char *(*addrinfo)(Dwfl_Module *, GElf_Addr, GElf_Off *, GElf_Sym *, GElf_Word *, Elf **,
                               Dwarf_Addr *);
static Dwfl_Line *(*getsrc)(Dwfl_Module *, Dwarf_Addr);
static const char *(*lineinfo)(Dwfl_Line *, Dwarf_Addr *, int *, int *, Dwarf_Word *, Dwarf_Word *);

/* dlsym gives an object's address, which C does not convert to a function's: it is copied. */
static bool find(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

/* It stays loaded. */
static void load(void)
{
    void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    loaded = library != NULL && find(library, "dwfl_begin", &begin) && find(library, "dwfl_end", &end) &&
             find(library, "dwfl_linux_proc_report", &proc_report) &&
             find(library, "dwfl_report_end", &report_end) && find(library, "dwfl_addrmodule", &addrmodule) &&
             find(library, "dwfl_module_info", &module_info) &&
             find(library, "dwfl_module_addrinfo", &addrinfo) &&
             find(library, "dwfl_module_getsrc", &getsrc) && find(library, "dwfl_lineinfo", &lineinfo) &&
             find(library, "dwfl_linux_proc_find_elf", &callbacks.find_elf) &&
             find(library, "dwfl_build_id_find_debuginfo", &callbacks.find_debuginfo);
}

/* A session is libdw's own, under our name. */
int eddyi_symbols_open(eddyi_symbols **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *out = NULL;
    (void)pthread_once(&once, load);
    Dwfl *session = loaded ? begin(&callbacks) : NULL;
    if (session == NULL)
        return 0;
    if (proc_report(session, getpid()) == 0 && report_end(session, NULL, NULL) == 0)
        *out = (eddyi_symbols *)session;
    else
        end(session);
    return 0;
}

void eddyi_symbols_close(eddyi_symbols *symbols)
{
    if (symbols != NULL)
        end((Dwfl *)symbols);
}

static void find_by_linker(uintptr_t address, eddyi_symbol *out)
{
    Dl_info info;
    if (dladdr((void *)address, &info) == 0)
        return;
    out->object = info.dli_fname;
    out->function = info.dli_sname;
    out->offset = address - (uintptr_t)(info.dli_sname != NULL ? info.dli_saddr : info.dli_fbase);
}

void eddyi_symbols_find(eddyi_symbols *symbols, uintptr_t address, eddyi_symbol *out)
{
    GElf_Off offset;
    GElf_Sym symbol;
    Dwarf_Addr start;
    int line = 0;
    *out = (eddyi_symbol){.offset = address};
    Dwfl_Module *module = symbols != NULL ? addrmodule((Dwfl *)symbols, address) : NULL;
    if (module == NULL) {
        find_by_linker(address, out);
        return;
    }
    out->object = module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
    out->function = addrinfo(module, address, &offset, &symbol, NULL, NULL, NULL);
    out->offset = out->function != NULL ? (uintptr_t)offset : address - (uintptr_t)start;
    Dwfl_Line *source = getsrc(module, address);
    out->file = source != NULL ? lineinfo(source, NULL, &line, NULL, NULL, NULL) : NULL;
    out->line = line > 0 ? (unsigned)line : 0;
}
