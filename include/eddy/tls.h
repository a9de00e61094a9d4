/* tls.h: TLS: contexts, what a connection's handshake agreed on, and the settings of one connection.
 * Python's ssl module where it has a name for it. A build without OpenSSL has all of it, and answers EDDY_ENOSYS. */
#ifndef EDDY_TLS_H
#define EDDY_TLS_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* What every connection of one kind shares: certificates, whom to trust, what to offer. Python's SSLContext. */
typedef struct eddy_tls_context eddy_tls_context;
/* One connection's TLS, to be asked. Python's SSLObject. It is there as long as its stream or transport. */
typedef struct eddy_tls_object eddy_tls_object;
/* What a client needs to go on where an earlier connection ended, without certificates being sent. Python's SSLSession. Immutable. */
typedef struct eddy_tls_session eddy_tls_session;

typedef enum eddy_tls_verify_mode {
    EDDY_TLS_VERIFY_DEFAULT, /* a client: required; a server: none */
    EDDY_TLS_CERT_NONE,
    EDDY_TLS_CERT_OPTIONAL, /* a server: checked if the client sends one */
    EDDY_TLS_CERT_REQUIRED
} eddy_tls_verify_mode;

typedef enum eddy_tls_version {
    EDDY_TLS_VERSION_DEFAULT, /* 1.2 at least, and at most the newest */
    EDDY_TLS_VERSION_1_2,
    EDDY_TLS_VERSION_1_3
} eddy_tls_version;

typedef struct eddy_tls_context_options {
    size_t size;
    bool server_side; /* for connections that others make to us */
    eddy_tls_verify_mode verify_mode;
    bool no_check_hostname; /* a client: any host's certificate will do */
    /* Whom to trust. All NULL: a context that verifies trusts whom the system trusts. */
    const char *cafile, *capath, *cadata; /* cadata: certificates as PEM text */
    bool no_default_certs;                /* trust nobody until eddy_tls_context_load_verify_locations */
    eddy_tls_version minimum_version, maximum_version;
    bool no_sessions;     /* a client: remember no session; a server: give no tickets */
    unsigned num_tickets; /* a server: tickets after a full handshake of TLS 1.3; 0: 2 */
} eddy_tls_context_options;

EDDY_API void eddy_tls_context_options_init(eddy_tls_context_options *options);

/* Of one connection, for start_tls; connections that begin with TLS have the same in their own options. */
typedef struct eddy_tls_options {
    size_t size;
    /* A client: the name or address that the certificate must be for; sent to the server if it is a name. NULL: the host that was
     * connected to. "" : none, only with a context that does not check. */
    const char *server_hostname;
    double handshake_timeout; /* seconds; 0: 60 */
    double shutdown_timeout;  /* seconds; 0: the connection's close_timeout, or 30 */
    /* A client: go on with this one, in place of one that the context remembers. It must be of the same context and the same name. The
     * server may not want it any more: eddy_tls_object_session_reused tells. */
    eddy_tls_session *session;
} eddy_tls_options;

EDDY_API void eddy_tls_options_init(eddy_tls_options *options);

/* Asked by a server for each client that names the host it wants. 0, with another context in *other or NULL to stay with this
 * one; < 0 refuses the client. A plain callback. The connection takes a reference of its own. */
typedef int (*eddy_tls_servername_fn)(const char *server_name, eddy_tls_context **other, void *arg);
/* A line of a key log, for tools that decrypt a recording. Plain text secrets. A plain callback, from the loop's thread. */
typedef void (*eddy_tls_keylog_fn)(const char *line, void *arg);

/**
 * Make a context: safe by default, a client verifies the chain and the host's name.
 *
 * asyncio   ssl.create_default_context
 * takes     options: NULL for a client's with the defaults
 * returns   0 and a context in *out, which eddy_tls_context_release gives back
 * errors    EDDY_ENOENT a file of certificates cannot be read · EDDY_ECERTIFICATE holds no certificate · EDDY_EINVAL names are checked
 *           but nothing is verified, versions the wrong way round, tickets of a client · EDDY_ENOMEM · EDDY_ENOSYS no TLS in this build
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_context_create(eddy_tls_context **out,
                                                const eddy_tls_context_options *options);

/**
 * One more reference. Set a context up in one thread; once set up, loops of several threads may use it.
 *
 * thread    any
 * since     0.1
 */
