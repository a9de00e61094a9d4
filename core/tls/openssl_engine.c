/* openssl_engine.c: one connection's TLS, step by step.
 * Touches openssl.h. The thread's error queue is cleared before each step; a step that failed for good is never followed by another. */
#include "core/tls/openssl.h"

#include <string.h>

enum { OVERHEAD = 512, MOST_NAME = 253 }; /* what a record adds, and what else may go out with it */

/* ---- making ---- */

/* Without the dot that says "from the root": it is no part of a name in a certificate (RFC 6066, 3). */
static int plain_name(char *room, const char *name)
{
    size_t size = strlen(name);
    if (size > 1 && name[size - 1] == '.')
        size--;
    if (size > MOST_NAME)
        return EDDY_EINVAL;
    memcpy(room, name, size);
    room[size] = '\0';
    return 0;
}

static int remember_name(eddy_tls_object *object, const char *name)
{
    size_t size = strlen(name) + 1;
    object->name = eddyi_allocate(&object->allocator, size);
    if (object->name == NULL)
        return EDDY_ENOMEM;
    memcpy(object->name, name, size);
    return 0;
}

/* The name is sent to the server and must be the certificate's; an address is not sent. */
static int set_name(eddy_tls_object *object, const char *name)
{
    char plain[MOST_NAME + 1];
    if (name == NULL || name[0] == '\0') /* none to check is refused, not passed over */
        return object->context->check_hostname ? EDDY_EINVAL : 0;
    int rc = plain_name(plain, name);
    if (rc < 0)
        return rc;
    X509_VERIFY_PARAM *check = SSL_get0_param(object->ssl);
    bool is_address = X509_VERIFY_PARAM_set1_ip_asc(check, plain) == 1;
    if (is_address && !object->context->check_hostname)
        (void)X509_VERIFY_PARAM_set1_ip(check, NULL, 0);
    if (!is_address && SSL_set_tlsext_host_name(object->ssl, plain) != 1)
        return EDDY_EINVAL;
    if (!is_address && object->context->check_hostname && SSL_set1_host(object->ssl, plain) != 1)
        return EDDY_ENOMEM;
    return remember_name(object, plain);
}

static int set_up(eddy_tls_object *object, const char *name, const eddy_tls_session *session)
{
    ERR_clear_error();
    object->ssl = SSL_new(object->context->ssl);
    if (object->ssl == NULL)
        return EDDY_ENOMEM;
    (void)SSL_set_app_data(object->ssl, object);
    int rc = eddyi_openssl_attach_wire(object);
    if (rc < 0)
        return rc;
    if (object->context->server_side) {
        SSL_set_accept_state(object->ssl);
        return 0;
    }
    SSL_set_connect_state(object->ssl);
    rc = set_name(object, name);
    if (rc == 0 && session != NULL)
        return eddyi_openssl_go_on(object, session);
    if (rc == 0)
        eddyi_openssl_resume(object);
    return rc;
}

int eddyi_tls_create(eddy_tls_object **out, const eddy_allocator *allocator, eddy_tls_context *context,
                     const char *host, const char *server_hostname, const eddy_tls_session *session,
                     eddyi_bytes *outgoing)
{
    eddy_tls_object *object = eddyi_allocate_zero(allocator, sizeof *object);
    if (object == NULL)
        return EDDY_ENOMEM;
    object->allocator = *allocator;
    object->context = eddy_tls_context_retain(context);
    object->outgoing = outgoing;
    int rc = set_up(object, server_hostname != NULL ? server_hostname : host, session);
    if (rc < 0)
        eddyi_tls_free(object);
    else
        *out = object;
    ERR_clear_error();
    return rc;
}

void eddyi_tls_free(eddy_tls_object *object)
{
    if (object == NULL)
        return;
    eddy_allocator allocator = object->allocator;
    SSL_free(object->ssl);
    eddy_tls_context_release(object->context);
    eddy_tls_context_release(object->chosen);
    eddyi_bytes_free(&allocator, &object->incoming);
    eddyi_release(&allocator, object->name);
    eddyi_release(&allocator, object);
}

/* ---- why a step failed ---- */

