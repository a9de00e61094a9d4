/* addresses.h: socket addresses behind core's opaque eddyi_address, for the network table in sockets.c.
 * Touches the seam's types. An address is the system's own bytes and their number. */
#ifndef EDDYI_TEMPLATE_ADDRESSES_H
#define EDDYI_TEMPLATE_ADDRESSES_H

#include "core/platform.h"

int eddyi_resolve(eddyi_backend *, const char *host, const char *service, enum eddyi_family,
                  enum eddyi_socket_type, int flags, eddyi_address *out, int room);
enum eddyi_family eddyi_address_family(const eddyi_address *);
int eddyi_address_port(const eddyi_address *);
int eddyi_address_format(const eddyi_address *, char *text, size_t size);
int eddyi_address_name(eddyi_backend *, const eddyi_address *, char *host, size_t host_size, char *service,
                       size_t service_size, int flags);
/* local.c */
int eddyi_claim_file(eddyi_backend *, const eddyi_address *, enum eddyi_socket_type);
void eddyi_note_file(eddyi_backend *, const eddyi_address *, eddyi_socket_file *out);
void eddyi_remove_file(eddyi_backend *, const eddyi_socket_file *);

#endif
