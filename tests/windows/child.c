/* child.c: this program as a child of its own tests.
 * Touches seam 2 and overlapped reads. */
#include "windows/child.h"

static const eddy_process_options defaults = {.size = sizeof defaults};

const char *child_self(void)
{
    static char path[1024];
    wchar_t wide[512];
    assert_in_range(GetModuleFileNameW(NULL, wide, 512), 1, 511);
    assert_true(WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, sizeof path, NULL, NULL) > 0);
    return path;
}

size_t child_read(eddy_fd pipe, char *data, size_t size)
{
    OVERLAPPED reading = {0};
    DWORD got = 0;
    if (!ReadFile((HANDLE)pipe, data, (DWORD)size, NULL, &reading) && GetLastError() != ERROR_IO_PENDING)
        return 0;
    return GetOverlappedResult((HANDLE)pipe, &reading, &got, TRUE) ? got : 0;
}

int child_run(told *out, const char *const *arguments, const eddy_process_options *options)
{
    eddy_fd ends[2];
    eddyi_child child;
    eddyi_spawn_failure failure;
    memset(out, 0, sizeof *out);
    assert_int_equal(eddyi_pipe_create(ends, 0), 0);
    eddyi_spawn what = {.program = arguments[0],
                        .arguments = arguments,
                        .options = options != NULL ? options : &defaults,
                        .standard = {-1, ends[1], ends[1]}};
    int rc = eddyi_child_spawn(&child, &what, eddyi_default_allocator(), &failure);
    assert_int_equal(eddyi_platform_net.close(NULL, ends[1]), 0);
    if (rc == 0) {
        size_t got;
        while ((got = child_read(ends[0], out->text + out->size, sizeof out->text - 1 - out->size)) > 0)
            out->size += got;
        eddyi_child_await(&child);
        assert_int_equal(eddyi_child_reap(&child, &out->returncode), 1);
        eddyi_child_close(&child);
    }
    assert_int_equal(eddyi_platform_net.close(NULL, ends[0]), 0);
    return rc;
}

void child_do(told *out, const char *what)
{
    const char *arguments[] = {child_self(), what, NULL};
    assert_int_equal(child_run(out, arguments, NULL), 0);
}
