/* certificates.h: certificates made on the spot, good and bad, and contexts that use them.
 * Touches OpenSSL and the public API. What is made is given back with certificate_free and eddy_tls_context_release. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include <openssl/ssl.h>

#include "support.h"

typedef struct certificate {
    X509 *x509;
    EVP_PKEY *key;
} certificate;

typedef struct certificate_wish {
    const char *names;    /* the alternative names in OpenSSL's notation: "DNS:localhost,IP:127.0.0.1" */
    const char *raw_name; /* instead: one DNS name of raw_size bytes, whatever they are */
    int raw_size;
    const certificate *issuer; /* NULL: signs itself */
    bool authority;            /* may sign others */
    long from, until;          /* seconds from now; both 0: a day around now */
} certificate_wish;

void certificate_make(certificate *, const certificate_wish *);
void certificate_free(certificate *);
/* As PEM, in memory that stays until the next call. */
const char *certificate_pem(const certificate *);

/* An authority, and a certificate of it for localhost and 127.0.0.1. */
typedef struct certificate_house {
    certificate authority, server;
} certificate_house;

void house_make(certificate_house *);
void house_free(certificate_house *);

eddy_tls_context *server_context(const certificate *); /* serves with it, asks clients for none */
eddy_tls_context *client_context(const certificate *trusted);
void context_use(eddy_tls_context *, const certificate *); /* load_cert_chain from memory */

#endif
