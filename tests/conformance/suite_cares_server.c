/* suite_cares_server.c: a small name server on loopback (RFC 1035), by datagrams and by TCP.
 * Touches the public API and the settings of cares.h. */
#include <stdio.h>

#include "core/platform.h"
#include "names_server.h"

enum { HEAD = 12, TYPE_A = 1, TYPE_CNAME = 5, TYPE_PTR = 12, TYPE_AAAA = 28, MOST_NAME = 255, ROOM = 1024 };
enum { GOOD = 0, SERVER_FAILED = 2, NO_SUCH_NAME = 3 };

/* ---- messages ---- */

typedef struct message {
    unsigned char bytes[ROOM];
    size_t size;
} message;

static void put16(message *m, unsigned value)
{
    m->bytes[m->size++] = (unsigned char)(value >> 8);
    m->bytes[m->size++] = (unsigned char)value;
}

static void put_name(message *m, const char *name)
{
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        m->bytes[m->size++] = (unsigned char)length;
        memcpy(m->bytes + m->size, name, length);
        m->size += length;
        name += length + (name[length] == '.');
    }
    m->bytes[m->size++] = 0;
}

/* One answer about `name`; NULL: about what was asked. */
static void put_answer(message *m, const char *name, unsigned type, const void *data, size_t size)
{
    if (name != NULL)
        put_name(m, name);
    else
        put16(m, 0xc000 | HEAD);
    put16(m, type);
    put16(m, 1);
    put16(m, 0);
    put16(m, 60); /* seconds */
    put16(m, (unsigned)size);
    memcpy(m->bytes + m->size, data, size);
    m->size += size;
    m->bytes[7]++;
}

static void put_name_answer(message *m, unsigned type, const char *name)
{
    message target = {.size = 0};
    put_name(&target, name);
    put_answer(m, NULL, type, target.bytes, target.size);
}

/* The name that is asked for, as text, and the type; false: it makes no sense. */
static bool read_question(const unsigned char *data, size_t size, char *name, unsigned *type, size_t *end)
{
    size_t at = HEAD, used = 0;
    while (at < size && data[at] != 0) {
        size_t length = data[at++];
        if (length > 63 || at + length >= size || used + length + 1 >= MOST_NAME)
            return false;
        memcpy(name + used, data + at, length);
        used += length;
        name[used++] = '.';
        at += length;
    }
    if (used == 0 || at + 5 > size)
        return false;
    name[used - 1] = '\0';
    *type = (unsigned)data[at + 1] << 8 | data[at + 2];
    *end = at + 5;
    return true;
}

static void begin_answer(message *m, const unsigned char *question, size_t end)
{
    memcpy(m->bytes, question, end);
    m->size = end;
    memcpy(m->bytes + 2, "\x81\x80\0\1\0\0\0\0\0\0", 10); /* an answer; what more was asked for is left out */
}

/* ---- what it knows ---- */

