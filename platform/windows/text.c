/* text.c: UTF-8, which the API speaks, and UTF-16, which the system does.
 * Touches the allocator. What is not UTF-8 is refused, never mended. */
#include "platform/windows/text.h"

#include <string.h>

#include "core/base/memory.h"
#include "platform/windows/system.h"

#include <eddy/error.h>

int eddyi_text_widen_into(wchar_t *wide, size_t room, const char *text)
{
    size_t length = strlen(text);
    if (length >= INT32_MAX || room > INT32_MAX)
        return EDDY_EINVAL;
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, (int)length + 1, wide, (int)room);
    if (count > 0)
        return count - 1;
    return GetLastError() == ERROR_INSUFFICIENT_BUFFER ? EDDY_EOVERFLOW : EDDY_EINVAL;
}

int eddyi_text_widen(const eddy_allocator *allocator, wchar_t **out, const char *text)
{
    size_t units = strlen(text) + 1, size; /* UTF-16 never has more units than UTF-8 has bytes */
    if (!eddyi_multiply(&size, units, sizeof(wchar_t)))
        return EDDY_ENOMEM;
    wchar_t *wide = eddyi_allocate(allocator, size);
    if (wide == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_text_widen_into(wide, units, text);
    if (rc < 0)
        eddyi_release(allocator, wide);
    else
        *out = wide;
    return rc < 0 ? rc : 0;
}

int eddyi_text_narrow(char *text, size_t size, const wchar_t *wide)
{
    int room = size < INT32_MAX ? (int)size : INT32_MAX;
    int count = WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, room, NULL, NULL);
    return count > 0 ? count - 1 : EDDY_EOVERFLOW;
}
