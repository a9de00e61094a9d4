/* openssl_facts.c: what a handshake agreed on, and the other end's certificate.
 * Touches openssl.h. Texts are copied out, so nothing of OpenSSL's has to be given back. */
#include "core/tls/openssl.h"

#include <limits.h>
#include <string.h>

#include <openssl/x509v3.h>

void *eddy_tls_object_native(const eddy_tls_object *object)
{
    return object != NULL ? object->ssl : NULL;
}

const char *eddy_tls_object_version(const eddy_tls_object *object)
{
    return object != NULL && object->secured ? SSL_get_version(object->ssl) : NULL;
}

const char *eddy_tls_object_cipher(const eddy_tls_object *object)
{
    return object != NULL && object->secured ? SSL_get_cipher_name(object->ssl) : NULL;
}

bool eddy_tls_object_session_reused(const eddy_tls_object *object)
{
    return object != NULL && object->secured && SSL_session_reused(object->ssl) == 1;
}

static int copy_out(char *text, size_t size, const void *data, size_t length, const char *operation)
{
    if (length >= size || length > INT_MAX)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';
    return (int)length;
}

int eddy_tls_object_selected_alpn_protocol(const eddy_tls_object *object, char *text, size_t size)
{
    const unsigned char *name = NULL;
    unsigned length = 0;
    if (object == NULL || text == NULL)
        return eddyi_fail(EDDY_EINVAL, "selected_alpn_protocol");
    SSL_get0_alpn_selected(object->ssl, &name, &length);
    return copy_out(text, size, name, length, "selected_alpn_protocol");
}

/* ---- the certificate ---- */

static bool print_serial(BIO *out, const X509 *certificate)
{
    return i2a_ASN1_INTEGER(out, X509_get0_serialNumber(certificate)) > 0;
}

static bool print_names(BIO *out, const X509 *certificate)
{
    int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    return at < 0 || X509V3_EXT_print(out, X509_get_ext(certificate, at), 0, 0) == 1;
}

static bool print_field(BIO *out, const X509 *certificate, eddy_tls_certificate_field field)
{
    switch (field) {
    case EDDY_TLS_SUBJECT:
        return X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE) >= 0;
    case EDDY_TLS_ISSUER:
        return X509_NAME_print_ex(out, X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE) >= 0;
    case EDDY_TLS_SERIAL_NUMBER:
        return print_serial(out, certificate);
    case EDDY_TLS_NOT_BEFORE:
        return ASN1_TIME_print(out, X509_get0_notBefore(certificate)) == 1;
    case EDDY_TLS_NOT_AFTER:
        return ASN1_TIME_print(out, X509_get0_notAfter(certificate)) == 1;
    default:
        return print_names(out, certificate);
    }
}

int eddy_tls_object_peer_certificate(const eddy_tls_object *object, eddy_tls_certificate_field field,
                                     char *text, size_t size)
{
    static const char operation[] = "getpeercert";
    if (object == NULL || text == NULL || (unsigned)field > EDDY_TLS_SUBJECT_ALT_NAME)
        return eddyi_fail(EDDY_EINVAL, operation);
    const X509 *certificate = SSL_get0_peer_certificate(object->ssl);
    if (certificate == NULL)
        return eddyi_fail(EDDY_ENOENT, operation);
    char *printed;
    int rc = EDDY_ENOMEM;
    BIO *out = BIO_new(BIO_s_mem());
    if (out != NULL && print_field(out, certificate, field)) {
        long length = BIO_get_mem_data(out, &printed);
        rc = copy_out(text, size, printed, (size_t)length, operation);
    }
    (void)BIO_free(out);
    ERR_clear_error();
    return rc < 0 ? eddyi_fail(rc, operation) : rc;
}

int eddy_tls_object_peer_certificate_der(const eddy_tls_object *object, void *data, size_t size)
{
    static const char operation[] = "getpeercert";
    if (object == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    const X509 *certificate = SSL_get0_peer_certificate(object->ssl);
    if (certificate == NULL)
        return eddyi_fail(EDDY_ENOENT, operation);
    int length = i2d_X509(certificate, NULL);
    if (length < 0)
        return eddyi_fail(EDDY_ENOMEM, operation);
    if (data == NULL)
        return length;
    if ((size_t)length > size)
        return eddyi_fail(EDDY_EINVAL, operation);
    unsigned char *at = data;
    return i2d_X509(certificate, &at);
}