static void put_addresses(message *m, const char *name, unsigned type, bool both)
{
    if (type == TYPE_A)
        put_answer(m, name, TYPE_A, "\xc0\0\2\1", 4);
    if (type == TYPE_A && both)
        put_answer(m, name, TYPE_A, "\xc0\0\2\2", 4);
    if (type == TYPE_AAAA && both)
        put_answer(m, name, TYPE_AAAA, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

static void put_what_is_known(message *m, const char *name, unsigned type, bool tcp)
{
    if (strcmp(name, "both.example") == 0) {
        put_addresses(m, NULL, type, true);
    } else if (strcmp(name, "alias.example") == 0) {
        put_name_answer(m, TYPE_CNAME, "both.example");
        put_addresses(m, "both.example", type, true);
    } else if (strcmp(name, "lost.example") == 0 || strcmp(name, "forged.example") == 0) {
        put_addresses(m, NULL, type, false);
    } else if (strcmp(name, "long.example") == 0 && !tcp) {
        m->bytes[2] |= 2; /* there is more than fits */
    } else if (strcmp(name, "long.example") == 0 && type == TYPE_A) {
        put_answer(m, NULL, TYPE_A, "\xc0\0\2\x4d", 4);
    } else if (strcmp(name, "circle.example") == 0) {
        put_name_answer(m, TYPE_CNAME, "circle.example");
    } else if (strcmp(name, "broken.example") == 0) {
        put_answer(m, NULL, TYPE_CNAME, "\xc0\x2c", 2); /* of the answer itself */
        m->bytes[m->size - 2] = (unsigned char)(0xc0 | (m->size - 2) >> 8);
        m->bytes[m->size - 1] = (unsigned char)(m->size - 2);
    } else if (strcmp(name, "1.2.0.192.in-addr.arpa") == 0) {
        put_name_answer(m, TYPE_PTR, "both.example");
    } else if (strcmp(name, "fails.example") == 0) {
        m->bytes[3] |= SERVER_FAILED;
    } else if (strcmp(name, "empty.example") != 0 && strcmp(name, "long.example") != 0) {
        m->bytes[3] |= NO_SUCH_NAME;
    }
}

/* ---- datagrams ---- */

static void send_forged(names_server *server, const message *good, size_t end, const eddy_address *to)
{
    message other = *good;
    other.bytes[0] ^= 0xff; /* another question's number */
    assert_int_equal(eddy_datagram_transport_sendto(server->transport, other.bytes, other.size, to), 0);
    other = *good;
    other.bytes[HEAD + 1] ^= 1; /* another name */
    other.bytes[end - 1] ^= 1;
    assert_int_equal(eddy_datagram_transport_sendto(server->transport, other.bytes, other.size, to), 0);
    server->forged++;
}

static void datagram_received(eddy_datagram_protocol *protocol, const void *data, size_t size,
                              const eddy_address *from)
{
    names_server *server = (names_server *)protocol;
    char name[MOST_NAME + 1];
    unsigned type;
    size_t end;
    message m;
    if (!read_question(data, size, name, &type, &end) || end > ROOM / 2)
        return;
    server->asked++;
    if (strcmp(name, "silent.example") == 0)
        return;
    if (strcmp(name, "lost.example") == 0 && server->lost < 2) {
        server->lost++;
        return;
    }
    begin_answer(&m, data, end);
    put_what_is_known(&m, name, type, false);
    if (strcmp(name, "forged.example") == 0)
        send_forged(server, &m, end, from);
    (void)eddy_datagram_transport_sendto(server->transport, m.bytes, m.size, from);
}

static void connection_made(eddy_datagram_protocol *protocol, eddy_datagram_transport *transport)
{
    ((names_server *)protocol)->transport = transport;
}

static void connection_lost(eddy_datagram_protocol *protocol, int error)
{
    (void)error;
    (void)eddy_future_set_result(((names_server *)protocol)->gone, 0);
}

static const eddy_datagram_protocol_type type_of_server = {.size = sizeof type_of_server,
                                                           .connection_made = connection_made,
                                                           .connection_lost = connection_lost,
                                                           .datagram_received = datagram_received};

static int hand_out(eddy_datagram_protocol **out, void *arg)
{
    *out = arg;
    return 0;
}

/* ---- TCP ---- */

static int on_client(eddy_stream *stream, void *arg)
{
    names_server *server = arg;
    unsigned char head[2], question[ROOM / 2];
    char name[MOST_NAME + 1];
    unsigned type;
    size_t end;
    while (eddy_stream_readexactly(stream, head, 2) == 2) {
        size_t size = (size_t)head[0] << 8 | head[1];
        message m;
        if (size > sizeof question || eddy_stream_readexactly(stream, question, size) != (ptrdiff_t)size ||
            !read_question(question, size, name, &type, &end))
            break;
        server->by_tcp++;
        begin_answer(&m, question, end);
        put_what_is_known(&m, name, type, true);
        head[0] = (unsigned char)(m.size >> 8);
        head[1] = (unsigned char)m.size;
        if (eddy_stream_write(stream, head, 2) < 0 || eddy_stream_write(stream, m.bytes, m.size) < 0)
            break;
    }
    eddy_error_clear();
    return 0; /* clients come and go */
}

/* ---- making ---- */

static int open_datagrams(names_server *server, const char *port)
{
    return eddy_loop_create_datagram_endpoint(
        eddy_get_running_loop(), NULL, hand_out, server,
        EDDY_OPTIONS(eddy_datagram_options, .local_host = "127.0.0.1", .local_service = port));
}

static void close_tcp(names_server *server)
{
    eddy_server_close(server->tcp);
    assert_int_equal(eddy_server_wait_closed(server->tcp), 0);
    eddy_server_release(server->tcp);
}

/* Both kinds on one port: one that is free for TCP, and, unless somebody else has it, for datagrams. */
void names_server_open(names_server *server)
{
    char port[8];
    int rc = EDDY_EADDRINUSE;
    *server = (names_server){.protocol = {&type_of_server}, .before = eddyi_cares_settings_in_force};
    assert_int_equal(eddy_loop_create_future(eddy_get_running_loop(), &server->gone), 0);
    while (rc == EDDY_EADDRINUSE) {
        assert_int_equal(eddy_start_server(&server->tcp, "127.0.0.1", "0", on_client, server, NULL), 0);
        snprintf(port, sizeof port, "%d", eddy_server_port(server->tcp, 0));
        rc = open_datagrams(server, port);
        if (rc < 0)
            close_tcp(server);
    }
    assert_int_equal(rc, 0);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%s", port);
    eddyi_cares_settings_in_force = (eddyi_cares_settings){.servers = server->address, .timeout_ms = 1000};
}

void names_server_close(names_server *server)
{
    eddyi_cares_settings_in_force = server->before;
    eddy_datagram_transport_close(server->transport);
    assert_int_equal(eddy_await_future(server->gone, NULL), 0);
    eddy_future_release(server->gone);
    close_tcp(server);
}

int names_port_of(eddy_fd fd)
{
    eddyi_address address;
    assert_int_equal(eddyi_platform_net.local_address(NULL, fd, &address), 0);
    return eddyi_platform_net.port(&address);
}

void names_drop(eddy_fd fd)
{
    (void)eddyi_platform_net.close(NULL, fd);
}
