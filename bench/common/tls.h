/* tls.h: the certificate of the TLS servers: made on the spot, its key on P-256.
 * Touches OpenSSL. The same for all of them, so that a handshake is the same work. */
#ifndef BENCH_TLS_H
#define BENCH_TLS_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "meter.h"

static inline void bench_check_tls(bool fine, const char *what)
{
    if (!fine)
        bench_fail(what, ERR_reason_error_string(ERR_get_error()));
}

static inline void bench_use_certificate(SSL_CTX *context)
{
    X509 *certificate = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bench_check_tls(certificate && key, "key");
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"bench", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -1000);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 100000);
    X509_set_pubkey(certificate, key);
    bench_check_tls(X509_sign(certificate, key, EVP_sha256()) > 0, "sign");
    bench_check_tls(SSL_CTX_use_certificate(context, certificate) == 1, "certificate");
    bench_check_tls(SSL_CTX_use_PrivateKey(context, key) == 1, "key");
    X509_free(certificate);
    EVP_PKEY_free(key);
}

#endif
