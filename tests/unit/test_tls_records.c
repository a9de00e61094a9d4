/* test_tls_records.c: odd records of TLS 1.3, sealed by hand with the keys of a real handshake: what OpenSSL itself would never send.
 * Touches the engine, the key log and OpenSSL's ciphers (RFC 8446, 5 and 7.1). */
#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "core/base/memory.h"
#include "core/tls/tls.h"

enum { SECRET = 32, KEY = 16, IV = 12, TAG = 16, MOST_INNER = 17000 };
enum { ALERT = 21, DATA = 23 };

/* A client that has shaken hands with a server and sends by hand from then on. */
typedef struct scene {
    certificate_house house;
    eddy_tls_context *client_context, *server_context;
    eddy_tls_object *client, *server;
    eddyi_bytes from_client, from_server;
    unsigned char secret[SECRET], key[KEY], iv[IV];
    bool has_secret;
    unsigned char sequence;
} scene;

static void note_secret(const char *line, void *arg)
{
    scene *s = arg;
    const char label[] = "CLIENT_TRAFFIC_SECRET_0 ";
    if (strncmp(line, label, sizeof label - 1) != 0)
        return;
    const char *hex = strrchr(line, ' ') + 1;
    assert_int_equal(strlen(hex), SECRET * 2);
    for (size_t i = 0; i < SECRET; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        s->secret[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    s->has_secret = true;
}

static void expand(const scene *s, const char *name, unsigned char *out, size_t size)
{
    unsigned char info[32];
    int label = snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", name),
        mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    info[0] = 0;
    info[1] = (unsigned char)size;
    info[2] = (unsigned char)label;
    info[3 + label] = 0;
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(hkdf);
    OSSL_PARAM settings[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)s->secret, SECRET),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, (size_t)label + 4),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_KDF_derive(context, out, size, settings), 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(hkdf);
}

static void carry(eddyi_bytes *from, eddy_tls_object *to)
{
    size_t size = eddyi_bytes_size(from);
    assert_int_equal(eddyi_tls_feed(to, from->data + from->start, size), 0);
    eddyi_bytes_consume(eddyi_default_allocator(), from, size);
}

static void scene_open(scene *s)
{
    int rc = EDDY_EAGAIN;
    *s = (scene){.has_secret = false};
    house_make(&s->house);
    s->client_context = client_context(&s->house.authority);
    s->server_context = server_context(&s->house.server);
    assert_int_equal(
        SSL_CTX_set_ciphersuites(eddy_tls_context_native(s->client_context), "TLS_AES_128_GCM_SHA256"), 1);
    assert_int_equal(eddy_tls_context_set_keylog_callback(s->client_context, note_secret, s), 0);
    assert_int_equal(eddyi_tls_create(&s->client, eddyi_default_allocator(), s->client_context, "localhost",
                                      NULL, NULL, &s->from_client),
                     0);
    assert_int_equal(eddyi_tls_create(&s->server, eddyi_default_allocator(), s->server_context, NULL, NULL,
                                      NULL, &s->from_server),
                     0);
    for (int i = 0; i < 5 && rc == EDDY_EAGAIN; i++) {
        (void)eddyi_tls_handshake(s->client);
        carry(&s->from_client, s->server);
        rc = eddyi_tls_handshake(s->server);
        carry(&s->from_server, s->client);
    }
    assert_int_equal(rc, 0);
    assert_true(s->has_secret);
    expand(s, "key", s->key, KEY);
    expand(s, "iv", s->iv, IV);
}

static void scene_close(scene *s)
{
    eddyi_tls_free(s->client);
    eddyi_tls_free(s->server);
    eddyi_bytes_free(eddyi_default_allocator(), &s->from_client);
    eddyi_bytes_free(eddyi_default_allocator(), &s->from_server);
    eddy_tls_context_release(s->client_context);
    eddy_tls_context_release(s->server_context);
    house_free(&s->house);
}

/* Give the server one record: what is inside of it, its type and its padding included. */
static void feed_inner(scene *s, const unsigned char *inner, size_t size)
{
    static unsigned char record[5 + MOST_INNER + TAG];
    unsigned char nonce[IV];
    int written;
    size_t whole = size + TAG;
    memcpy(record, "\x17\3\3", 3);
    record[3] = (unsigned char)(whole >> 8);
    record[4] = (unsigned char)whole;
    memcpy(nonce, s->iv, IV);
    nonce[IV - 1] ^= s->sequence++;
    EVP_CIPHER_CTX *seal = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(seal, EVP_aes_128_gcm(), NULL, s->key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(seal, NULL, &written, record, 5), 1);
    assert_int_equal(EVP_EncryptUpdate(seal, record + 5, &written, inner, (int)size), 1);
    assert_int_equal(EVP_EncryptFinal_ex(seal, record + 5 + written, &written), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(seal, EVP_CTRL_GCM_GET_TAG, TAG, record + 5 + size), 1);
    EVP_CIPHER_CTX_free(seal);
    assert_int_equal(eddyi_tls_feed(s->server, record, 5 + whole), 0);
}

static void feed_record(scene *s, unsigned char type, const void *content, size_t size, size_t padding)
{
    static unsigned char inner[MOST_INNER];
    assert_true(size + padding < MOST_INNER);
    memset(inner, 0, size + padding + 1);
    if (size > 0)
        memcpy(inner, content, size);
    inner[size] = type;
    feed_inner(s, inner, size + 1 + padding);
}

static void expect_read(scene *s, const char *text)
{
    char got[16];
    size_t size = strlen(text);
    assert_int_equal(eddyi_tls_read(s->server, got, sizeof got), size);
    assert_memory_equal(got, text, size);
}

