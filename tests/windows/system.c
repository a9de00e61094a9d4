/* system.c: what the system tells about this process: how many sockets, pipes and files are open, what a thread is called.
 * Touches the process's handles, one after the other: there is no list of them. The lowest one that is free is given out first, so there are no long holes. */
#include "support/results.h"
#include "support/support.h"

#include "core/base/memory.h"
#include "core/platform.h"
#include "windows/posix.h"

enum { LAST_HANDLE = 16384, HOLE = 64 };

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

/* Tests that would find it out in the middle of a loop, or with a file made. */
const support_lack support_lacking[] = {
    {"fault_X10_", "there is no fork"},
    {"fault_P2_number_reused_inside_a_callback_belongs_to_the_newcomer", "no number can be chosen"},
    {"fault_Y1_no_space_and_the_limit_of_files_are_told", "there are no such limits"},
    {"fault_Y2_", "FIFOs have no names in folders"},
    {"fault_P14_loop_closed_under_a_read_of_a_file_leaves_nothing", "FIFOs have no names in folders"},
    {NULL, NULL},
};

void support_hear_all_signals(void)
{
    /* nobody but the console sends any, and none is ignored by inheritance here but Ctrl-C, which no test sends */
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

/* ---- features: asked of the system, for emulators have not all of them ---- */

static SOCKET loopback(int type, struct sockaddr_in *name)
{
    int size = sizeof *name;
    SOCKET made = socket(AF_INET, type, 0);
    *name = (struct sockaddr_in){.sin_family = AF_INET};
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (made == INVALID_SOCKET || bind(made, (struct sockaddr *)name, sizeof *name) != 0 ||
        getsockname(made, (struct sockaddr *)name, &size) != 0)
        abort();
    return made;
}

static bool resets(void)
{
    struct sockaddr_in name, other;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    char byte;
    SOCKET listener = loopback(SOCK_STREAM, &name), client = loopback(SOCK_STREAM, &other);
    if (listen(listener, 1) != 0 || connect(client, (struct sockaddr *)&name, sizeof name) != 0)
        abort();
    SOCKET peer = accept(listener, NULL, NULL);
    setsockopt((int)client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    closesocket(client);
    bool told = recv(peer, &byte, 1, 0) < 0;
    closesocket(peer);
    closesocket(listener);
    return told;
}

static bool refused_datagrams(void)
{
    struct sockaddr_in name, nobody;
    char byte;
    DWORD patience = 500;
    SOCKET gone = loopback(SOCK_DGRAM, &nobody), asker = loopback(SOCK_DGRAM, &name);
    closesocket(gone);
    setsockopt((int)asker, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(asker, (struct sockaddr *)&nobody, sizeof nobody) != 0)
        abort();
    (void)send(asker, "x", 1, 0);
    bool told = recv(asker, &byte, 1, 0) < 0 && WSAGetLastError() != WSAETIMEDOUT;
    closesocket(asker);
    return told;
}

/* Which watches sockets only. */
static bool is_select(void)
{
    const char *backend = support_backend() != NULL ? support_backend() : getenv("EDDY_BACKEND");
    if (backend == NULL)
        backend = eddy_backend_name(0);
    return strcmp(backend, "select") == 0;
}

bool support_has(enum support_feature feature)
{
    static int known[SUPPORT_TELLS_BLOCKING + 1]; /* 0: not asked yet */
    WSADATA data;
    if (support_is_simulated())
        return true;
    if (known[feature] == 0) {
        (void)WSAStartup(MAKEWORD(2, 2), &data);
        bool has = false;
        if (feature == SUPPORT_RESETS)
            has = resets();
        else if (feature == SUPPORT_REFUSED_DATAGRAMS)
            has = refused_datagrams();
        else if (feature == SUPPORT_SENDS_FILES || feature == SUPPORT_READS_PIPES)
            has = !is_select();
        known[feature] = has ? 1 : -1;
    }
    return known[feature] > 0;
}

int support_run_program(const char *const *arguments, int (*as_copy)(const char *const *arguments))
{
    (void)as_copy;
    const eddy_process_options options = {.size = sizeof options};
    eddyi_spawn what = {
        .program = arguments[0], .arguments = arguments, .options = &options, .standard = {-1, -1, -1}};
    eddyi_child child;
    eddyi_spawn_failure failure;
    eddy_fd nothing;
    int returncode = -1;
    fflush(NULL);
    if (eddyi_null_device_open(&nothing) < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        what.standard[i] = nothing;
    int rc = eddyi_child_spawn(&child, &what, eddyi_default_allocator(), &failure);
    (void)eddyi_platform_net.close(NULL, nothing);
    if (rc < 0)
        return -1;
    eddyi_child_close(&child);
    eddyi_child_await(&child);
    (void)eddyi_child_reap(&child, &returncode);
    return returncode < 0 ? 4 : returncode;
}
