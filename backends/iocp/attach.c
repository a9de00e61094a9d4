/* attach.c: what a descriptor is, and whether its completions can come to our port.
 * Touches the port's table of handles. On a socket of another port ops are tried; a pipe of another port is refused. Sockets of others (FOREIGN) are never given
 * to the port: what their owner does with them is theirs. */
#include <assert.h>
#include <winternl.h>

#include "backends/iocp/inside.h"

/* Whether it can be waited for, without taking what a wait would take: a wait for all is satisfied only together. */
static bool is_waitable(HANDLE handle)
{
    HANDLE both[2] = {handle, EDDYI_CALL_AS(eventfd, CreateEventW, NULL, (NULL, TRUE, FALSE, NULL))};
    if (both[1] == NULL)
        return false;
    DWORD rc = WaitForMultipleObjects(2, both, TRUE, 0);
    (void)CloseHandle(both[1]);
    return rc != WAIT_FAILED;
}

static int nature_of(eddy_fd fd, uint8_t *nature)
{
    int type;
    int size = sizeof type;
    DWORD flags;
    HANDLE handle = eddyi_iocp_handle(fd);
    /* no EDDYI_CALL: these ask and take nothing */
    if (fd == -1 || !GetHandleInformation(handle, &flags))
        return EDDY_EBADF;
    if (getsockopt((SOCKET)fd, SOL_SOCKET, SO_TYPE, (char *)&type, &size) == 0) {
        *nature = IOCP_SOCKET;
        return 0;
    }
    switch (GetFileType(handle)) {
    case FILE_TYPE_DISK:
        return EDDY_EPERM; /* it never waits */
    case FILE_TYPE_PIPE:
        *nature = IOCP_PIPE;
        return 0;
    case FILE_TYPE_CHAR: /* the null device and its like never wait; a console does */
        *nature = IOCP_OBJECT;
        return GetConsoleMode(handle, &flags) ? 0 : EDDY_EPERM;
    default:
        *nature = IOCP_OBJECT;
        return is_waitable(handle) ? 0 : EDDY_EPERM;
    }
}

/* A layer above the system's sockets that has no handles of the system's own cannot keep the promise to send no packet. And datagrams: providers were
 * seen to send one nevertheless. */
