/* local.c: the files in which local sockets are bound.
 * Touches the file system. Without local sockets the table in sockets.c has NULL for all three. */
#include "platform/template/addresses.h"

int eddyi_claim_file(eddyi_backend *backend, const eddyi_address *address, enum eddyi_socket_type type)
{
    /* Fill in: remove a socket file at which nobody listens (ask by connecting); EDDY_EADDRINUSE for anything else that is there,
     * 0 when nothing is. */
    (void)backend;
    (void)address;
    (void)type;
    return EDDY_ENOSYS;
}

void eddyi_note_file(eddyi_backend *backend, const eddyi_address *address, eddyi_socket_file *out)
{
    (void)
        backend; /* Fill in: which file bind has made, by numbers that tell it from a later one of the same name */
    (void)address;
    *out = (eddyi_socket_file){.address.size = 0};
}

void eddyi_remove_file(eddyi_backend *backend, const eddyi_socket_file *file)
{
    (void)backend; /* Fill in: if the name still means that file */
    (void)file;
}
