/* names.h: names of functions in another process, by its files.
 * Touches nothing. What implements it is chosen by the build: libdw, or nobody, who knows no name. */
#ifndef EDDY_TOOLS_NAMES_H
#define EDDY_TOOLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct function_names function_names;

function_names *names_open(long pid); /* NULL: none can be known */
void names_close(function_names *names);
/* The function that this address is in. False: not known. */
bool names_find(function_names *names, uint64_t address, char *out, size_t size);

#endif