static bool is_wrong_name(long verdict)
{
    return verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

static void explain_verdict(eddyi_tls_failure *failure, long verdict)
{
    if (verdict == X509_V_ERR_OUT_OF_MEM)
        failure->code = EDDY_ENOMEM;
    else
        failure->code = is_wrong_name(verdict) ? EDDY_EHOSTNAME : EDDY_ECERTIFICATE;
    failure->message = X509_verify_cert_error_string(verdict); /* a literal */
}

static bool is_reason(unsigned long error, int reason)
{
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == reason;
}

static int write_off(eddy_tls_object *object)
{
    unsigned long last = ERR_peek_last_error();
    bool lost = object->input_ended && (last == 0 || is_reason(last, SSL_R_UNEXPECTED_EOF_WHILE_READING));
    bool refused = is_reason(last, SSL_R_CERTIFICATE_VERIFY_FAILED);
    eddyi_tls_failure failure = eddyi_openssl_failure(EDDY_ETLS);
    if (lost)
        failure.code = object->secured ? EDDY_ETRUNCATED : EDDY_ECONNRESET;
    if (refused)
        explain_verdict(&failure, SSL_get_verify_result(object->ssl));
    if (object->out_of_memory)
        failure = (eddyi_tls_failure){EDDY_ENOMEM, NULL};
    object->written_off = failure.code;
    object->message = failure.message;
    return failure.code;
}

/* What a step that brought nothing means. */
static int explain(eddy_tls_object *object, int rc)
{
    switch (SSL_get_error(object->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return EDDY_EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return write_off(object);
    }
}

eddyi_tls_failure eddyi_tls_failed(const eddy_tls_object *object)
{
    return (eddyi_tls_failure){object->written_off, object->message};
}

/* ---- the steps ---- */

/* Of others: asking costs much less than clearing, and there hardly ever are any. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

int eddyi_tls_handshake(eddy_tls_object *object)
{
    if (object->written_off != 0)
        return object->written_off;
    forget_errors();
    int rc = SSL_do_handshake(object->ssl);
    if (rc == 1) {
        object->secured = true;
        return 0;
    }
    rc = explain(object, rc);
    return rc == 0 ? write_off(object) : rc; /* "closed" in the middle of it */
}

int64_t eddyi_tls_read(eddy_tls_object *object, void *data, size_t size)
{
    size_t got = 0;
    if (object->written_off != 0)
        return object->written_off;
    if (!eddyi_tls_has_input(object) && !eddyi_tls_peer_ended(object))
        return EDDY_EAGAIN; /* as OpenSSL would find out by itself, at a price */
    forget_errors();
    int rc = SSL_read_ex(object->ssl, data, size, &got);
    return rc == 1 ? (int64_t)got : explain(object, rc);
}

int64_t eddyi_tls_write(eddy_tls_object *object, const void *data, size_t size)
{
    size_t taken = 0;
    if (object->written_off != 0)
        return object->written_off;
    if (size > EDDYI_TLS_RECORD)
        size = EDDYI_TLS_RECORD;
    if (eddyi_bytes_reserve(&object->allocator, object->outgoing, size + OVERHEAD) < 0)
        return EDDY_ENOMEM;
    forget_errors();
    int rc = SSL_write_ex(object->ssl, data, size, &taken);
    if (rc == 1)
        return (int64_t)taken;
    rc = explain(object, rc);
    return rc == 0 || rc == EDDY_EAGAIN ? write_off(object) : rc; /* writing never needs input */
}

void eddyi_tls_shutdown(eddy_tls_object *object)
{
    if (object->written_off != 0 || !object->secured ||
        (SSL_get_shutdown(object->ssl) & SSL_SENT_SHUTDOWN) != 0)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(object->ssl);
    ERR_clear_error();
}

bool eddyi_tls_has_input(const eddy_tls_object *object)
{
    return object->input_ended || eddyi_bytes_size(&object->incoming) > 0 ||
           SSL_has_pending(object->ssl) == 1;
}

bool eddyi_tls_peer_ended(const eddy_tls_object *object)
{
    return (SSL_get_shutdown(object->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}
