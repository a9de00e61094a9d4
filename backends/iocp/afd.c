/* afd.c: asking the kernel's socket driver what a socket is ready for: select's own question, answered by a packet.
 * Touches \Device\Afd, or any socket of our own, which is a handle of the same driver. Socket and port need not know each other, so it works for the
 * sockets of others. Level-triggered: what holds is answered at once. Sources: the public headers and issues of several event loops. */
#include <winternl.h>

#include "backends/iocp/inside.h"

#ifndef SIO_BASE_HANDLE
#define SIO_BASE_HANDLE _WSAIOR(IOC_WS2, 34)
#endif
#ifndef SIO_BSP_HANDLE_POLL
#define SIO_BSP_HANDLE_POLL _WSAIOR(IOC_WS2, 29)
#endif

enum {
    ASK_POLL = 0x00012024, /* IOCTL_AFD_POLL */
    MAY_RECEIVE = 0x001,
    MAY_SEND = 0x004,
    DISCONNECTED = 0x008, /* the peer has ended its direction */
    ABORTED = 0x010,
    CLOSED = 0x020, /* here, by its owner */
    MAY_ACCEPT = 0x080,
    CONNECT_FAILED = 0x100
};

_Static_assert(offsetof(iocp_question, socket) == 16 && sizeof(iocp_question) == 16 + sizeof(HANDLE) + 8,
               "a question is an AFD_POLL_INFO");

/* ---- a handle of the driver ---- */

typedef NTSTATUS(NTAPI *create_file_fn)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK,
                                        PLARGE_INTEGER, ULONG, ULONG, ULONG, ULONG, PVOID, ULONG);

static HANDLE open_by_name(void)
{
    static wchar_t name[] = L"\\Device\\Afd\\Eddy";
    UNICODE_STRING path = {
        .Length = sizeof name - sizeof name[0], .MaximumLength = sizeof name, .Buffer = name};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes, .ObjectName = &path};
    IO_STATUS_BLOCK status;
    HANDLE handle = NULL;
    create_file_fn create = (create_file_fn)eddyi_system_function(L"ntdll.dll", "NtCreateFile");
    if (create == NULL)
        return NULL;
    NTSTATUS rc = create(&handle, SYNCHRONIZE, &attributes, &status, NULL, 0,
                         FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
    return rc == 0 ? handle : NULL;
}

