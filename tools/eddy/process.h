/* process.h: another process as eddy's tools see it: memory that can be read, and nothing else.
 * Touches nothing. What implements it is chosen by the build: one file for each system. The process is never stopped and never written to. */
#ifndef EDDY_TOOLS_PROCESS_H
#define EDDY_TOOLS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct other_process other_process;

enum process_fault {
    PROCESS_FINE,
    PROCESS_MISSING,
    PROCESS_ENDED,
    PROCESS_FORBIDDEN,
    PROCESS_UNSUPPORTED,
    PROCESS_NO_MEMORY
};
const char *process_fault_text(enum process_fault fault);

enum process_fault process_open(other_process **out, long pid);
void process_close(other_process *process);
/* False: not all of it is readable, or the process is gone: `process_state` knows. Any address and size may be asked for. */
bool process_read(other_process *process, uint64_t address, void *out, size_t size);
enum process_fault process_state(const other_process *process);
/* A range of the writable data of a program or library that is mapped; false: there are no more than `index`. */
bool process_data(const other_process *process, size_t index, uint64_t *address, uint64_t *size);
void process_use_names(
    other_process *process); /* from now on places are names of functions, where they can be known */
/* Where an address is: a function's name, else "program+0x12" for one in one of its files, else the address. */
void process_place(const other_process *process, uint64_t address, char *out, size_t size);
void process_pause(double seconds); /* of this program */

#endif
