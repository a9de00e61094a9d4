/* names_dw.c: names of functions by elfutils' libdw, static ones too, from the files that a process has mapped.
 * Touches those files; the process itself is not read. The network is never asked (debuginfod). */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include <elfutils/libdwfl.h>

#include "snapshot.h"

static char *no_path = NULL;
static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                         .find_debuginfo = dwfl_build_id_find_debuginfo,
                                         .debuginfo_path = &no_path};

/* A session is libdw's own, under our name. */
function_names *names_open(long pid)
{
    Dwfl *session = dwfl_begin(&callbacks);
    if (session == NULL)
        return NULL;
    if (dwfl_linux_proc_report(session, (pid_t)pid) == 0 && dwfl_report_end(session, NULL, NULL) == 0)
        return (function_names *)session;
    dwfl_end(session);
    return NULL;
}

void names_close(function_names *names)
{
    if (names != NULL)
        dwfl_end((Dwfl *)names);
}

bool names_find(function_names *names, uint64_t address, char *out, size_t size)
{
    char label[LABEL_SIZE];
    Dwfl_Module *module = names != NULL ? dwfl_addrmodule((Dwfl *)names, address) : NULL;
    const char *name = module != NULL ? dwfl_module_addrname(module, address) : NULL;
    if (name == NULL)
        return false;
    label_make(label, name, strlen(name) + 1); /* the file is as hostile as the process */
    (void)snprintf(out, size, "%s", label);
    return true;
}
