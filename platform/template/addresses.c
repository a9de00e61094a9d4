/* addresses.c: names to addresses, addresses to text.
 * Touches the resolver. Only resolving and naming may block; core calls those two on a thread. */
#include "platform/template/addresses.h"

int eddyi_resolve(eddyi_backend *backend, const char *host, const char *service, enum eddyi_family family,
                  enum eddyi_socket_type type, int flags, eddyi_address *out, int room)
{
    /* Fill in: getaddrinfo or its like. host NULL or "": the wildcard with RESOLVE_PASSIVE, else loopback. RESOLVE_NUMERIC never
     * blocks: a name is EDDY_ENOHOST there. Fill at most `room`, return how many there are, in the resolver's order; none is EDDY_ENOHOST. */
    (void)backend;
    (void)host;
    (void)service;
    (void)family;
    (void)type;
    (void)flags;
    (void)out;
    (void)room;
    return EDDY_ENOSYS;
}

enum eddyi_family eddyi_address_family(const eddyi_address *address)
{
    (void)address; /* Fill in: of size 0, or of a family that is not listed: EDDYI_FAMILY_OTHER */
    return EDDYI_FAMILY_OTHER;
}

int eddyi_address_port(const eddyi_address *address)
{
    (void)address; /* Fill in: in host order; -1: it has none */
    return -1;
}

int eddyi_address_format(const eddyi_address *address, char *text, size_t size)
{
    (void)
        address; /* Fill in: "127.0.0.1:80", "[::1]:80", a path; its length, or EDDY_EINVAL if it does not fit. Do not believe */
    (void)text;  /* the size in an address that came from outside */
    (void)size;
    return EDDY_ENOSYS;
}

int eddyi_address_name(eddyi_backend *backend, const eddyi_address *address, char *host, size_t host_size,
                       char *service, size_t service_size, int flags)
{
    (void)backend; /* Fill in: getnameinfo or its like. EDDY_EOVERFLOW: does not fit */
    (void)address;
    (void)host;
    (void)host_size;
    (void)service;
    (void)service_size;
    (void)flags;
    return EDDY_ENOSYS;
}
