/* test_tls.c: the TLS engine, two of them fed by hand, without any I/O.
 * Touches core/tls/tls.h. What one puts out is what the other takes, in pieces of any size. */
#include "support/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "core/base/memory.h"
#include "core/tls/tls.h"

typedef struct end {
    eddy_tls_object *tls;
    eddyi_bytes out;
    int shaken; /* what the handshake came to; EDDY_EAGAIN: not yet */
} end;

typedef struct ends {
    certificate_house house;
    eddy_tls_context *client_context, *server_context;
    end client, server;
} ends;

static const eddy_allocator *allocator(void)
{
    return eddyi_default_allocator();
}

static void end_make(end *e, eddy_tls_context *context, const char *name)
{
    *e = (end){.shaken = EDDY_EAGAIN};
    assert_int_equal(eddyi_tls_create(&e->tls, allocator(), context, name, NULL, NULL, &e->out), 0);
}

static void end_free(end *e)
{
    eddyi_tls_free(e->tls);
    eddyi_bytes_free(allocator(), &e->out);
}

static void ends_make(ends *e)
{
    house_make(&e->house);
    e->client_context = client_context(&e->house.authority);
    e->server_context = server_context(&e->house.server);
    end_make(&e->client, e->client_context, "localhost");
    end_make(&e->server, e->server_context, NULL);
}

static void ends_free(ends *e)
{
    end_free(&e->client);
    end_free(&e->server);
    eddy_tls_context_release(e->client_context);
    eddy_tls_context_release(e->server_context);
    house_free(&e->house);
}

/* Carry at most `most` bytes over; false: there was nothing. */
static bool carry(end *from, end *to, size_t most)
{
    size_t there = eddyi_bytes_size(&from->out);
    size_t size = there < most ? there : most;
    if (size == 0)
        return false;
    assert_int_equal(eddyi_tls_feed(to->tls, from->out.data + from->out.start, size), 0);
    eddyi_bytes_consume(allocator(), &from->out, size);
    return true;
}

static void step(end *e)
{
    if (e->shaken == EDDY_EAGAIN)
        e->shaken = eddyi_tls_handshake(e->tls);
}

/* Until both are done, one has failed, or nothing moves. */
static void shake(ends *e, size_t most)
{
    bool moved = true;
    while (moved && (e->client.shaken == EDDY_EAGAIN || e->server.shaken == EDDY_EAGAIN)) {
        step(&e->client);
        moved = carry(&e->client, &e->server, most);
        step(&e->server);
        moved = carry(&e->server, &e->client, most) || moved;
    }
    while (carry(&e->server, &e->client, most)) /* tickets */
        continue;
}

#define ENGINE_TEST(name)                                                                                    \
    static void name##_body(ends *e);                                                                        \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        ends e;                                                                                              \
        long blocks = support_live_blocks();                                                                 \
        (void)state;                                                                                         \
        ends_make(&e);                                                                                       \
        name##_body(&e);                                                                                     \
        ends_free(&e);                                                                                       \
        assert_int_equal(support_live_blocks(), blocks);                                                     \
    }                                                                                                        \
    static void name##_body(ends *e)

ENGINE_TEST(engine_shakes_hands_in_pieces_of_one_byte)
{
    shake(e, 1);
    assert_int_equal(e->client.shaken, 0);
    assert_int_equal(e->server.shaken, 0);
    assert_string_equal(eddy_tls_object_version(e->client.tls), "TLSv1.3");
}

ENGINE_TEST(engine_needs_the_rest_of_a_record)
{
    char text[8];
    shake(e, SIZE_MAX);
    assert_int_equal(eddyi_tls_read(e->client.tls, text, sizeof text), EDDY_EAGAIN);
    assert_int_equal(eddyi_tls_write(e->server.tls, "hello", 5), 5);
    size_t size = eddyi_bytes_size(&e->server.out);
    assert_true(carry(&e->server, &e->client, size - 1));
    assert_int_equal(eddyi_tls_read(e->client.tls, text, sizeof text), EDDY_EAGAIN);
    assert_true(carry(&e->server, &e->client, 1));
    assert_int_equal(eddyi_tls_read(e->client.tls, text, sizeof text), 5);
    assert_memory_equal(text, "hello", 5);
}

