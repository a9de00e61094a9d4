/* addresses.c: names to addresses (getaddrinfo(3), RFC 3493) and addresses to text.
 * Touches the resolver. Nothing is ever truncated: what does not fit is an error. */
#include "platform/posix/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/base/host.h"
#include "platform/posix/system.h"

enum { HIGHEST_PORT = 65535 };

_Static_assert(sizeof(struct sockaddr_un) <= sizeof(((eddyi_address *)0)->bytes), "every address fits");
_Static_assert(sizeof(struct sockaddr_in6) <= sizeof(((eddyi_address *)0)->bytes), "every address fits");

enum eddyi_family eddyi_address_family(const eddyi_address *address)
{
    if (address->size <
        offsetof(struct sockaddr, sa_data)) /* a datagram of an unnamed local socket has no sender */
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

/* Linux's abstract names begin with a zero byte and may hold more: each is shown as '@'. Nothing for an unnamed socket. */
static int format_unix(const eddyi_address *address, char *text, size_t size)
{
    const struct sockaddr_un *path = (const struct sockaddr_un *)(const void *)address->bytes;
    size_t length = address->size - offsetof(struct sockaddr_un, sun_path);
    if (length > sizeof path->sun_path) /* one byte more, where the system counts a zero that has no room */
        length = sizeof path->sun_path;
    if (length > 0 && path->sun_path[0] != '\0')
        length = strnlen(path->sun_path, length);
    if (length >= size)
        return -1;
    for (size_t i = 0; i < length; i++)
        text[i] = path->sun_path[i] != '\0' ? path->sun_path[i] : '@';
    text[length] = '\0';
    return (int)length;
}

static int format_internet(const eddyi_address *address, char *text, size_t size)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int rc = EDDYI_CALL(getnameinfo, EAI_MEMORY,
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
    case EAI_NONAME:
    case EAI_SERVICE:
        return EDDY_ENOHOST;
    case EAI_AGAIN:
        return EDDY_ERESOLVE;
    case EAI_MEMORY:
        return EDDY_ENOMEM;
    case EAI_OVERFLOW:
        return EDDY_EOVERFLOW;
    case EAI_FAMILY:
    case EAI_SOCKTYPE:
        return EDDY_EAFNOSUPPORT;
    case EAI_SYSTEM:
        return eddyi_error_from_system(errno);
    default:
#ifdef EAI_NODATA
        if (rc == EAI_NODATA)
            return EDDY_ENOHOST;
#endif
#ifdef EAI_ADDRFAMILY
        if (rc == EAI_ADDRFAMILY)
            return EDDY_ENOHOST;
#endif
        return EDDY_ERESOLVEFAIL;
    }
}

/* Resolvers take blanks, a sign, and numbers modulo 65536 for a port; none of these is meant. */
static int check_service(const char *service)
{
    size_t digits = strspn(service, "0123456789");
    if (service[digits] == '\0')
        return strtoul(service, NULL, 10) <= HIGHEST_PORT ? 0 : EDDY_EINVAL;
    for (const char *c = service; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return EDDY_EINVAL;
    return *service == '-' || *service == '+' ? EDDY_EINVAL : 0;
}

static int copy_addresses(const struct addrinfo *list, eddyi_address *out, int room)
{
    int count = 0;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
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

/* The host is a path; "@name" stands for one of Linux's abstract names, as format writes them. */
static int resolve_local(const char *path, eddyi_address *out, int room)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    bool is_abstract = path[0] == '@';
    size_t used = length + (is_abstract ? 0 : 1);
    if (length == 0)
        return EDDY_EINVAL;
    if (used > sizeof name.sun_path)
        return EDDY_ENAMETOOLONG;
    memcpy(name.sun_path, path, length);
    if (is_abstract)
        name.sun_path[0] = '\0';
    if (room > 0) {
        out->size = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + used);
        memcpy(out->bytes, &name, out->size);
    }
    return 1;
}

int eddyi_resolve(eddyi_backend *backend, const char *host, const char *service, enum eddyi_family family,
                  enum eddyi_socket_type type, int flags, eddyi_address *out, int room)
{
    struct addrinfo *list = NULL;
    struct addrinfo hints = {0};
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
    if (rc < 0)
        return rc;
    hints.ai_family = family == EDDYI_FAMILY_IPV4   ? AF_INET
                      : family == EDDYI_FAMILY_IPV6 ? AF_INET6
                                                    : AF_UNSPEC;
    hints.ai_socktype = type == EDDYI_SOCKET_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM;
    hints.ai_flags = (flags & EDDYI_RESOLVE_PASSIVE) ? AI_PASSIVE : 0;
    if (flags & EDDYI_RESOLVE_NUMERIC)
        hints.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
    rc = EDDYI_CALL(getaddrinfo, EAI_MEMORY, (host, service, &hints, &list));
    if (rc != 0)
        return error_of_resolver(rc);
    int count = copy_addresses(list, out, room);
    freeaddrinfo(list);
    return count;
}

int eddyi_address_name(eddyi_backend *backend, const eddyi_address *address, char *host, size_t host_size,
                       char *service, size_t service_size, int flags)
{
    enum eddyi_family family = eddyi_address_family(address);
    int how = ((flags & EDDYI_NAME_NUMERIC_HOST) ? NI_NUMERICHOST : 0) |
              ((flags & EDDYI_NAME_NUMERIC_SERVICE) ? NI_NUMERICSERV : 0) |
              ((flags & EDDYI_NAME_REQUIRED) ? NI_NAMEREQD : 0) |
              ((flags & EDDYI_NAME_DATAGRAM) ? NI_DGRAM : 0);
    (void)backend;
    if (family != EDDYI_FAMILY_IPV4 && family != EDDYI_FAMILY_IPV6)
        return EDDY_EAFNOSUPPORT;
    int rc = EDDYI_CALL(getnameinfo, EAI_MEMORY,
                        (eddyi_sockaddr(address), (socklen_t)address->size, host, (socklen_t)host_size,
                         service, (socklen_t)service_size, how));
    return rc == 0 ? 0 : error_of_resolver(rc);
}