static HANDLE open_as_socket(void)
{
    SOCKET made = EDDYI_CALL_AS(
        socket, WSASocketW, INVALID_SOCKET,
        (AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    return made != INVALID_SOCKET ? (HANDLE)made : NULL;
}

static void close_handle(HANDLE handle, bool is_socket)
{
    if (handle == NULL)
        return;
    if (is_socket)
        (void)closesocket((SOCKET)handle);
    else
        (void)CloseHandle(handle);
}

static int open_afd(eddyi_backend *backend, bool as_socket)
{
    HANDLE handle = as_socket ? open_as_socket() : open_by_name();
    if (handle == NULL)
        return as_socket ? eddyi_error_from_system(eddyi_last_error()) : EDDY_ENOSYS;
    if (EDDYI_CALL_AS(epoll_ctl, CreateIoCompletionPort, NULL, (handle, backend->port, IOCP_KEY_AFD, 0)) ==
        NULL) {
        int error = eddyi_last_error();
        close_handle(handle, as_socket);
        return eddyi_error_from_system(error);
    }
    backend->afd = handle;
    backend->afd_is_socket = as_socket;
    return 0;
}

int eddyi_iocp_afd_open(eddyi_backend *backend)
{
    int rc = open_afd(backend, false);
    return rc == EDDY_ENOSYS ? open_afd(backend, true) : rc;
}

void eddyi_iocp_afd_close(eddyi_backend *backend)
{
    close_handle(backend->afd, backend->afd_is_socket);
}

int eddyi_iocp_ask_through_socket(eddyi_backend *backend)
{
    HANDLE old = backend->afd;
    bool was_socket = backend->afd_is_socket;
    int rc = open_afd(backend, true);
    if (rc == 0)
        close_handle(old, was_socket);
    return rc;
}

/* ---- asking ---- */

/* Below all layers that somebody may have put over the system's sockets. Some of them hide it, but not from the second question. */
static DWORD find_base(iocp_file *file)
{
    SOCKET base = INVALID_SOCKET;
    DWORD bytes;
    if (file->base != INVALID_SOCKET)
        return 0;
    /* no EDDYI_CALL: they only ask */
    if (WSAIoctl((SOCKET)file->fd, SIO_BASE_HANDLE, NULL, 0, &base, sizeof base, &bytes, NULL, NULL) != 0 &&
        WSAIoctl((SOCKET)file->fd, SIO_BSP_HANDLE_POLL, NULL, 0, &base, sizeof base, &bytes, NULL, NULL) != 0)
        return GetLastError();
    file->base = base;
    return 0;
}

static uint32_t bits_of(const eddyi_op *op)
{
    switch (op->kind) {
    case EDDYI_POLL:
        return op->events;
    case EDDYI_RECV:
    case EDDYI_RECVFROM:
    case EDDYI_ACCEPT:
    case EDDYI_READ:
        return EDDYI_IN;
    default:
        return EDDYI_OUT;
    }
}

int eddyi_iocp_ask(iocp_file *file, eddyi_op *op, eddyi_result *result)
{
    iocp_lent *lent = eddyi_iocp_lent_of(op);
    uint32_t bits = bits_of(op);
    DWORD error = find_base(file);
    if (error != 0)
        return eddyi_iocp_failed(result, error);
    ULONG events = ABORTED | CLOSED | CONNECT_FAILED;
    if (bits & EDDYI_IN)
        events |= MAY_RECEIVE | MAY_ACCEPT | DISCONNECTED;
    if (bits & EDDYI_OUT)
        events |= MAY_SEND;
    lent->question = (iocp_question){
        .timeout.QuadPart = INT64_MAX, .count = 1, .socket = (HANDLE)file->base, .events = events};
    lent->overlapped = (OVERLAPPED){0};
    lent->asked = true;
    iocp_question *question = &lent->question;
    BOOL ok = EDDYI_CALL_AS(poll, DeviceIoControl, FALSE,
                            (file->backend->afd, ASK_POLL, question, sizeof *question, question,
                             sizeof *question, NULL, &lent->overlapped));
    error = ok ? 0 : GetLastError();
    return error == 0 || error == ERROR_IO_PENDING ? IOCP_PENDING : eddyi_iocp_failed(result, error);
}

/* An error or a connection that failed is told in both directions: who tries then learns which one it is. */
uint32_t eddyi_iocp_answer(eddyi_op *op)
{
    const iocp_question *question = &eddyi_iocp_lent_of(op)->question;
    uint32_t bits = 0, asked = bits_of(op);
    ULONG events = question->count == 0 ? 0 : question->events;
    if (events & (MAY_RECEIVE | MAY_ACCEPT))
        bits |= EDDYI_IN;
    if (events & DISCONNECTED)
        bits |= EDDYI_IN | EDDYI_END_IN;
    if (events & MAY_SEND)
        bits |= EDDYI_OUT;
    if (events & (ABORTED | CONNECT_FAILED))
        bits |= EDDYI_IN | EDDYI_OUT | EDDYI_END_IN | EDDYI_END_OUT;
    asked |= (asked & EDDYI_IN ? EDDYI_END_IN : 0u) | (asked & EDDYI_OUT ? EDDYI_END_OUT : 0u);
    return bits & asked;
}

bool eddyi_iocp_answer_is_closed(eddyi_op *op)
{
    const iocp_question *question = &eddyi_iocp_lent_of(op)->question;
    return question->count > 0 && (question->events & CLOSED) != 0;
}