ENGINE_TEST(fault_L10_records_of_one_byte_are_all_read)
{
    char text[8];
    shake(e, SIZE_MAX);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eddyi_tls_write(e->client.tls, &"0123456789"[i % 10], 1), 1);
    assert_true(carry(&e->client, &e->server, SIZE_MAX));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), 1);
        assert_int_equal(text[0], '0' + i % 10);
    }
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), EDDY_EAGAIN);
}

ENGINE_TEST(engine_end_of_tls_is_no_truncation)
{
    char text[8];
    shake(e, SIZE_MAX);
    assert_int_equal(eddyi_tls_write(e->client.tls, "bye", 3), 3);
    eddyi_tls_shutdown(e->client.tls);
    eddyi_tls_shutdown(e->client.tls);
    assert_true(carry(&e->client, &e->server, SIZE_MAX));
    eddyi_tls_feed_end(e->server.tls);
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), 3);
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), 0);
    assert_true(eddyi_tls_peer_ended(e->server.tls));
}

ENGINE_TEST(fault_L6_end_of_the_wire_is_a_truncation)
{
    char text[8];
    shake(e, SIZE_MAX);
    assert_int_equal(eddyi_tls_write(e->client.tls, "bye", 3), 3);
    assert_true(carry(&e->client, &e->server, SIZE_MAX));
    eddyi_tls_feed_end(e->server.tls);
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), 3);
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), EDDY_ETRUNCATED);
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), EDDY_ETRUNCATED);
}

/* L2: the wire ends after each byte of the handshake. */
static void fault_L2_wire_that_ends_in_the_handshake_is_a_reset(void **state)
{
    (void)state;
    for (size_t cut = 0;; cut++) {
        ends e;
        size_t sent = 0;
        ends_make(&e);
        step(&e.client);
        size_t hello = eddyi_bytes_size(&e.client.out);
        if (cut < hello) {
            (void)carry(&e.client, &e.server, cut);
            eddyi_tls_feed_end(e.server.tls);
            assert_int_equal(eddyi_tls_handshake(e.server.tls), EDDY_ECONNRESET);
        } else {
            assert_true(carry(&e.client, &e.server, SIZE_MAX));
            step(&e.server);
            sent = eddyi_bytes_size(&e.server.out);
            (void)carry(&e.server, &e.client, cut - hello);
            eddyi_tls_feed_end(e.client.tls);
            if (cut - hello < sent)
                assert_int_equal(eddyi_tls_handshake(e.client.tls), EDDY_ECONNRESET);
        }
        ends_free(&e);
        if (cut >= hello && cut - hello >= sent)
            return;
        cut += 4; /* each fifth, for each takes two key pairs */
    }
}

