/* openssl_context.c: contexts: certificates, whom to trust, what to offer.
 * Touches openssl.h and files that the user names. Safe by default: at least TLS 1.2, no renegotiation, no compression, no early data. */
#include "core/tls/openssl.h"

#include <limits.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

void eddy_tls_context_options_init(eddy_tls_context_options *options)
{
    if (options != NULL)
        *options = (eddy_tls_context_options){.size = sizeof *options};
}

void eddy_tls_options_init(eddy_tls_options *options)
{
    if (options != NULL)
        *options = (eddy_tls_options){.size = sizeof *options};
}

bool eddyi_tls_available(void)
{
    return true;
}

/* ---- why a call failed ---- */

static bool is_out_of_memory(unsigned long error)
{
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

static bool is_missing_file(unsigned long error)
{
    int code = ERR_SYSTEM_ERROR(error) ? eddyi_error_from_system(ERR_GET_REASON(error)) : 0;
    return code == EDDY_ENOENT || code == EDDY_EACCES ||
           (ERR_GET_LIB(error) == ERR_LIB_BIO && ERR_GET_REASON(error) == BIO_R_NO_SUCH_FILE);
}

eddyi_tls_failure eddyi_openssl_failure(int otherwise)
{
    eddyi_tls_failure failure = {otherwise, NULL};
    unsigned long error;
    while ((error = ERR_get_error()) != 0) {
        if (is_out_of_memory(error))
            failure.code = EDDY_ENOMEM;
        else if (is_missing_file(error) && failure.code == otherwise)
            failure.code = EDDY_ENOENT;
        if (failure.message == NULL)
            failure.message = ERR_reason_error_string(error); /* of OpenSSL's tables: it stays */
    }
    return failure;
}

static int fail(int otherwise, const char *operation)
{
    eddyi_tls_failure failure = eddyi_openssl_failure(otherwise);
    return eddyi_fail_because(failure.code, 0, operation, failure.message);
}

/* ---- whom to trust ---- */

/* How many certificates the text holds were added; < 0 is an error. What is there already counts. */
static int add_certificates(X509_STORE *store, BIO *text)
{
    int added = 0;
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
        int rc = X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
        if (rc != 1)
            return EDDY_ECERTIFICATE;
        added++;
    }
    unsigned long error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE && added > 0)
        return added; /* how the end of the text shows itself */
    return EDDY_ECERTIFICATE;
}

static int load_data(eddy_tls_context *context, const char *data)
{
    size_t size = strlen(data);
    if (size > INT_MAX)
        return EDDY_EINVAL;
    BIO *text = BIO_new_mem_buf(data, (int)size);
    if (text == NULL)
        return EDDY_ENOMEM;
    int rc = add_certificates(SSL_CTX_get_cert_store(context->ssl), text);
    (void)BIO_free(text);
    return rc < 0 ? rc : 0;
}

int eddy_tls_context_load_verify_locations(eddy_tls_context *context, const char *cafile, const char *capath,
                                           const char *cadata)
{
    static const char operation[] = "load_verify_locations";
    int rc = 0;
    if (context == NULL || (cafile == NULL && capath == NULL && cadata == NULL))
        return eddyi_fail(EDDY_EINVAL, operation);
    ERR_clear_error();
    if (cadata != NULL)
        rc = load_data(context, cadata);
    if (rc == 0 && cafile != NULL && SSL_CTX_load_verify_file(context->ssl, cafile) != 1)
        rc = EDDY_ECERTIFICATE;
    if (rc == 0 && capath != NULL && SSL_CTX_load_verify_dir(context->ssl, capath) != 1)
        rc = EDDY_ECERTIFICATE;
    if (rc < 0)
        return fail(rc, operation);
    ERR_clear_error();
    return 0;
}

