/* iocp.c: the backend over a completion port: the table, opening and closing.
 * Touches the port and Winsock's extension functions. On error nothing stays open; close drops what is still on its way. */
#include "backends/iocp/inside.h"

extern const eddyi_backend_ops eddyi_backend_iocp;

static int find_function(SOCKET socket, GUID id, void *out, DWORD size)
{
    DWORD bytes;
    int rc =
        WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id, out, size, &bytes, NULL, NULL);
    return rc == 0 ? 0 : eddyi_error_from_system(eddyi_last_error());
}

/* Of the system's own provider, by a socket that is made for the question. */
static int find_functions(eddyi_backend *backend)
{
    SOCKET socket = EDDYI_CALL_AS(
        socket, WSASocketW, INVALID_SOCKET,
        (AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    if (socket == INVALID_SOCKET)
        return eddyi_error_from_system(eddyi_last_error());
    int rc = find_function(socket, (GUID)WSAID_ACCEPTEX, &backend->accept, sizeof backend->accept);
    if (rc == 0)
        rc = find_function(socket, (GUID)WSAID_CONNECTEX, &backend->connect, sizeof backend->connect);
    if (rc == 0)
        rc = find_function(socket, (GUID)WSAID_TRANSMITFILE, &backend->transmit, sizeof backend->transmit);
    (void)closesocket(socket);
    return rc;
}

static int start_winsock(void)
{
    WSADATA data;
    int error = WSAStartup(MAKEWORD(2, 2), &data);
    return error == 0 ? 0 : eddyi_error_from_system(error);
}

static int iocp_probe(void)
{
    return eddyi_system_function(L"kernel32.dll", "GetQueuedCompletionStatusEx") != NULL ? 0 : EDDY_ENOSYS;
}

static int open_port(eddyi_backend *backend)
{
    backend->port = EDDYI_CALL_AS(kqueue, CreateIoCompletionPort, NULL, (INVALID_HANDLE_VALUE, NULL, 0, 1));
    if (backend->port == NULL)
        return eddyi_error_from_system(eddyi_last_error());
    int rc = find_functions(backend);
    return rc < 0 ? rc : eddyi_iocp_afd_open(backend);
}

static void release(eddyi_backend *backend)
{
    eddyi_iocp_afd_close(backend);
    if (backend->port != NULL)
        (void)CloseHandle(backend->port);
    eddyi_iocp_files_release(backend);
    eddyi_release(backend->allocator, backend);
    (void)WSACleanup();
}

static int iocp_open(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    int rc = start_winsock();
    if (rc < 0)
        return rc;
    eddyi_backend *backend = eddyi_allocate_zero(config->allocator, sizeof *backend);
    if (backend == NULL) {
        (void)WSACleanup();
        return EDDY_ENOMEM;
    }
    backend->allocator = config->allocator;
    backend->batch = config->batch != 0 && config->batch < IOCP_ENTRIES ? config->batch : IOCP_ENTRIES;
    atomic_init(&backend->woken, false);
    eddyi_list_init(&backend->again);
    eddyi_list_init(&backend->kept);
    rc = open_port(backend);
    if (rc < 0) {
        release(backend);
        return rc;
    }
    *kinds = (UINT32_C(1) << EDDYI_KINDS) - 1;
    *out = backend;
    return 0;
}

void eddyi_iocp_never_skip(eddyi_backend *backend)
{
    backend->never_skips = true;
}

uint64_t eddyi_iocp_strays(const eddyi_backend *backend)
{
    return backend->strays;
}

const eddyi_backend_ops eddyi_backend_iocp = {
    .name = "iocp",
    .description = "the completion port of Windows: the kernel does the operations",
    .probe = iocp_probe,
    .open = iocp_open,
    .close = release,
    .attach = eddyi_iocp_attach,
    .detach = eddyi_iocp_detach,
    .submit = eddyi_iocp_submit,
    .cancel = eddyi_iocp_cancel,
    .wait = eddyi_iocp_wait,
    .wake = eddyi_iocp_wake,
};
