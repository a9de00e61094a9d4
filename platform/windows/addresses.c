/* addresses.c: names to addresses (GetAddrInfoW) and addresses to text.
 * Touches the resolver. Nothing is ever truncated: what does not fit is an error. */
#include "platform/windows/addresses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/host.h"
#include "core/base/memory.h"
#include "platform/windows/text.h"

enum { HIGHEST_PORT = 65535, LONGEST_HOST = 256, LONGEST_SERVICE = 64 };

_Static_assert(sizeof(eddyi_local_name) <= sizeof(((eddyi_address *)0)->bytes), "every address fits");
_Static_assert(sizeof(struct sockaddr_in6) <= sizeof(((eddyi_address *)0)->bytes), "every address fits");

enum eddyi_family eddyi_address_family(const eddyi_address *address)
{
    if (address->size < offsetof(struct sockaddr, sa_data))
        return EDDYI_FAMILY_OTHER;
    switch (eddyi_sockaddr(address)->sa_family) {
    case AF_INET:
        return EDDYI_FAMILY_IPV4;
    case AF_INET6:
        return EDDYI_FAMILY_IPV6;
    case AF_UNIX:
        return EDDYI_FAMILY_UNIX;
    default:
        return EDDYI_FAMILY_OTHER;
    }
}

int eddyi_address_port(const eddyi_address *address)
{
    switch (eddyi_address_family(address)) {
    case EDDYI_FAMILY_IPV4:
        return ntohs(((const struct sockaddr_in *)(const void *)address->bytes)->sin_port);
    case EDDYI_FAMILY_IPV6:
        return ntohs(((const struct sockaddr_in6 *)(const void *)address->bytes)->sin6_port);
    default:
        return -1;
    }
}

static int format_unix(const eddyi_address *address, char *text, size_t size)
{
    const eddyi_local_name *name = (const eddyi_local_name *)(const void *)address->bytes;
    size_t room = address->size - offsetof(eddyi_local_name, sun_path), length = 0;
    while (length < room && length < sizeof name->sun_path && name->sun_path[length] != '\0')
        length++;
    if (length >= size)
        return -1;
    memcpy(text, name->sun_path, length);
    text[length] = '\0';
    return (int)length;
}

static int format_internet(const eddyi_address *address, char *text, size_t size)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (eddyi_winsock() < 0)
        return -1;
    int rc = EDDYI_CALL(getnameinfo, WSA_NOT_ENOUGH_MEMORY,
                        (eddyi_sockaddr(address), (socklen_t)address->size, host, sizeof host, port,
                         sizeof port, NI_NUMERICHOST | NI_NUMERICSERV));
    if (rc != 0)
        return -1;
    if (eddyi_address_family(address) == EDDYI_FAMILY_IPV6)
        return snprintf(text, size, "[%s]:%s", host, port);
    return snprintf(text, size, "%s:%s", host, port);
}

int eddyi_address_format(const eddyi_address *address, char *text, size_t size)
{
    int length = eddyi_address_family(address) == EDDYI_FAMILY_UNIX ? format_unix(address, text, size)
                                                                    : format_internet(address, text, size);
    return length < 0 || (size_t)length >= size ? EDDY_EINVAL : length;
}

/* ---- resolving ---- */

static int error_of_resolver(int rc)
{
    switch (rc) {
    case WSAHOST_NOT_FOUND:
    case WSATYPE_NOT_FOUND:
    case WSANO_DATA:
        return EDDY_ENOHOST;
    case WSATRY_AGAIN:
        return EDDY_ERESOLVE;
    case WSA_NOT_ENOUGH_MEMORY:
        return EDDY_ENOMEM;
    case WSAEAFNOSUPPORT:
    case WSAESOCKTNOSUPPORT:
        return EDDY_EAFNOSUPPORT;
    default: /* emulators hand numbers below 0 through from the system under them: no address of that family */
        return rc < 0 ? EDDY_ENOHOST : EDDY_ERESOLVEFAIL;
    }
}

static bool is_number(const char *service)
{
    return service[strspn(service, "0123456789")] == '\0';
}

