/* attach.c: what a descriptor is, and whether its completions can come to our port.
 * Touches the port's table of handles. A handle that was given to a port stays with it for life: on a socket of another port, or one that was ours before, ops
 * are tried; a pipe is refused. Sockets of others (FOREIGN) are never given to the port: what their owner does with them is theirs. */
#include <assert.h>

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

static int give_to_port(iocp_file *file)
{
    HANDLE handle = eddyi_iocp_handle(file->fd);
    if (EDDYI_CALL_AS(epoll_ctl, CreateIoCompletionPort, NULL,
                      (handle, file->backend->port, eddyi_iocp_key(file), 0)) == NULL) {
        int error = eddyi_last_error();
        return error == ERROR_INVALID_PARAMETER && file->nature == IOCP_SOCKET
                   ? 0
                   : eddyi_error_from_system(error);
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
    eddyi_iocp_file_free(file);
}

int eddyi_iocp_attach(eddyi_backend *backend, eddyi_descriptor *descriptor)
{
    iocp_file *file, *other = eddyi_iocp_file_by_number(backend, descriptor->fd);
    uint8_t nature;
    if (descriptor->attached)
        return EDDY_EEXIST;
    int rc = nature_of(descriptor->fd, &nature);
    if (rc < 0)
        return rc;
    bool surely_the_same = other != NULL && (!other->ported || descriptor->kind == EDDYI_FOREIGN);
    if (surely_the_same)
        return EDDY_EEXIST;
    rc = eddyi_iocp_file_create(backend, &file, descriptor);
    if (rc < 0)
        return rc;
    file->nature = nature;
    rc = make_ready(file);
    if (rc == 0 && other != NULL && !file->ported)
        rc = EDDY_EEXIST; /* the port knows it */
    if (rc < 0) {
        let_go(file);
        return rc;
    }
    if (other != NULL) /* closed behind our back, and its number was given to another */
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