EDDY_API eddy_tls_context *eddy_tls_context_retain(eddy_tls_context *context);

/**
 * Give a reference back; connections that use it keep it. NULL is fine.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_tls_context_release(eddy_tls_context *context);

/**
 * Our own certificate, with those that lead to a root, and its key, in PEM files. A server needs one.
 *
 * asyncio   SSLContext.load_cert_chain
 * takes     keyfile: NULL when the key is in certfile; password: NULL when the key is not encrypted
 * returns   0
 * errors    EDDY_ENOENT a file cannot be read · EDDY_ECERTIFICATE no certificate, no key, or they do not belong together, see the
 *           record's message · EDDY_ENOMEM · EDDY_EINVAL · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_context_load_cert_chain(eddy_tls_context *context, const char *certfile,
                                                         const char *keyfile, const char *password);

/**
 * Trust these certificates as well.
 *
 * asyncio   SSLContext.load_verify_locations
 * takes     cafile: of PEM certificates; capath: a folder of them, by hash; cadata: PEM text. NULL: not this one; not all three
 * returns   0
 * errors    EDDY_ENOENT · EDDY_ECERTIFICATE holds no certificate · EDDY_ENOMEM · EDDY_EINVAL · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_context_load_verify_locations(eddy_tls_context *context, const char *cafile,
                                                               const char *capath, const char *cadata);

/**
 * Trust whom the system trusts as well.
 *
 * asyncio   SSLContext.load_default_certs
 * returns   0
 * errors    EDDY_ENOMEM · EDDY_EINVAL · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_context_load_default_certs(eddy_tls_context *context);

/**
 * The protocols to agree on, the best one first: "h2", "http/1.1".
 *
 * A server takes the first of its own that the client offers; with none in common the handshake fails.
 *
 * asyncio   SSLContext.set_alpn_protocols
 * takes     names: count of them, 1 to 255 bytes each, copied
 * returns   0
 * errors    EDDY_EINVAL · EDDY_ENOMEM · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_context_set_alpn_protocols(eddy_tls_context *context,
                                                            const char *const *names, size_t count);

/**
 * Which ciphers TLS 1.2 may use, in OpenSSL's notation. Those of TLS 1.3 are all good and stay.
 *
 * asyncio   SSLContext.set_ciphers
 * returns   0
 * errors    EDDY_EINVAL none is left · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_context_set_ciphers(eddy_tls_context *context, const char *ciphers);

/**
 * Choose a context by the name that a client asks for.
 *
 * asyncio   SSLContext.sni_callback
 * takes     fn: NULL for none
 * returns   0
 * errors    EDDY_EINVAL · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API int eddy_tls_context_set_servername_callback(eddy_tls_context *context, eddy_tls_servername_fn fn,
                                                      void *arg);

/**
 * Write down the secrets of every connection. For debugging only.
 *
 * asyncio   SSLContext.keylog_filename
 * takes     fn: NULL for none
 * returns   0
 * errors    EDDY_EINVAL · EDDY_ENOSYS
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API int eddy_tls_context_set_keylog_callback(eddy_tls_context *context, eddy_tls_keylog_fn fn,
                                                  void *arg);

/**
 * OpenSSL's own context, an `SSL_CTX *`, for what eddy has no call for. NULL without OpenSSL.
 *
 * thread    any, one at a time
 * since     0.1
 */
EDDY_API void *eddy_tls_context_native(eddy_tls_context *context);

/**
 * OpenSSL's own connection, an `SSL *`, to be asked. NULL without OpenSSL.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void *eddy_tls_object_native(const eddy_tls_object *object);

/**
 * The protocol: "TLSv1.3".
 *
 * asyncio   SSLObject.version
 * returns   a literal; NULL before the handshake is done
 * thread    the loop's
 * since     0.1
 */
EDDY_API const char *eddy_tls_object_version(const eddy_tls_object *object);

/**
 * The cipher's name: "TLS_AES_256_GCM_SHA384".
 *
 * asyncio   SSLObject.cipher
 * returns   a literal; NULL before the handshake is done
 * thread    the loop's
 * since     0.1
 */
