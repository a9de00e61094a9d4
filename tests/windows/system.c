/* system.c: what the system tells about this process: how many sockets, pipes and files are open, what a thread is called.
 * Touches the process's handles, one after the other: there is no list of them. */
#include "support/support.h"

#include "windows/posix.h"

enum { LAST_HANDLE = 16384, HOLE = 512 };

int support_open_descriptors(void)
{
    int count = 0, hole = 0;
    for (int fd = 4; fd < LAST_HANDLE && hole < HOLE; fd += 4) {
        bool open = fcntl(fd, F_GETFD) == 0;
        count += open;
        hole = open ? 0 : hole + 1;
    }
    return count;
}

bool support_thread_name(char *name, size_t size)
{
    typedef HRESULT(WINAPI * describe_fn)(HANDLE, PWSTR *);
    wchar_t *wide;
    describe_fn describe = (describe_fn)eddyi_system_function(L"kernel32.dll", "GetThreadDescription");
    if (describe == NULL || describe(GetCurrentThread(), &wide) < 0)
        return false;
    (void)WideCharToMultiByte(CP_UTF8, 0, wide, -1, name, (int)size, NULL, NULL);
    LocalFree(wide);
    return true;
}