ENGINE_TEST(fault_L1_garbage_instead_of_a_handshake_is_refused)
{
    static const char words[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(eddyi_tls_feed(e->server.tls, words, sizeof words - 1), 0);
    assert_int_equal(eddyi_tls_handshake(e->server.tls), EDDY_ETLS);
    assert_string_equal(eddyi_tls_failed(e->server.tls).message, "http request");
    assert_int_equal(eddyi_tls_handshake(e->server.tls), EDDY_ETLS);
}

ENGINE_TEST(fault_L12_errors_of_others_in_the_queue_do_no_harm)
{
    char text[8];
    for (int i = 0; i < 3; i++)
        ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    shake(e, 100);
    assert_int_equal(e->client.shaken, 0);
    assert_int_equal(e->server.shaken, 0);
    ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    assert_int_equal(eddyi_tls_read(e->client.tls, text, sizeof text), EDDY_EAGAIN); /* the tickets */
    ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    assert_int_equal(eddyi_tls_read(e->client.tls, text, sizeof text), EDDY_EAGAIN);
    ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    assert_int_equal(eddyi_tls_write(e->client.tls, "x", 1), 1);
    ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    eddyi_tls_feed_end(e->client.tls);
    assert_int_equal(eddyi_tls_read(e->client.tls, text, sizeof text), EDDY_ETRUNCATED);
    ERR_clear_error();
}

ENGINE_TEST(fault_L7_renegotiation_is_refused)
{
    char text[8];
    SSL *client = eddy_tls_object_native(e->client.tls);
    assert_int_equal(SSL_set_max_proto_version(client, TLS1_2_VERSION), 1);
    SSL_clear_options(client, SSL_OP_NO_RENEGOTIATION);
    shake(e, SIZE_MAX);
    assert_int_equal(e->client.shaken, 0);
    assert_string_equal(eddy_tls_object_version(e->server.tls), "TLSv1.2");
    assert_int_equal(SSL_renegotiate(client), 1);
    assert_int_equal(SSL_do_handshake(client), -1);
    assert_true(carry(&e->client, &e->server, SIZE_MAX));
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), EDDY_EAGAIN);
    assert_true(carry(&e->server, &e->client, SIZE_MAX)); /* the warning */
    assert_true(eddyi_tls_read(e->client.tls, text, sizeof text) < 0);
    assert_int_equal(eddyi_tls_read(e->server.tls, text, sizeof text), EDDY_EAGAIN);
}

ENGINE_TEST(engine_takes_at_most_a_record_at_once)
{
    static char data[40000], back[40000];
    shake(e, SIZE_MAX);
    assert_int_equal(eddyi_tls_write(e->client.tls, data, sizeof data), EDDYI_TLS_RECORD);
    assert_true(carry(&e->client, &e->server, SIZE_MAX));
    assert_int_equal(eddyi_tls_read(e->server.tls, back, sizeof back), EDDYI_TLS_RECORD);
}

/* ---- names ---- */

static int meet(const certificate *shown, const certificate *trusted, const char *name, const char **why)
{
    ends e = {0};
    e.client_context = client_context(trusted);
    e.server_context = server_context(shown);
    end_make(&e.client, e.client_context, name);
    end_make(&e.server, e.server_context, NULL);
    shake(&e, SIZE_MAX);
    int rc = e.client.shaken;
    *why = eddyi_tls_failed(e.client.tls).message;
    end_free(&e.client);
    end_free(&e.server);
    eddy_tls_context_release(e.client_context);
    eddy_tls_context_release(e.server_context);
    return rc;
}

static int meet_wish(const certificate_wish *wish, const char *name, const char **why)
{
    certificate authority, shown;
    certificate_wish made = *wish;
    certificate_make(&authority, &(certificate_wish){.authority = true});
    made.issuer = &authority;
    certificate_make(&shown, &made);
    int rc = meet(&shown, &authority, name, why);
    certificate_free(&shown);
    certificate_free(&authority);
    return rc;
}

static void fault_L8_names_are_checked(void **state)
{
    const char *why;
    certificate_wish wish = {.names = "DNS:a.example,DNS:*.b.example,DNS:p*.c.example,IP:127.0.0.1,IP:::1"};
    (void)state;
    assert_int_equal(meet_wish(&wish, "a.example", &why), 0);
    assert_int_equal(meet_wish(&wish, "A.example.", &why), 0);
    assert_int_equal(meet_wish(&wish, "x.b.example", &why), 0);
    assert_int_equal(meet_wish(&wish, "127.0.0.1", &why), 0);
    assert_int_equal(meet_wish(&wish, "::1", &why), 0);
    assert_int_equal(meet_wish(&wish, "c.example", &why), EDDY_EHOSTNAME);
    assert_string_equal(why, "hostname mismatch");
    assert_int_equal(meet_wish(&wish, "x.y.b.example", &why), EDDY_EHOSTNAME);
    assert_int_equal(meet_wish(&wish, "b.example", &why), EDDY_EHOSTNAME);
    assert_int_equal(meet_wish(&wish, "part.c.example", &why), EDDY_EHOSTNAME);
    assert_int_equal(meet_wish(&wish, "127.0.0.2", &why), EDDY_EHOSTNAME);
    assert_string_equal(why, "IP address mismatch");
    wish.names = NULL; /* its common name counts for nothing */
    assert_int_equal(meet_wish(&wish, "eddy", &why), EDDY_EHOSTNAME);
}

