/* process_none.c: a system on which no way to read another process is known here.
 * Touches nothing. Opening says so; nothing else is ever called. */
#include "process.h"

enum process_fault process_open(other_process **out, long pid)
{
    (void)out;
    (void)pid;
    return PROCESS_UNSUPPORTED;
}

void process_close(other_process *process)
{
    (void)process;
}

bool process_read(other_process *process, uint64_t address, void *out, size_t size)
{
    (void)process;
    (void)address;
    (void)out;
    (void)size;
    return false;
}

enum process_fault process_state(const other_process *process)
{
    (void)process;
    return PROCESS_UNSUPPORTED;
}

bool process_data(const other_process *process, size_t index, uint64_t *address, uint64_t *size)
{
    (void)process;
    (void)index;
    (void)address;
    (void)size;
    return false;
}

void process_use_names(other_process *process)
{
    (void)process;
}

void process_place(const other_process *process, uint64_t address, char *out, size_t size)
{
    (void)process;
    (void)address;
    if (size > 0)
        out[0] = '\0';
}

void process_pause(double seconds)
{
    (void)seconds;
}
