/* tls_load.c: the one client of all TLS servers: starts the server, plays ping-pong on every connection in turn, then shakes hands again and
 * again, in full and resumed; prints rates and the server's processor time for each.
 * Touches Linux and OpenSSL. Call: tls_load CONNECTIONS SERVER [ARGUMENT...]. Handshakes are measured with one connection only. */
#include "load.h"
#include "tls.h"

enum { MOST_MESSAGE = 16384 };

static size_t message_size;
static int port;
static SSL_CTX *context;
static SSL_SESSION *session; /* the newest one */
static bool resuming;

static int keep_session(SSL *ssl, SSL_SESSION *newer)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = newer;
    return 1;
}

static SSL *connect_one(void)
{
    struct sockaddr_in address = bench_loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_check(fd >= 0, "socket");
    bench_check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    bench_no_delay(fd);
    SSL *ssl = SSL_new(context);
    bench_check_tls(ssl && SSL_set_fd(ssl, fd) == 1, "SSL_new");
    if (resuming && session)
        SSL_set_session(ssl, session);
    bench_check_tls(SSL_connect(ssl) == 1, "SSL_connect");
    return ssl;
}

/* Reset instead of ended: nothing lingers in the system into the next measurement. */
static void close_one(SSL *ssl)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fd = SSL_get_fd(ssl);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    SSL_set_shutdown(ssl,
                     SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* else its session may not be resumed */
    SSL_free(ssl);
    close(fd);
}

static void ask(SSL *ssl, char tag)
{
    char message[MOST_MESSAGE];
    memset(message, tag, message_size);
    bench_check_tls(SSL_write(ssl, message, (int)message_size) == (int)message_size, "SSL_write");
}

static void take_answer(SSL *ssl, char tag)
{
    char answer[MOST_MESSAGE];
    size_t got = 0, piece;
    for (; got < message_size; got += piece)
        bench_check_tls(SSL_read_ex(ssl, answer + got, message_size - got, &piece) == 1, "SSL_read");
    if (answer[0] != tag || answer[message_size - 1] != tag)
        bench_fail("tls", "the answer is not the request");
}

/* ---- what is measured: one round each, which returns how much of it was done ---- */

static SSL **connections;
static size_t connection_count;

static size_t echo_round(void)
{
    static char tag;
    tag++;
    for (size_t i = 0; i < connection_count; i++)
        ask(connections[i], tag);
    for (size_t i = 0; i < connection_count; i++)
        take_answer(connections[i], tag);
    return connection_count;
}

/* With one question, for the ticket comes before its answer. */
static size_t handshake_round(void)
{
    SSL *ssl = connect_one();
    if (SSL_session_reused(ssl) != (resuming && session != NULL))
        bench_fail("tls", "a session was resumed that was not to be, or the other way round");
    ask(ssl, 'x');
    take_answer(ssl, 'x');
    close_one(ssl);
    return 1;
}

static size_t run_until(uint64_t end, size_t (*round)(void))
{
    size_t done = 0;
    while (bench_now() < end)
        done += round();
    return done;
}

static void measure(const char *row, const char *cpu_row, size_t (*round)(void))
{
    (void)run_until(bench_now() + bench_setting_ns("BENCH_ECHO_WARM"), round);
    uint64_t began = bench_now();
    double server_began = bench_server_seconds();
    double done = (double)run_until(began + bench_setting_ns("BENCH_ECHO_SECONDS"), round);
    double server_used = bench_server_seconds() - server_began;
    bench_print(row, connection_count, "", done / ((double)(bench_now() - began) / 1e9), "1/s");
    bench_print(cpu_row, connection_count, "", server_used / done * 1e9, "ns");
}

int main(int argc, char **argv)
{
    connection_count = bench_size(argc, argv);
    message_size = (size_t)bench_setting("BENCH_MESSAGE");
    if (argc < 3 || message_size > MOST_MESSAGE)
        bench_fail(argv[0], "needs a server's command, and a message that fits its buffer");
    bench_raise_files();
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    connections = bench_allocate(connection_count, sizeof(SSL *));
    port = bench_start_server(argv + 2);
    bench_run_on("BENCH_CLIENT_CPU");
    for (size_t i = 0; i < connection_count; i++)
        connections[i] = connect_one();
    measure("echo", "cpu", echo_round);
    for (size_t i = 0; i < connection_count; i++)
        close_one(connections[i]);
    if (connection_count == 1) {
        measure("full", "full-cpu", handshake_round);
        resuming = true;
        measure("resumed", "resumed-cpu", handshake_round);
    }
    bench_end_server();
}
