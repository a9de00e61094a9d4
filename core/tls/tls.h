/* tls.h: TLS without any I/O: bytes of the wire go in and come out, bytes of the application likewise.
 * Touches bytes.h. One implementation is linked: openssl*.c, or none.c whose calls all answer EDDY_ENOSYS. Nothing here waits. */
#ifndef EDDYI_TLS_H
#define EDDYI_TLS_H

#include <eddy/tls.h>
#include "core/net/bytes.h"

enum { EDDYI_TLS_RECORD = 16384 }; /* most bytes of the application in one record */

/* What failed last: a code, and OpenSSL's reason as a literal, or NULL. */
typedef struct eddyi_tls_failure {
    int code;
    const char *message;
} eddyi_tls_failure;

/* What goes to the wire is appended to `outgoing`. `host` is what was connected to; the hostname says otherwise, NULL does not. The session
 * may be NULL. Takes a reference to the context. EDDY_EINVAL: there is no name to check, or the session is of another context or name. */
int eddyi_tls_create(eddy_tls_object **out, const eddy_allocator *, eddy_tls_context *, const char *host,
                     const char *server_hostname, const eddy_tls_session *, eddyi_bytes *outgoing);
void eddyi_tls_free(eddy_tls_object *);
bool eddyi_tls_is_server(const eddy_tls_context *);
bool eddyi_tls_can_serve(
    const eddy_tls_context *);  /* it is a server's, and has a certificate or chooses one */
bool eddyi_tls_available(void); /* in this build */

/* ---- bytes of the wire ---- */

/* Room of at least `size` bytes to receive into; it does not move until it is asked for again. */
int eddyi_tls_room(eddy_tls_object *, size_t size, char **data, size_t *room);
void eddyi_tls_fed(eddy_tls_object *, size_t size); /* so many bytes were received into it */
int eddyi_tls_feed(eddy_tls_object *, const void *data, size_t size);
void eddyi_tls_feed_end(eddy_tls_object *); /* no more will come */
bool eddyi_tls_fed_end(const eddy_tls_object *);
void eddyi_tls_rest(eddy_tls_object *); /* nothing is to come soon: give back room that is not in use */

/* ---- steps: EDDY_EAGAIN needs more input; else < 0 is final and eddyi_tls_failed() tells more ---- */

int eddyi_tls_handshake(eddy_tls_object *);                         /* 0: done */
int64_t eddyi_tls_read(eddy_tls_object *, void *data, size_t size); /* > 0; 0: the peer ended it well */
/* One record at most; takes > 0 bytes or fails. EDDY_ENOMEM: nothing was taken, may be tried again. */
int64_t eddyi_tls_write(eddy_tls_object *, const void *data, size_t size);
void eddyi_tls_shutdown(eddy_tls_object *); /* say that we end; idempotent */
bool eddyi_tls_has_input(
    const eddy_tls_object *); /* a step may have something to do without more being fed */
bool eddyi_tls_peer_ended(const eddy_tls_object *);
eddyi_tls_failure eddyi_tls_failed(const eddy_tls_object *);

#endif