static void fault_L8_name_with_a_zero_in_it_is_no_name(void **state)
{
    const char *why;
    (void)state;
    certificate_wish wish = {.raw_name = "localhost\0.evil.example", .raw_size = 23};
    assert_int_equal(meet_wish(&wish, "localhost", &why), EDDY_EHOSTNAME);
}

static void fault_L8_times_are_checked(void **state)
{
    const char *why;
    (void)state;
    certificate_wish wish = {.names = "DNS:localhost", .from = -1000, .until = -10};
    assert_int_equal(meet_wish(&wish, "localhost", &why), EDDY_ECERTIFICATE);
    assert_string_equal(why, "certificate has expired");
    wish = (certificate_wish){.names = "DNS:localhost", .from = 1000, .until = 2000};
    assert_int_equal(meet_wish(&wish, "localhost", &why), EDDY_ECERTIFICATE);
    assert_string_equal(why, "certificate is not yet valid");
}

static void fault_L8_unknown_authorities_are_refused(void **state)
{
    const char *why;
    certificate_house house, other;
    certificate alone;
    (void)state;
    house_make(&house);
    house_make(&other);
    certificate_make(&alone, &(certificate_wish){.names = "DNS:localhost"});
    assert_int_equal(meet(&house.server, &other.authority, "localhost", &why), EDDY_ECERTIFICATE);
    assert_int_equal(meet(&alone, &house.authority, "localhost", &why), EDDY_ECERTIFICATE);
    assert_string_equal(why, "self-signed certificate");
    assert_int_equal(meet(&alone, &alone, "localhost", &why), 0);
    certificate_free(&alone);
    house_free(&other);
    house_free(&house);
}

static void fault_L8_no_name_to_check_is_refused(void **state)
{
    end e = {0};
    certificate_house house;
    (void)state;
    house_make(&house);
    eddy_tls_context *context = client_context(&house.authority);
    assert_int_equal(eddyi_tls_create(&e.tls, allocator(), context, NULL, NULL, NULL, &e.out), EDDY_EINVAL);
    assert_int_equal(eddyi_tls_create(&e.tls, allocator(), context, "localhost", "", NULL, &e.out),
                     EDDY_EINVAL);
    char long_name[300];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(eddyi_tls_create(&e.tls, allocator(), context, long_name, NULL, NULL, &e.out),
                     EDDY_EINVAL);
    eddy_tls_context_release(context);
    house_free(&house);
}

/* ---- contexts ---- */

static void context_options_that_make_no_sense_are_refused(void **state)
{
    eddy_tls_context *context = NULL;
    (void)state;
    assert_int_equal(eddy_tls_context_create(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_create(
                         &context, EDDY_OPTIONS(eddy_tls_context_options, .verify_mode = EDDY_TLS_CERT_NONE)),
                     EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_create(&context, EDDY_OPTIONS(eddy_tls_context_options,
                                                                    .minimum_version = EDDY_TLS_VERSION_1_3,
                                                                    .maximum_version = EDDY_TLS_VERSION_1_2)),
                     EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_create(
                         &context, EDDY_OPTIONS(eddy_tls_context_options, .cafile = "/nowhere/at/all")),
                     EDDY_ENOENT);
    assert_int_equal(
        eddy_tls_context_create(&context, EDDY_OPTIONS(eddy_tls_context_options, .cadata = "no certificate")),
        EDDY_ECERTIFICATE);
    assert_null(context);
    eddy_tls_context_release(NULL);
}

/* Certificate and key in one file, the key encrypted. */
static void write_chain(const char *path, const certificate *c)
{
    BIO *file = BIO_new_file(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_bio_X509(file, c->x509), 1);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(file, c->key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL),
                     1);
    (void)BIO_free(file);
}

