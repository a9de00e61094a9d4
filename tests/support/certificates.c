/* certificates.c: certificates made on the spot, good and bad, and contexts that use them.
 * Touches OpenSSL and the public API. Keys are of P-256, the fastest to make. */
#include "certificates.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY = 86400 };

static void extend(X509 *x509, const certificate *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer != NULL ? issuer->x509 : x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void name_raw(X509 *x509, const char *name, int size)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *one = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    assert_int_equal(ASN1_STRING_set(text, name, size), 1);
    GENERAL_NAME_set0_value(one, GEN_DNS, text);
    assert_true(sk_GENERAL_NAME_push(names, one) > 0);
    assert_int_equal(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT), 1);
    GENERAL_NAMES_free(names);
}

static void name(X509 *x509, const certificate_wish *wish)
{
    X509_NAME *subject = X509_get_subject_name(x509);
    const char *text = wish->authority ? "eddy's authority" : "eddy";
    assert_int_equal(
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0), 1);
    X509 *issuer = wish->issuer != NULL ? wish->issuer->x509 : x509;
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(issuer)), 1);
    if (wish->names != NULL)
        extend(x509, wish->issuer, NID_subject_alt_name, wish->names);
    if (wish->raw_name != NULL)
        name_raw(x509, wish->raw_name, wish->raw_size);
}

void certificate_make(certificate *made, const certificate_wish *wish)
{
    static long serial = 1;
    bool around_now = wish->from == 0 && wish->until == 0;
    X509 *x509 = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(x509);
    assert_non_null(key);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), around_now ? -DAY : wish->from));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), around_now ? DAY : wish->until));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    name(x509, wish);
    extend(x509, wish->issuer, NID_basic_constraints,
           wish->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    assert_true(X509_sign(x509, wish->issuer != NULL ? wish->issuer->key : key, EVP_sha256()) > 0);
    *made = (certificate){x509, key};
}

void certificate_free(certificate *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (certificate){NULL, NULL};
}

const char *certificate_pem(const certificate *c)
{
    static char text[4096];
    char *data;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, c->x509), 1);
    long size = BIO_get_mem_data(bio, &data);
    assert_true(size < (long)sizeof text);
    memcpy(text, data, (size_t)size);
    text[size] = '\0';
    (void)BIO_free(bio);
    return text;
}

void house_make(certificate_house *house)
{
    certificate_make(&house->authority, &(certificate_wish){.authority = true});
    certificate_make(&house->server,
                     &(certificate_wish){.names = "DNS:localhost,IP:127.0.0.1", .issuer = &house->authority});
}

void house_free(certificate_house *house)
{
    certificate_free(&house->authority);
    certificate_free(&house->server);
}

void context_use(eddy_tls_context *context, const certificate *c)
{
    SSL_CTX *ssl = eddy_tls_context_native(context);
    assert_int_equal(SSL_CTX_use_certificate(ssl, c->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ssl, c->key), 1);
}

eddy_tls_context *server_context(const certificate *c)
{
    eddy_tls_context *context;
    assert_int_equal(
        eddy_tls_context_create(&context, EDDY_OPTIONS(eddy_tls_context_options, .server_side = true)), 0);
    context_use(context, c);
    return context;
}

eddy_tls_context *client_context(const certificate *trusted)
{
    eddy_tls_context *context;
    assert_int_equal(eddy_tls_context_create(&context, EDDY_OPTIONS(eddy_tls_context_options,
                                                                    .cadata = certificate_pem(trusted))),
                     0);
    return context;
}
