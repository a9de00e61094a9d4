/* text.h: UTF-8, which the API speaks, and UTF-16, which the system does.
 * Touches the allocator. What is not UTF-8 is refused, never mended. */
#ifndef EDDYI_WINDOWS_TEXT_H
#define EDDYI_WINDOWS_TEXT_H

#include <stddef.h>
#include <wchar.h>
#include <eddy/memory.h>

/* *out is the allocator's, to be released. EDDY_EINVAL: not UTF-8. */
int eddyi_text_widen(const eddy_allocator *, wchar_t **out, const char *text);
/* Into `wide`, with the zero at its end. EDDY_EOVERFLOW: does not fit. */
int eddyi_text_widen_into(wchar_t *wide, size_t room, const char *text);
/* The length, or EDDY_EOVERFLOW when it does not fit. */
int eddyi_text_narrow(char *text, size_t size, const wchar_t *wide);

#endif
