/* openssl.h: what the files of core/tls that speak with OpenSSL share.
 * Touches OpenSSL. Its error queue belongs to the thread, not to a connection: cleared before each call whose failure is explained. */
#ifndef EDDYI_OPENSSL_H
#define EDDYI_OPENSSL_H

#include <stdatomic.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/base/list.h"
#include "core/platform.h"
#include "core/task/task.h"
#include "core/tls/tls.h"

struct eddy_tls_context {
    eddy_allocator allocator;
    atomic_uint references;
    SSL_CTX *ssl;
    bool server_side, check_hostname;
    unsigned char *alpn; /* as on the wire: each name after its length */
    unsigned alpn_size;
    eddy_tls_servername_fn servername;
    void *servername_arg;
    eddy_tls_keylog_fn keylog;
    void *keylog_arg;
    eddyi_mutex mutex;   /* of the sessions: loops of several threads */
    eddyi_list sessions; /* of a client, newest first */
    size_t session_count;
};

struct eddy_tls_object {
    eddy_allocator allocator;
    eddy_tls_context *context;
    eddy_tls_context *chosen; /* by the servername callback; NULL: none */
    SSL *ssl;
    eddyi_bytes incoming; /* of the wire, not yet taken by OpenSSL */
    eddyi_bytes *outgoing;
    bool input_ended;
    bool secured;       /* the handshake is done */
    bool out_of_memory; /* `outgoing` could not grow */
    int written_off;    /* the failure that ended it; 0: none */
    const char *message;
    char *name; /* of a client: the server's, which its sessions are kept by if it is checked; NULL: none */
};

struct eddy_tls_session {
    eddy_allocator allocator;
    atomic_uint references;
    eddy_tls_context *context;
    SSL_SESSION *ssl; /* nobody else's: a connection that breaks off spoils the one that it used */
    char name[];
};

/* Empties the error queue: the code it stands for (ENOMEM, or `otherwise`), and its reason. */
eddyi_tls_failure eddyi_openssl_failure(int otherwise);

/* ---- openssl_session.c ---- */

void eddyi_openssl_keep_sessions(eddy_tls_context *); /* at creation */
void eddyi_openssl_forget_sessions(eddy_tls_context *);
void eddyi_openssl_resume(eddy_tls_object *); /* go on with a session of that name, if there is one */

void eddyi_openssl_hand_out(eddy_tls_context *, const SSL_SESSION *); /* the program has it now */

/* ---- openssl_held.c ---- */

/* Go on with a session that the program held. EDDY_EINVAL: it is of another context or name. */
int eddyi_openssl_go_on(eddy_tls_object *, const eddy_tls_session *);

/* ---- openssl_wire.c ---- */

int eddyi_openssl_attach_wire(eddy_tls_object *); /* 0 or EDDY_ENOMEM */

#endif
