/* openssl_offers.c: what a context's connections ask the application while the handshake runs: names, protocols, key logs.
 * Touches openssl.h. All of it is called from within a handshake step, so it must not wait. */
#include "core/tls/openssl.h"

#include <string.h>

/* ---- ALPN ---- */

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *offered, unsigned offered_size, void *arg)
{
    const eddy_tls_context *context = arg;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, context->alpn, context->alpn_size, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301: none in common ends it */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int size_on_the_wire(const char *const *names, size_t count, size_t *size)
{
    *size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = names[i] != NULL ? strlen(names[i]) : 0;
        if (length == 0 || length > 255)
            return EDDY_EINVAL;
        *size += 1 + length;
        if (*size > 65535)
            return EDDY_EINVAL;
    }
    return 0;
}

static void write_protocols(unsigned char *room, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        *room++ = (unsigned char)length;
        memcpy(room, names[i], length);
        room += length;
    }
}

int eddy_tls_context_set_alpn_protocols(eddy_tls_context *context, const char *const *names, size_t count)
{
    static const char operation[] = "set_alpn_protocols";
    size_t size;
    if (context == NULL || names == NULL || count == 0 || size_on_the_wire(names, count, &size) < 0)
        return eddyi_fail(EDDY_EINVAL, operation);
    unsigned char *alpn = eddyi_allocate(&context->allocator, size);
    if (alpn == NULL)
        return eddyi_fail(EDDY_ENOMEM, operation);
    write_protocols(alpn, names, count);
    if (!context->server_side && SSL_CTX_set_alpn_protos(context->ssl, alpn, (unsigned)size) != 0) {
        eddyi_release(&context->allocator, alpn);
        return eddyi_fail(EDDY_ENOMEM, operation);
    }
    eddyi_release(&context->allocator, context->alpn);
    context->alpn = alpn;
    context->alpn_size = (unsigned)size;
    if (context->server_side)
        SSL_CTX_set_alpn_select_cb(context->ssl, select_protocol, context);
    return 0;
}

/* ---- the server's name ---- */

static void take_other(eddy_tls_object *object, eddy_tls_context *other)
{
    object->chosen = eddy_tls_context_retain(other);
    (void)SSL_set_SSL_CTX(object->ssl, other->ssl);
    SSL_set_verify(object->ssl, SSL_CTX_get_verify_mode(other->ssl), NULL);
}

static int choose_by_name(SSL *ssl, int *alert, void *arg)
{
    const eddy_tls_context *context = arg;
    eddy_tls_object *object = SSL_get_app_data(ssl);
    eddy_tls_context *other = NULL;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == NULL || object->chosen != NULL)
        return SSL_TLSEXT_ERR_OK;
    int rc = context->servername(name, &other, context->servername_arg);
    if (rc < 0 || (other != NULL && !other->server_side)) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (other != NULL && other != context)
        take_other(object, other);
    return SSL_TLSEXT_ERR_OK;
}

int eddy_tls_context_set_servername_callback(eddy_tls_context *context, eddy_tls_servername_fn fn, void *arg)
{
    if (context == NULL || !context->server_side)
        return eddyi_fail(EDDY_EINVAL, "sni_callback");
    context->servername = fn;
    context->servername_arg = arg;
    (void)SSL_CTX_set_tlsext_servername_callback(context->ssl, (fn != NULL ? choose_by_name : NULL));
    (void)SSL_CTX_set_tlsext_servername_arg(context->ssl, context);
    return 0;
}

/* ---- the key log ---- */

static void log_keys(const SSL *ssl, const char *line)
{
    const eddy_tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (context != NULL && context->keylog != NULL)
        context->keylog(line, context->keylog_arg);
}

int eddy_tls_context_set_keylog_callback(eddy_tls_context *context, eddy_tls_keylog_fn fn, void *arg)
{
    if (context == NULL)
        return eddyi_fail(EDDY_EINVAL, "keylog_filename");
    context->keylog = fn;
    context->keylog_arg = arg;
    SSL_CTX_set_keylog_callback(context->ssl, fn != NULL ? log_keys : NULL);
    return 0;
}