static bool may_skip(const iocp_file *file)
{
    WSAPROTOCOL_INFOW info;
    int size = sizeof info;
    if (file->backend->never_skips)
        return false;
    if (file->nature != IOCP_SOCKET)
        return true;
    /* no EDDYI_CALL: without an answer every success is told by its packet */
    if (file->descriptor->kind == EDDYI_DATAGRAM ||
        getsockopt((SOCKET)file->fd, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &size) != 0)
        return false;
    return (info.dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
}

/* A port unreachable that some datagram met on its way is no failure of the next receive, which may be from anybody. */
static void forget_unreachable(const iocp_file *file)
{
    BOOL off = FALSE;
    DWORD bytes;
    if (file->nature == IOCP_SOCKET &&
        file->descriptor->kind == EDDYI_DATAGRAM) /* no EDDYI_CALL: best effort */
        (void)WSAIoctl((SOCKET)file->fd, SIO_UDP_CONNRESET, &off, sizeof off, NULL, 0, &bytes, NULL, NULL);
}

/* ---- the port ---- */

/* Since Windows 8.1 a handle can be taken from its port again. Before it stays there for life, under the key that it was given first. */
static bool untie(iocp_file *file)
{
    typedef NTSTATUS(NTAPI * set_information_fn)(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, int);
    enum { REPLACE_COMPLETION = 61 };
    struct {
        HANDLE port;
        PVOID key;
    } nobody = {NULL, NULL};
    IO_STATUS_BLOCK status;
    set_information_fn set_information =
        (set_information_fn)eddyi_system_function(L"ntdll.dll", "NtSetInformationFile");
    if (set_information == NULL)
        return false;
    NTSTATUS rc =
        set_information(eddyi_iocp_handle(file->fd), &status, &nobody, sizeof nobody, REPLACE_COMPLETION);
    return rc >= 0;
}

/* Under a number that was parked there is either another file by now, which the port takes under a new key, or the one that it knows under the old. That it may be one of
 * another port cannot be told from that where nothing can be untied. */
static int give_to_port(iocp_file *file)
{
    HANDLE handle = eddyi_iocp_handle(file->fd);
    uint32_t known_as = file->generation;
    if (file->tied)
        eddyi_iocp_file_set_generation(file, known_as + 1);
    if (EDDYI_CALL_AS(epoll_ctl, CreateIoCompletionPort, NULL,
                      (handle, file->backend->port, eddyi_iocp_key(file), 0)) == NULL) {
        int error = eddyi_last_error();
        eddyi_iocp_file_set_generation(file, known_as);
        file->ported = file->tied && error == ERROR_INVALID_PARAMETER;
        if (file->ported || (error == ERROR_INVALID_PARAMETER && file->nature == IOCP_SOCKET))
            return 0;
        return eddyi_error_from_system(error);
    }
    file->ported = true;
    file->skips =
        may_skip(file) && SetFileCompletionNotificationModes(handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    forget_unreachable(file);
    return 0;
}

static int make_ready(iocp_file *file)
{
    bool foreign = file->descriptor->kind == EDDYI_FOREIGN;
    if (file->nature == IOCP_OBJECT)
        return eddyi_iocp_object_create(file);
    if (file->nature == IOCP_SOCKET && foreign)
        return 0;
    int rc = file->descriptor->kind == EDDYI_LISTENER ? eddyi_iocp_listener_create(file) : 0;
    return rc < 0 ? rc : give_to_port(file);
}

static void let_go(iocp_file *file)
{
    eddyi_iocp_listener_free(file);
    eddyi_iocp_object_free(file);
    file->descriptor = NULL;
    bool closed = file->fd == -1;
    if (!closed && (file->tied || (file->ported && !untie(file))))
        file->tied = true;
    else
        eddyi_iocp_file_free(file);
}

/* ---- attach and detach ---- */

/* The file for a descriptor: a parked one of its number, or a new one. */
static int find_or_create(eddyi_backend *backend, iocp_file **out, iocp_file *other,
                          eddyi_descriptor *descriptor)
{
    if (other == NULL || other->descriptor != NULL || descriptor->kind == EDDYI_FOREIGN)
        return eddyi_iocp_file_create(backend, out, descriptor);
    other->descriptor = descriptor;
    other->base = INVALID_SOCKET;
    other->ported = false;
    *out = other;
    return 0;
}

int eddyi_iocp_attach(eddyi_backend *backend, eddyi_descriptor *descriptor)
{
    iocp_file *file, *other = eddyi_iocp_file_by_number(backend, descriptor->fd);
    bool attached = other != NULL && other->descriptor != NULL;
    uint8_t nature;
    if (descriptor->attached)
        return EDDY_EEXIST;
    int rc = nature_of(descriptor->fd, &nature);
    if (rc < 0)
        return rc;
    if (attached && (!other->ported || descriptor->kind == EDDYI_FOREIGN))
        return EDDY_EEXIST; /* for all that can be known */
    rc = find_or_create(backend, &file, other, descriptor);
    if (rc < 0)
        return rc;
    file->nature = nature;
    rc = make_ready(file);
    if (rc == 0 && attached && !file->ported)
        rc = EDDY_EEXIST; /* the port knows it */
    if (rc < 0) {
        let_go(file);
        return rc;
    }
    if (attached) /* it was closed behind our back, and its number was given to another */
        eddyi_iocp_file_disown(other);
    descriptor->slot = file->slot;
    descriptor->generation = file->generation;
    descriptor->reader = descriptor->writer = NULL;
    descriptor->ready = descriptor->armed = 0;
    descriptor->attached = 1;
    return 0;
}

void eddyi_iocp_detach(eddyi_backend *backend, eddyi_descriptor *descriptor)
{
    if (!descriptor->attached)
        return;
    assert(descriptor->reader == NULL && descriptor->writer == NULL);
    let_go(eddyi_iocp_file_of(backend, descriptor));
    descriptor->ready = descriptor->armed = descriptor->attached = 0;
}