int eddy_tls_context_load_default_certs(eddy_tls_context *context)
{
    if (context == NULL)
        return eddyi_fail(EDDY_EINVAL, "load_default_certs");
    ERR_clear_error();
    if (SSL_CTX_set_default_verify_paths(context->ssl) != 1)
        return fail(EDDY_ENOMEM, "load_default_certs");
    ERR_clear_error(); /* a system without such files trusts nobody */
    return 0;
}

/* ---- making ---- */

static int version_of(eddy_tls_version version, int otherwise)
{
    switch (version) {
    case EDDY_TLS_VERSION_1_2:
        return TLS1_2_VERSION;
    case EDDY_TLS_VERSION_1_3:
        return TLS1_3_VERSION;
    default:
        return otherwise;
    }
}

static eddy_tls_verify_mode verify_mode_of(const eddy_tls_context_options *options)
{
    if (options->verify_mode != EDDY_TLS_VERIFY_DEFAULT)
        return options->verify_mode;
    return options->server_side ? EDDY_TLS_CERT_NONE : EDDY_TLS_CERT_REQUIRED;
}

static int verify_flags(eddy_tls_verify_mode mode)
{
    switch (mode) {
    case EDDY_TLS_CERT_REQUIRED:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case EDDY_TLS_CERT_OPTIONAL:
        return SSL_VERIFY_PEER;
    default:
        return SSL_VERIFY_NONE;
    }
}

static bool makes_sense(const eddy_tls_context_options *options)
{
    eddy_tls_verify_mode mode = verify_mode_of(options);
    if ((unsigned)mode > EDDY_TLS_CERT_REQUIRED)
        return false;
    if (!options->server_side && !options->no_check_hostname && mode != EDDY_TLS_CERT_REQUIRED)
        return false; /* a name that nobody vouches for is no name */
    if (options->num_tickets > 0 && (!options->server_side || options->no_sessions))
        return false;
    int highest = version_of(options->maximum_version, TLS1_3_VERSION);
    return version_of(options->minimum_version, TLS1_2_VERSION) <= highest;
}

static void set_up_sessions(eddy_tls_context *context, const eddy_tls_context_options *options)
{
    bool none = options->no_sessions;
    if (none)
        (void)SSL_CTX_set_options(context->ssl, SSL_OP_NO_TICKET);
    if (context->server_side && (none || options->num_tickets > 0))
        (void)SSL_CTX_set_num_tickets(context->ssl, none ? 0 : options->num_tickets);
    if (context->server_side || none) /* a server keeps nothing: the tickets hold all of it */
        (void)SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
    else
        eddyi_openssl_keep_sessions(context);
}

static bool set_up(eddy_tls_context *context, const eddy_tls_context_options *options)
{
    static const unsigned char name[] = "eddy";
    SSL_CTX *ssl = context->ssl;
    SSL_CTX_set_app_data(ssl, context);
    SSL_CTX_set_verify(ssl, verify_flags(verify_mode_of(options)), NULL);
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ssl, 1); /* a record is taken from the row at once, not its head first */
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ssl), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                                 X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    set_up_sessions(context, options);
    return SSL_CTX_set_min_proto_version(ssl, version_of(options->minimum_version, TLS1_2_VERSION)) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, version_of(options->maximum_version, 0)) == 1 &&
           SSL_CTX_set_session_id_context(ssl, name, sizeof name - 1) == 1;
}

static int trust(eddy_tls_context *context, const eddy_tls_context_options *options)
{
    if (options->cafile != NULL || options->capath != NULL || options->cadata != NULL)
        return eddy_tls_context_load_verify_locations(context, options->cafile, options->capath,
                                                      options->cadata);
    if (options->no_default_certs || verify_mode_of(options) == EDDY_TLS_CERT_NONE)
        return 0;
    return eddy_tls_context_load_default_certs(context);
}

