/* addresses.h: socket addresses behind core's opaque eddyi_address.
 * Touches the socket headers. */
#ifndef EDDYI_WINDOWS_ADDRESSES_H
#define EDDYI_WINDOWS_ADDRESSES_H

#include "core/platform.h"
#include "platform/windows/system.h"

/* afunix.h, which not every kit has. */
typedef struct eddyi_local_name {
    ADDRESS_FAMILY sun_family;
    char sun_path[108];
} eddyi_local_name;

static inline const struct sockaddr *eddyi_sockaddr(const eddyi_address *address)
{
    return (const struct sockaddr *)(const void *)address->bytes;
}

int eddyi_winsock(void); /* starts Winsock, once a process; 0 or EDDY_E... */

enum eddyi_family eddyi_address_family(const eddyi_address *);
int eddyi_address_port(const eddyi_address *);
int eddyi_address_format(const eddyi_address *, char *text, size_t size);
int eddyi_resolve(eddyi_backend *, const char *host, const char *service, enum eddyi_family,
                  enum eddyi_socket_type, int flags, eddyi_address *out, int room);
int eddyi_address_name(eddyi_backend *, const eddyi_address *, char *host, size_t host_size, char *service,
                       size_t service_size, int flags);
/* local.c */
int eddyi_claim_file(eddyi_backend *, const eddyi_address *, enum eddyi_socket_type);
void eddyi_note_file(eddyi_backend *, const eddyi_address *, eddyi_socket_file *out);
void eddyi_remove_file(eddyi_backend *, const eddyi_socket_file *);

#endif
