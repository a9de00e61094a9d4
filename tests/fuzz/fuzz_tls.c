/* fuzz_tls.c: the TLS engine fed with whatever: words that are no handshake, handshakes with bytes changed on their way, sessions written down.
 * Touches the engine and certificates made on the spot; no I/O. No handshake is done that the other end did not make. */
#include "input.h"

#include "core/tls/tls.h"
#include "support/certificates.h"

enum { MOST_SENT = 1 << 20 };

static certificate_house house;
static eddy_tls_context *client, *server;

typedef struct end {
    eddy_tls_object *tls;
    eddyi_bytes out;
    int shaken;
} end;

static void make_contexts(void)
{
    house_make(&house);
    client = client_context(&house.authority);
    server = server_context(&house.server);
}

static void end_make(end *e, eddy_tls_context *context, const char *name)
{
    *e = (end){.shaken = EDDY_EAGAIN};
    MUST(eddyi_tls_create(&e->tls, eddyi_default_allocator(), context, name, NULL, NULL, &e->out) == 0);
}

static void end_free(end *e)
{
    eddyi_tls_free(e->tls);
    eddyi_bytes_free(eddyi_default_allocator(), &e->out);
}

static void step(end *e)
{
    if (e->shaken == EDDY_EAGAIN)
        e->shaken = eddyi_tls_handshake(e->tls);
    MUST(e->shaken <= 0 && eddyi_bytes_size(&e->out) < MOST_SENT);
}

/* Bytes that nobody's engine made: they never end well. */
static void feed_whatever(input *in, bool to_server)
{
    end e;
    size_t piece = 1 + input_byte(in);
    end_make(&e, to_server ? server : client, to_server ? NULL : "localhost");
    step(&e);
    while (in->size > 0 && e.shaken == EDDY_EAGAIN) {
        size_t size = piece < in->size ? piece : in->size;
        MUST(eddyi_tls_feed(e.tls, in->data, size) == 0);
        in->data += size;
        in->size -= size;
        step(&e);
    }
    eddyi_tls_feed_end(e.tls);
    step(&e);
    MUST(e.shaken < 0 && e.shaken != EDDY_EAGAIN);
    end_free(&e);
}

/* What one says comes to the other, a byte of it changed where the input says so. */
static bool carry(end *from, end *to, input *in, bool *changed)
{
    size_t size = eddyi_bytes_size(&from->out);
    if (size == 0)
        return false;
    char *words = from->out.data + from->out.start;
    unsigned high = input_byte(in), low = input_byte(in), mask = input_byte(in);
    if (mask != 0) {
        words[(high << 8 | low) % size] ^= (char)mask;
        *changed = true;
    }
    MUST(eddyi_tls_feed(to->tls, words, size) == 0);
    eddyi_bytes_consume(eddyi_default_allocator(), &from->out, size);
    return true;
}

static void read_all(end *e)
{
    char text[256];
    for (int i = 0; i < 100 && e->shaken == 0 && eddyi_tls_read(e->tls, text, sizeof text) > 0; i++)
        continue;
}

static void shake_with_changes(input *in)
{
    end one, other;
    bool changed = false, moved = true;
    end_make(&one, client, "localhost");
    end_make(&other, server, NULL);
    for (int i = 0; i < 20 && moved; i++) {
        step(&one);
        if (one.shaken == 0)
            (void)eddyi_tls_write(one.tls, "words", 5);
        moved = carry(&one, &other, in, &changed);
        step(&other);
        read_all(&other);
        moved = carry(&other, &one, in, &changed) || moved;
        read_all(&one);
    }
    MUST(changed || (one.shaken == 0 && other.shaken == 0));
    end_free(&one);
    end_free(&other);
}

static void load_session(const input *in)
{
    eddy_tls_session *session;
    char again[4096];
    if (eddy_tls_session_load(&session, client, in->data, in->size) < 0)
        return;
    int size = eddy_tls_session_save(session, again, sizeof again);
    MUST(size > 0 || size == EDDY_EINVAL);
    eddy_tls_session_release(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    if (client == NULL)
        make_contexts();
    switch (input_byte(&in) % 4) {
    case 0:
        feed_whatever(&in, true);
        break;
    case 1:
        feed_whatever(&in, false);
        break;
    case 2:
        shake_with_changes(&in);
        break;
    default:
        load_session(&in);
    }
    eddy_error_clear();
    return 0;
}