static int make(eddy_tls_context **out, const eddy_tls_context_options *options)
{
    const eddy_allocator *allocator = eddyi_default_allocator();
    eddy_tls_context *context = eddyi_allocate_zero(allocator, sizeof *context);
    if (context == NULL)
        return EDDY_ENOMEM;
    context->allocator = *allocator;
    context->server_side = options->server_side;
    context->check_hostname = !options->server_side && !options->no_check_hostname;
    atomic_init(&context->references, 1);
    eddyi_list_init(&context->sessions);
    int rc = eddyi_mutex_init(&context->mutex);
    if (rc < 0) {
        eddyi_release(allocator, context);
        return rc;
    }
    context->ssl = SSL_CTX_new(options->server_side ? TLS_server_method() : TLS_client_method());
    *out = context;
    return context->ssl != NULL && set_up(context, options) ? 0 : EDDY_ENOMEM;
}

int eddy_tls_context_create(eddy_tls_context **out, const eddy_tls_context_options *options)
{
    static const char operation[] = "create_default_context";
    static const eddy_tls_context_options defaults = {.size = sizeof defaults};
    eddy_tls_context *context = NULL;
    if (options == NULL)
        options = &defaults;
    if (out == NULL || !makes_sense(options))
        return eddyi_fail(EDDY_EINVAL, operation);
    ERR_clear_error();
    int rc = make(&context, options);
    if (rc < 0)
        rc = fail(rc, operation);
    else
        rc = trust(context, options);
    if (rc < 0)
        eddy_tls_context_release(context);
    else
        *out = context;
    return rc;
}

eddy_tls_context *eddy_tls_context_retain(eddy_tls_context *context)
{
    if (context != NULL)
        atomic_fetch_add(&context->references, 1);
    return context;
}

void eddy_tls_context_release(eddy_tls_context *context)
{
    if (context == NULL || atomic_fetch_sub(&context->references, 1) != 1)
        return;
    eddyi_openssl_forget_sessions(context);
    SSL_CTX_free(context->ssl);
    eddyi_mutex_destroy(&context->mutex);
    eddy_allocator allocator = context->allocator;
    eddyi_release(&allocator, context->alpn);
    eddyi_release(&allocator, context);
}

bool eddyi_tls_is_server(const eddy_tls_context *context)
{
    return context->server_side;
}

bool eddyi_tls_can_serve(const eddy_tls_context *context)
{
    return context->server_side &&
           (context->servername != NULL || SSL_CTX_get0_certificate(context->ssl) != NULL);
}

void *eddy_tls_context_native(eddy_tls_context *context)
{
    return context != NULL ? context->ssl : NULL;
}

/* ---- our own certificate ---- */

static int give_password(char *room, int size, int writing, void *password)
{
    size_t length = password != NULL ? strlen(password) : 0;
    (void)writing;
    if (password == NULL)
        return 0;
    if (size < 0 || length >= (size_t)size)
        return -1;
    memcpy(room, password, length + 1);
    return (int)length;
}

int eddy_tls_context_load_cert_chain(eddy_tls_context *context, const char *certfile, const char *keyfile,
                                     const char *password)
{
    if (context == NULL || certfile == NULL)
        return eddyi_fail(EDDY_EINVAL, "load_cert_chain");
    SSL_CTX *ssl = context->ssl;
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ssl, give_password); /* without one OpenSSL would ask at the terminal */
    SSL_CTX_set_default_passwd_cb_userdata(ssl, (void *)(uintptr_t)password);
    bool good =
        SSL_CTX_use_certificate_chain_file(ssl, certfile) == 1 &&
        SSL_CTX_use_PrivateKey_file(ssl, keyfile != NULL ? keyfile : certfile, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(ssl) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    return good ? 0 : fail(EDDY_ECERTIFICATE, "load_cert_chain");
}

int eddy_tls_context_set_ciphers(eddy_tls_context *context, const char *ciphers)
{
    if (context == NULL || ciphers == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_ciphers");
    ERR_clear_error();
    return SSL_CTX_set_cipher_list(context->ssl, ciphers) == 1 ? 0 : fail(EDDY_EINVAL, "set_ciphers");
}
