/* tls_memory.c: L11: each allocation of OpenSSL's fails once, in contexts, handshakes and all that follows.
 * Touches OpenSSL's allocator, which must be set before anything else of it is used. An error is told, nothing crashes, the next one works. */
#include "support/certificates.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>

#include "core/loop/loop.h"

static long allocations, fail_at; /* fail_at 0: none */

static bool fails(void)
{
    return ++allocations == fail_at;
}

static void *allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : malloc(size);
}

static void *reallocate(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : realloc(block, size);
}

static void release(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

static certificate_house house;
static char authority[4096];

static int echo(eddy_stream *stream, void *arg)
{
    char byte;
    (void)arg;
    while (eddy_stream_read(stream, &byte, 1) > 0)
        if (eddy_stream_write(stream, &byte, 1) < 0)
            break;
    return 0;
}

static int talk(const eddy_server *server, eddy_tls_context *context)
{
    char port[16], byte;
    eddy_stream *stream;
    eddy_tls_session *session = NULL;
    snprintf(port, sizeof port, "%d", eddy_server_port(server, 0));
    int rc =
        eddy_open_connection(&stream, "127.0.0.1", port, EDDY_OPTIONS(eddy_connect_options, .tls = context));
    if (rc < 0)
        return rc;
    rc = eddy_stream_write(stream, "x", 1);
    if (rc == 0)
        rc = (int)eddy_stream_readexactly(stream, &byte, 1);
    if (rc > 0)
        rc = eddy_tls_object_session(eddy_stream_ssl_object(stream), &session);
    eddy_stream_close(stream);
    int closed = eddy_stream_wait_closed(stream);
    eddy_stream_release(stream);
    eddy_tls_session_release(session);
    return rc < 0 ? rc : closed;
}

static int serve_and_talk(eddy_tls_context *serving, eddy_tls_context *asking)
{
    eddy_server *server;
    int rc = eddy_start_server(&server, "127.0.0.1", "0", echo, NULL,
                               EDDY_OPTIONS(eddy_server_options, .tls = serving));
    if (rc < 0)
        return rc;
    rc = talk(server, asking);
    eddy_server_close(server);
    int closed = eddy_server_wait_closed(server);
    eddy_server_release(server);
    return rc < 0 ? rc : closed;
}

static int use_tls(void *arg)
{
    eddy_tls_context *serving = NULL, *asking = NULL;
    eddy_tls_context_options options = {.size = sizeof options, .server_side = true};
    (void)arg;
    int rc = eddy_tls_context_create(&serving, &options);
    options = (eddy_tls_context_options){.size = sizeof options, .cadata = authority};
    if (rc == 0)
        rc = eddy_tls_context_create(&asking, &options);
    if (rc == 0 && (SSL_CTX_use_certificate(eddy_tls_context_native(serving), house.server.x509) != 1 ||
                    SSL_CTX_use_PrivateKey(eddy_tls_context_native(serving), house.server.key) != 1))
        rc = EDDY_ENOMEM;
    if (rc == 0)
        rc = serve_and_talk(serving, asking);
    eddy_tls_context_release(serving);
    eddy_tls_context_release(asking);
    return rc;
}

static int run(void)
{
    eddy_loop_options loop = {.size = sizeof loop, .backend = support_backend()};
    ERR_clear_error();
    return eddy_run(use_tls, NULL, EDDY_OPTIONS(eddy_run_options, .loop = &loop));
}

/* ---- sessions ---- */

static int visit(const eddy_server *server, eddy_tls_context *context, eddy_tls_session *session,
                 eddy_tls_session **newer)
{
    char port[16], byte;
    eddy_stream *stream;
    snprintf(port, sizeof port, "%d", eddy_server_port(server, 0));
    assert_int_equal(
        eddy_open_connection(&stream, "127.0.0.1", port,
                             EDDY_OPTIONS(eddy_connect_options, .tls = context, .session = session)),
        0);
    assert_int_equal(eddy_stream_write(stream, "x", 1), 0);
    assert_int_equal(eddy_stream_readexactly(stream, &byte, 1), 1);
    int rc = newer != NULL ? eddy_tls_object_session(eddy_stream_ssl_object(stream), newer)
                           : eddy_tls_object_session_reused(eddy_stream_ssl_object(stream));
    eddy_stream_close(stream);
    assert_int_equal(eddy_stream_wait_closed(stream), 0);
    eddy_stream_release(stream);
    return rc;
}

/* Written down and read with the n-th allocation failing, for every n. Returns how many failures were met. */
static int write_and_read(const eddy_tls_session *session, eddy_tls_context *context)
{
    unsigned char room[8192];
    int failed = 0, rc = EDDY_ENOMEM;
    for (long at = 1; rc < 0; at++) {
        eddy_tls_session *again = NULL;
        allocations = 0;
        fail_at = at;
        rc = eddy_tls_session_save(session, room, sizeof room);
        if (rc > 0)
            rc = eddy_tls_session_load(&again, context, room, (size_t)rc);
        fail_at = 0;
        assert_true(rc == 0 || rc == EDDY_ENOMEM || rc == EDDY_EINVAL);
        assert_true((rc == 0) == (again != NULL));
        eddy_tls_session_release(again);
        failed += rc < 0;
    }
    return failed;
}

static int use_sessions(void *arg)
{
    eddy_server *server;
    eddy_tls_session *session;
    eddy_tls_context *serving = server_context(&house.server), *asking = client_context(&house.authority);
    (void)arg;
    assert_int_equal(eddy_start_server(&server, "127.0.0.1", "0", echo, NULL,
                                       EDDY_OPTIONS(eddy_server_options, .tls = serving)),
                     0);
    assert_int_equal(visit(server, asking, NULL, &session), 0);
    assert_true(write_and_read(session, asking) > 3);
    assert_int_equal(visit(server, asking, session, NULL), 1);
    eddy_tls_session_release(session);
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
    eddy_tls_context_release(serving);
    eddy_tls_context_release(asking);
    return 0;
}

static void fault_L11_sessions_without_memory_are_an_error(void **state)
{
    (void)state;
    support_run_test(use_sessions);
}

/* ---- all of it ---- */

/* Some thousands of allocations: a sample of them, other ones for each seed. */
static void fault_L11_openssl_out_of_memory_is_an_error(void **state)
{
    enum { RUNS = 150 };
    int failed = 0;
    (void)state;
    assert_int_equal(run(), 0);
    allocations = 0;
    assert_int_equal(run(), 0);
    long total = allocations;
    assert_true(total > RUNS);
    for (long at = 1; at <= total; at += total / RUNS) {
        long blocks = support_live_blocks();
        int descriptors = support_open_descriptors();
        allocations = 0;
        fail_at = at;
        failed += run() < 0;
        fail_at = 0;
        assert_int_equal(support_live_blocks(), blocks);
        assert_int_equal(support_open_descriptors(), descriptors);
    }
    assert_true(failed > RUNS / 4); /* some are not missed: caches, sessions */
    assert_int_equal(run(), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fault_L11_openssl_out_of_memory_is_an_error),
                                       cmocka_unit_test(fault_L11_sessions_without_memory_are_an_error)};
    if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
        return 1;
    support_init(argc, argv);
    house_make(&house);
    memcpy(authority, certificate_pem(&house.authority), sizeof authority);
    int rc = cmocka_run_group_tests_name("tls memory", tests, NULL, NULL);
    house_free(&house);
    return rc;
}
