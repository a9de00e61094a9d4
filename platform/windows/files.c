/* files.c: files, for the threads that may block on them.
 * Touches CreateFileW, ReadFile, WriteFile, FlushFileBuffers. Nothing here waits for more than one call of the system's. */
#include "core/base/memory.h"
#include "core/platform.h"
#include "platform/windows/system.h"
#include "platform/windows/text.h"

static int failed(int32_t *os_error)
{
    *os_error = eddyi_last_error();
    return eddyi_error_from_system(*os_error);
}

/* What the file was not opened for; elsewhere the descriptor is the wrong one for it. */
static int not_done(int32_t *os_error)
{
    int rc = failed(os_error);
    return *os_error == ERROR_ACCESS_DENIED ? EDDY_EBADF : rc;
}

static DWORD access_of(unsigned how)
{
    DWORD access = (how & EDDYI_FILE_READS) || !(how & EDDYI_FILE_WRITES) ? GENERIC_READ : 0;
    if (!(how & EDDYI_FILE_WRITES))
        return access;
    if (how & EDDYI_FILE_APPENDS) /* without the right to write anywhere else every write goes to the end */
        return access | (FILE_GENERIC_WRITE & ~(DWORD)FILE_WRITE_DATA);
    return access | GENERIC_WRITE;
}

static DWORD disposition_of(unsigned how)
{
    if ((how & EDDYI_FILE_MAKES) && (how & EDDYI_FILE_NEW))
        return CREATE_NEW;
    if (how & EDDYI_FILE_EMPTIES)
        return (how & EDDYI_FILE_MAKES) ? CREATE_ALWAYS : TRUNCATE_EXISTING;
    return (how & EDDYI_FILE_MAKES) ? OPEN_ALWAYS : OPEN_EXISTING;
}

/* Others may read, write and remove it meanwhile, as on other systems. */
int eddyi_file_open(eddy_fd *out, const char *path, unsigned how, bool *positioned, int32_t *os_error)
{
    const DWORD shared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    wchar_t *wide;
    int rc = eddyi_text_widen(eddyi_default_allocator(), &wide, path);
    if (rc < 0)
        return rc;
    HANDLE file =
        EDDYI_CALL_AS(open, CreateFileW, INVALID_HANDLE_VALUE,
                      (wide, access_of(how), shared, NULL, disposition_of(how), FILE_ATTRIBUTE_NORMAL, NULL));
    rc = file != INVALID_HANDLE_VALUE ? 0 : failed(os_error);
    eddyi_release(eddyi_default_allocator(), wide);
    if (rc < 0)
        return rc;
    *positioned = GetFileType(file) == FILE_TYPE_DISK;
    *out = (eddy_fd)file;
    return 0;
}

static OVERLAPPED *place(OVERLAPPED *where, uint64_t offset)
{
    *where = (OVERLAPPED){0};
    where->Offset = (DWORD)offset;
    where->OffsetHigh = (DWORD)(offset >> 32);
    return offset != UINT64_MAX ? where : NULL;
}

int64_t eddyi_file_read(eddy_fd fd, void *data, size_t size, uint64_t offset, int32_t *os_error)
{
    OVERLAPPED where;
    DWORD got = 0;
    if (EDDYI_CALL_AS(read, ReadFile, FALSE,
                      ((HANDLE)fd, data, eddyi_limited(size), &got, place(&where, offset))))
        return got;
    if (GetLastError() == ERROR_HANDLE_EOF || GetLastError() == ERROR_BROKEN_PIPE)
        return 0;
    return not_done(os_error);
}

int64_t eddyi_file_write(eddy_fd fd, const void *data, size_t size, uint64_t offset, int32_t *os_error)
{
    OVERLAPPED where;
    DWORD put = 0;
    if (EDDYI_CALL_AS(write, WriteFile, FALSE,
                      ((HANDLE)fd, data, eddyi_limited(size), &put, place(&where, offset))))
        return put;
    return not_done(os_error);
}

int eddyi_file_sync(eddy_fd fd, int32_t *os_error)
{
    return FlushFileBuffers((HANDLE)fd) ? 0 : failed(os_error);
}

int64_t eddyi_file_length(eddy_fd fd, int32_t *os_error)
{
    LARGE_INTEGER size;
    return EDDYI_CALL_AS(fstat, GetFileSizeEx, FALSE, ((HANDLE)fd, &size)) ? size.QuadPart : failed(os_error);
}

int eddyi_file_close(eddy_fd fd)
{
    return eddyi_platform_net.close(NULL, fd); /* the same rule: never retried */
}