EDDY_API const char *eddy_tls_object_cipher(const eddy_tls_object *object);

/**
 * The protocol agreed on by ALPN.
 *
 * asyncio   SSLObject.selected_alpn_protocol
 * takes     text: gets it, with a 0 at its end
 * returns   its length; 0 when there is none
 * errors    EDDY_EINVAL does not fit, NULL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_tls_object_selected_alpn_protocol(const eddy_tls_object *object, char *text, size_t size);

/**
 * Whether an earlier session went on, so that no certificate was sent.
 *
 * asyncio   SSLObject.session_reused
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_tls_object_session_reused(const eddy_tls_object *object);

/**
 * A client's newest session, to be given to a later connection.
 *
 * A server of TLS 1.3 sends it after the handshake: it is there when something was read. Then it is the program's: the context, which
 * remembers sessions by itself, does not use this one. A session of TLS 1.3 that is used twice lets others see that one client used it.
 *
 * asyncio   SSLObject.session
 * takes     out: gets a reference that eddy_tls_session_release gives back
 * returns   0
 * errors    EDDY_ENOENT there is none yet, or the server gives none · EDDY_EINVAL a server's connection, NULL · EDDY_ENOMEM · EDDY_ENOSYS
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_object_session(const eddy_tls_object *object, eddy_tls_session **out);

/**
 * One more reference.
 *
 * thread    any
 * since     0.1
 */
EDDY_API eddy_tls_session *eddy_tls_session_retain(eddy_tls_session *session);

/**
 * Give a reference back; connections that began with it keep what they need. NULL is fine.
 *
 * thread    any
 * since     0.1
 */
EDDY_API void eddy_tls_session_release(eddy_tls_session *session);

/**
 * Write a session down, for another run of the program. What is written holds keys: it is as secret as what the connection said.
 *
 * takes     data: NULL to ask how long it is
 * returns   its length
 * errors    EDDY_EINVAL does not fit, NULL · EDDY_ENOMEM · EDDY_ENOSYS
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_tls_session_save(const eddy_tls_session *session, void *data, size_t size);

/**
 * Read a session that eddy_tls_session_save wrote, for a client's context that trusts the same as the one it came from.
 *
 * Whoever can write the data can make the program believe any host: nothing of it is verified again.
 *
 * takes     out: gets a reference that eddy_tls_session_release gives back
 * returns   0
 * errors    EDDY_EINVAL no such data, of a context that checked less, a server's context, NULL · EDDY_ENOMEM · EDDY_ENOSYS
 * thread    any
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_tls_session_load(eddy_tls_session **out, eddy_tls_context *context,
                                              const void *data, size_t size);

typedef enum eddy_tls_certificate_field {
    EDDY_TLS_SUBJECT, /* "CN = example.org, O = Example" */
    EDDY_TLS_ISSUER,
    EDDY_TLS_SERIAL_NUMBER, /* hexadecimal */
    EDDY_TLS_NOT_BEFORE,    /* "Nov 26 00:00:00 2026 GMT" */
    EDDY_TLS_NOT_AFTER,
    EDDY_TLS_SUBJECT_ALT_NAME /* "DNS:example.org, IP Address:127.0.0.1" */
} eddy_tls_certificate_field;

/**
 * A field of the other end's certificate as text.
 *
 * asyncio   SSLObject.getpeercert
 * takes     text: gets it, with a 0 at its end
 * returns   its length; 0 when the certificate has no such field
 * errors    EDDY_ENOENT the other end has sent no certificate · EDDY_EINVAL does not fit, NULL · EDDY_ENOMEM · EDDY_ENOSYS
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_tls_object_peer_certificate(const eddy_tls_object *object, eddy_tls_certificate_field field,
                                              char *text, size_t size);

/**
 * The other end's certificate, DER encoded.
 *
 * asyncio   SSLObject.getpeercert(binary_form=True)
 * takes     data: NULL to ask how long it is
 * returns   its length
 * errors    as eddy_tls_object_peer_certificate
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_tls_object_peer_certificate_der(const eddy_tls_object *object, void *data, size_t size);

EDDY_END

#endif
