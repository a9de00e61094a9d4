/* address.h: socket addresses as values: where a datagram came from, where it is to go.
 * Text is their form outside of a program: "127.0.0.1:53", "[::1]:53", a path. Names are never looked up here. */
#ifndef EDDY_ADDRESS_H
#define EDDY_ADDRESS_H

#include <eddy/config.h>

EDDY_BEGIN

/* Copied by assignment. What is inside is the network's that it came from; all zero is none. */
typedef struct eddy_address {
    uint32_t size; /* of what is used below */
    union {
        unsigned char bytes[128];
        uint64_t aligned;
    };
} eddy_address;

/**
 * Read an address from its text: what eddy_address_format writes, and nothing that would have to be looked up.
 *
 * takes     text: "127.0.0.1:53", "[::1]:53", a path with a slash in it, or "@name" for an abstract one
 * returns   0
 * errors    EDDY_EINVAL no address, no port · EDDY_ENOHOST a name · EDDY_ENAMETOOLONG · EDDY_EAFNOSUPPORT
 * thread    any; the address is of the network of the loop that runs there, else of the system's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_address_parse(eddy_address *out, const char *text);

/**
 * Write an address as text. An unnamed local socket's is empty.
 *
 * returns   the length
 * errors    EDDY_EINVAL does not fit, no address, NULL
 * thread    any, as eddy_address_parse
 * since     0.1
 */
EDDY_API int eddy_address_format(const eddy_address *address, char *text, size_t size);

/**
 * The port of an internet address.
 *
 * returns   the port
 * errors    EDDY_EINVAL it has none
 * thread    any, as eddy_address_parse
 * since     0.1
 */
EDDY_API int eddy_address_port(const eddy_address *address);

/**
 * Whether two addresses are the same.
 *
 * thread    any
 * since     0.1
 */
EDDY_API bool eddy_address_equal(const eddy_address *one, const eddy_address *other);

EDDY_END

#endif