static void expect_given_up(scene *s, const char *why)
{
    char got[16];
    int64_t value = eddyi_tls_read(s->server, got, sizeof got);
    for (int i = 0; i < 1000 && value == EDDY_EAGAIN && eddyi_tls_has_input(s->server); i++)
        value = eddyi_tls_read(s->server, got, sizeof got);
    assert_int_equal(value, EDDY_ETLS);
    assert_string_equal(eddyi_tls_failed(s->server).message, why);
    assert_int_equal(eddyi_tls_read(s->server, got, sizeof got), EDDY_ETLS);
    assert_true(eddyi_bytes_size(&s->from_server) > 0); /* the peer is told */
}

#define SCENE_TEST(name)                                                                                     \
    static void name##_in(scene *s);                                                                         \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        static scene s;                                                                                      \
        (void)state;                                                                                         \
        scene_open(&s);                                                                                      \
        name##_in(&s);                                                                                       \
        scene_close(&s);                                                                                     \
    }                                                                                                        \
    static void name##_in(scene *s)

SCENE_TEST(record_sealed_by_hand_is_read)
{
    feed_record(s, DATA, "hello", 5, 0);
    feed_record(s, DATA, "padded", 6, 500);
    expect_read(s, "hello");
    expect_read(s, "padded");
}

SCENE_TEST(fault_L10_empty_records_are_passed_over)
{
    char got[4];
    for (int i = 0; i < 20; i++)
        feed_record(s, DATA, NULL, 0, (size_t)i);
    assert_int_equal(eddyi_tls_read(s->server, got, sizeof got), EDDY_EAGAIN); /* no end of data */
    feed_record(s, DATA, "x", 1, 0);
    expect_read(s, "x");
}

SCENE_TEST(fault_L10_flood_of_empty_records_is_given_up)
{
    for (int i = 0; i < 40; i++)
        feed_record(s, DATA, NULL, 0, 0);
    expect_given_up(s, "record too small");
}

SCENE_TEST(fault_L10_warnings_are_passed_over)
{
    char got[4];
    feed_record(s, ALERT, "\1\x5a", 2, 0); /* "user canceled": an end follows, or nothing */
    assert_int_equal(eddyi_tls_read(s->server, got, sizeof got), EDDY_EAGAIN);
    feed_record(s, DATA, "x", 1, 0);
    expect_read(s, "x");
}

SCENE_TEST(fault_L10_flood_of_warnings_is_given_up)
{
    for (int i = 0; i < 40; i++)
        feed_record(s, ALERT, "\1\x5a", 2, 0);
    expect_given_up(s, "too many warn alerts");
}

SCENE_TEST(fault_L10_largest_record_is_read_and_a_larger_one_refused)
{
    static char data[16385], got[16385];
    memset(data, 'y', sizeof data);
    feed_record(s, DATA, data, 16384, 0);
    assert_int_equal(eddyi_tls_read(s->server, got, sizeof got), 16384);
    assert_memory_equal(got, data, 16384);
    feed_record(s, DATA, data, 16385, 0);
    expect_given_up(s, "data length too long");
}

SCENE_TEST(fault_L10_record_of_padding_alone_is_refused)
{
    static const unsigned char zeros[100];
    feed_inner(s, zeros, sizeof zeros);
    expect_given_up(s, "bad record type");
}

SCENE_TEST(fault_L10_record_of_no_known_kind_is_refused)
{
    feed_record(s, 99, "?", 1, 0);
    expect_given_up(s, "bad record type");
}

SCENE_TEST(fault_L10_end_of_a_fatal_kind_is_an_error)
{
    char got[4];
    feed_record(s, ALERT, "\2\x28", 2, 0);
    assert_int_equal(eddyi_tls_read(s->server, got, sizeof got), EDDY_ETLS);
    assert_string_equal(eddyi_tls_failed(s->server).message, "sslv3 alert handshake failure");
}

SCENE_TEST(fault_L10_record_with_another_seal_is_refused)
{
    s->sequence++; /* as if one had been taken out */
    feed_record(s, DATA, "x", 1, 0);
    expect_given_up(s, "decryption failed or bad record mac");
}

/* L7: no ticket allows it, so no client sends any. */
SCENE_TEST(fault_L7_early_data_is_not_offered)
{
    char got[4];
    assert_int_equal(SSL_CTX_get_max_early_data(eddy_tls_context_native(s->server_context)), 0);
    assert_int_equal(eddyi_tls_read(s->client, got, sizeof got), EDDY_EAGAIN); /* the tickets */
    SSL_SESSION *session = SSL_get1_session(eddy_tls_object_native(s->client));
    assert_int_equal(SSL_SESSION_is_resumable(session), 1);
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION_free(session);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_sealed_by_hand_is_read),
        cmocka_unit_test(fault_L10_empty_records_are_passed_over),
        cmocka_unit_test(fault_L10_flood_of_empty_records_is_given_up),
        cmocka_unit_test(fault_L10_warnings_are_passed_over),
        cmocka_unit_test(fault_L10_flood_of_warnings_is_given_up),
        cmocka_unit_test(fault_L10_largest_record_is_read_and_a_larger_one_refused),
        cmocka_unit_test(fault_L10_record_of_padding_alone_is_refused),
        cmocka_unit_test(fault_L10_record_of_no_known_kind_is_refused),
        cmocka_unit_test(fault_L10_end_of_a_fatal_kind_is_an_error),
        cmocka_unit_test(fault_L10_record_with_another_seal_is_refused),
        cmocka_unit_test(fault_L7_early_data_is_not_offered),
    };
    support_init(argc, argv);
    return cmocka_run_group_tests_name("tls records", tests, NULL, NULL);
}
