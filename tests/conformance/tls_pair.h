/* tls_pair.h: what the suites of TLS share: contexts that fit each other, and pairs of streams that use them.
 * Touches certificates.h and pair.h. What open made, close gives back. */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include "pair.h"
#include "support/certificates.h"

typedef struct tls_house {
    certificate_house certificates;
    eddy_tls_context *client, *server; /* of 127.0.0.1 and localhost */
} tls_house;

void tls_house_open(tls_house *);
void tls_house_close(tls_house *);

/* The parts of suite_tls. */
int suite_tls_faults(void);
int suite_tls_flood(void);
int suite_tls_sessions(void);
int suite_tls_start(void);
int suite_tls_transports(void);

/* Both ends have shaken hands. */
void tls_pair_open(stream_pair *, const tls_house *);
/* Both ends say goodbye at once, and nothing is lost. */
void tls_pair_close(stream_pair *);
/* A server with that context alone, and its end. */
eddy_server *tls_serve(eddy_tls_context *context, eddy_client_fn fn, void *arg);
void tls_end_serving(eddy_server *server);
/* The client's end without TLS, to misbehave; the server's has TLS and the limits. It serves nobody until it has shaken hands. */
typedef struct tls_bare {
    eddy_server *server;
    eddy_stream *client;
    int served; /* clients that shook hands */
} tls_bare;
void tls_bare_open(tls_bare *, const tls_house *, double handshake_timeout);
void tls_bare_close(tls_bare *);

/* A test with contexts that fit each other. */
#define TLS_TEST(name)                                                                                       \
    static int name##_with(tls_house *house);                                                                \
    TASK_TEST(name)                                                                                          \
    {                                                                                                        \
        tls_house house;                                                                                     \
        (void)arg;                                                                                           \
        tls_house_open(&house);                                                                              \
        int rc = name##_with(&house);                                                                        \
        tls_house_close(&house);                                                                             \
        return rc;                                                                                           \
    }                                                                                                        \
    static int name##_with(tls_house *house)

#endif