/* Resolvers take blanks, a sign, and numbers modulo 65536 for a port; none of these is meant. */
static int check_service(const char *service)
{
    if (is_number(service))
        return strtoul(service, NULL, 10) <= HIGHEST_PORT ? 0 : EDDY_EINVAL;
    for (const char *c = service; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return EDDY_EINVAL;
    return *service == '-' || *service == '+' ? EDDY_EINVAL : 0;
}

static int copy_addresses(const ADDRINFOW *list, eddyi_address *out, int room)
{
    int count = 0;
    for (const ADDRINFOW *info = list; info != NULL; info = info->ai_next) {
        if (info->ai_addrlen > sizeof out->bytes)
            continue;
        if (count < room) {
            out[count].size = (uint32_t)info->ai_addrlen;
            memcpy(out[count].bytes, info->ai_addr, info->ai_addrlen);
        }
        count++;
    }
    return count > 0 ? count : EDDY_ENOHOST;
}

/* The host is a path. There are no abstract names here. */
static int resolve_local(const char *path, eddyi_address *out, int room)
{
    eddyi_local_name name = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0)
        return EDDY_EINVAL;
    if (path[0] == '@')
        return EDDY_EAFNOSUPPORT;
    if (length >= sizeof name.sun_path)
        return EDDY_ENAMETOOLONG;
    memcpy(name.sun_path, path, length);
    if (room > 0) {
        out->size = (uint32_t)(offsetof(eddyi_local_name, sun_path) + length + 1);
        memcpy(out->bytes, &name, out->size);
    }
    return 1;
}

static int ask(const char *host, const char *service, const ADDRINFOW *hints, ADDRINFOW **list)
{
    wchar_t wide_host[LONGEST_HOST], wide_service[LONGEST_SERVICE];
    int rc = host != NULL ? eddyi_text_widen_into(wide_host, LONGEST_HOST, host) : 0;
    if (rc >= 0)
        rc = eddyi_text_widen_into(wide_service, LONGEST_SERVICE, service);
    if (rc < 0)
        return rc == EDDY_EOVERFLOW ? EDDY_ENOHOST : rc;
    rc = EDDYI_CALL_AS(getaddrinfo, GetAddrInfoW, WSA_NOT_ENOUGH_MEMORY,
                       (host != NULL ? wide_host : NULL, wide_service, hints, list));
    return rc == 0 ? 0 : error_of_resolver(rc);
}

int eddyi_resolve(eddyi_backend *backend, const char *host, const char *service, enum eddyi_family family,
                  enum eddyi_socket_type type, int flags, eddyi_address *out, int room)
{
    ADDRINFOW *list = NULL;
    ADDRINFOW hints = {0};
    (void)backend;
    if (family == EDDYI_FAMILY_UNIX)
        return resolve_local(host != NULL ? host : "", out, room);
    if (host != NULL && *host == '\0')
        host = NULL;
    if (service == NULL || *service == '\0')
        service = "0";
    int rc = check_service(service);
    if (rc == 0 && host != NULL)
        rc = eddyi_check_host(host);
    if (rc == 0 && (flags & EDDYI_RESOLVE_NUMERIC) && !is_number(service))
        rc = EDDY_ENOHOST;
    if (rc == 0)
        rc = eddyi_winsock();
    if (rc < 0)
        return rc;
    hints.ai_family = family == EDDYI_FAMILY_IPV4   ? AF_INET
                      : family == EDDYI_FAMILY_IPV6 ? AF_INET6
                                                    : AF_UNSPEC;
    hints.ai_socktype = type == EDDYI_SOCKET_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    hints.ai_flags = (flags & EDDYI_RESOLVE_PASSIVE) ? AI_PASSIVE : 0;
    if (flags & EDDYI_RESOLVE_NUMERIC)
        hints.ai_flags |= AI_NUMERICHOST;
    rc = ask(host, service, &hints, &list);
    if (rc < 0)
        return rc;
    int count = copy_addresses(list, out, room);
    FreeAddrInfoW(list);
    return count;
}

int eddyi_address_name(eddyi_backend *backend, const eddyi_address *address, char *host, size_t host_size,
                       char *service, size_t service_size, int flags)
{
    wchar_t wide_host[NI_MAXHOST], wide_service[NI_MAXSERV];
    enum eddyi_family family = eddyi_address_family(address);
    int how = ((flags & EDDYI_NAME_NUMERIC_HOST) ? NI_NUMERICHOST : 0) |
              ((flags & EDDYI_NAME_NUMERIC_SERVICE) ? NI_NUMERICSERV : 0) |
              ((flags & EDDYI_NAME_REQUIRED) ? NI_NAMEREQD : 0) |
              ((flags & EDDYI_NAME_DATAGRAM) ? NI_DGRAM : 0);
    (void)backend;
    if (family != EDDYI_FAMILY_IPV4 && family != EDDYI_FAMILY_IPV6)
        return EDDY_EAFNOSUPPORT;
    int rc = eddyi_winsock();
    if (rc < 0)
        return rc;
    rc = EDDYI_CALL_AS(getnameinfo, GetNameInfoW, WSA_NOT_ENOUGH_MEMORY,
                       (eddyi_sockaddr(address), (socklen_t)address->size, wide_host, NI_MAXHOST,
                        wide_service, NI_MAXSERV, how));
    if (rc != 0)
        return error_of_resolver(rc);
    rc = eddyi_text_narrow(host, host_size, wide_host);
    if (rc >= 0)
        rc = eddyi_text_narrow(service, service_size, wide_service);
    return rc < 0 ? rc : 0;
}