static void context_loads_a_chain_and_its_encrypted_key(void **state)
{
    char path[] = "/tmp/eddy-test-XXXXXX";
    certificate_house house;
    eddy_tls_context *context;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    house_make(&house);
    write_chain(path, &house.server);
    assert_int_equal(
        eddy_tls_context_create(&context, EDDY_OPTIONS(eddy_tls_context_options, .server_side = true)), 0);
    assert_int_equal(eddy_tls_context_load_cert_chain(context, path, NULL, NULL), EDDY_ECERTIFICATE);
    assert_int_equal(eddy_tls_context_load_cert_chain(context, path, NULL, "wrong"), EDDY_ECERTIFICATE);
    assert_int_equal(eddy_tls_context_load_cert_chain(context, path, path, "secret"), 0);
    assert_int_equal(eddy_tls_context_load_cert_chain(context, path, NULL, "secret"), 0);
    assert_int_equal(eddy_tls_context_load_verify_locations(context, path, NULL, NULL), 0);
    eddy_tls_context_release(context);
    house_free(&house);
    unlink(path);
}

static void context_setters_refuse_what_makes_no_sense(void **state)
{
    eddy_tls_context *context;
    const char *empty[] = {"h2", ""}, *good[] = {"h2", "http/1.1"};
    (void)state;
    assert_int_equal(eddy_tls_context_create(&context, NULL), 0);
    assert_int_equal(eddy_tls_context_load_cert_chain(context, "/nowhere/at/all", NULL, NULL), EDDY_ENOENT);
    assert_int_equal(eddy_tls_context_load_cert_chain(context, NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_load_verify_locations(context, NULL, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_set_alpn_protocols(context, empty, 2), EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_set_alpn_protocols(context, good, 0), EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_set_alpn_protocols(context, good, 2), 0);
    assert_int_equal(eddy_tls_context_set_alpn_protocols(context, good, 1), 0);
    assert_int_equal(eddy_tls_context_set_ciphers(context, "NO-SUCH-CIPHER"), EDDY_EINVAL);
    assert_int_equal(eddy_tls_context_set_ciphers(context, "ECDHE+AESGCM"), 0);
    assert_int_equal(eddy_tls_context_set_servername_callback(context, NULL, NULL),
                     EDDY_EINVAL); /* a client's */
    eddy_tls_context_release(context);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_shakes_hands_in_pieces_of_one_byte),
        cmocka_unit_test(engine_needs_the_rest_of_a_record),
        cmocka_unit_test(fault_L10_records_of_one_byte_are_all_read),
        cmocka_unit_test(engine_end_of_tls_is_no_truncation),
        cmocka_unit_test(fault_L6_end_of_the_wire_is_a_truncation),
        cmocka_unit_test(fault_L2_wire_that_ends_in_the_handshake_is_a_reset),
        cmocka_unit_test(fault_L1_garbage_instead_of_a_handshake_is_refused),
        cmocka_unit_test(fault_L12_errors_of_others_in_the_queue_do_no_harm),
        cmocka_unit_test(fault_L7_renegotiation_is_refused),
        cmocka_unit_test(engine_takes_at_most_a_record_at_once),
        cmocka_unit_test(fault_L8_names_are_checked),
        cmocka_unit_test(fault_L8_name_with_a_zero_in_it_is_no_name),
        cmocka_unit_test(fault_L8_times_are_checked),
        cmocka_unit_test(fault_L8_unknown_authorities_are_refused),
        cmocka_unit_test(fault_L8_no_name_to_check_is_refused),
        cmocka_unit_test(context_options_that_make_no_sense_are_refused),
        cmocka_unit_test(context_loads_a_chain_and_its_encrypted_key),
        cmocka_unit_test(context_setters_refuse_what_makes_no_sense),
    };
    support_init(argc, argv);
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
