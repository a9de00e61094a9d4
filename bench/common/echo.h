/* echo.h: what servers on bare sockets do when a client is ready: receive, send back, keep what did not fit.
 * Touches the client's socket. While something is kept nothing is received: the client waits for it. */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

#include "tcp.h"

typedef struct bench_client {
    int fd;
    size_t begin, end; /* of what is kept in `bytes` */
    char *bytes;       /* made when first needed, `bench_buffer_size` long */
} bench_client;

typedef enum bench_echo { BENCH_ECHO_READ, BENCH_ECHO_WRITE, BENCH_ECHO_END } bench_echo;

static char *bench_buffer; /* one for all: a client's bytes hardly ever stay in it */
static size_t bench_buffer_size;

static inline void bench_echo_start(void)
{
    bench_raise_files();
    bench_buffer_size = (size_t)bench_setting("BENCH_BUFFER");
    bench_buffer = bench_allocate(1, bench_buffer_size);
}

static inline void bench_client_free(bench_client *client)
{
    close(client->fd);
    free(client->bytes);
    free(client);
}

static inline bool bench_would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* The client can take more. Says what to wait for now. */
static inline bench_echo bench_echo_writable(bench_client *client)
{
    ssize_t sent = send(client->fd, client->bytes + client->begin, client->end - client->begin, MSG_NOSIGNAL);
    if (sent < 0)
        return bench_would_block() ? BENCH_ECHO_WRITE : BENCH_ECHO_END;
    client->begin += (size_t)sent;
    return client->begin < client->end ? BENCH_ECHO_WRITE : BENCH_ECHO_READ;
}

/* The client has sent something. Says what to wait for now. */
static inline bench_echo bench_echo_readable(bench_client *client)
{
    ssize_t got = recv(client->fd, bench_buffer, bench_buffer_size, 0);
    if (got <= 0)
        return got < 0 && bench_would_block() ? BENCH_ECHO_READ : BENCH_ECHO_END;
    ssize_t sent = send(client->fd, bench_buffer, (size_t)got, MSG_NOSIGNAL);
    if (sent == got)
        return BENCH_ECHO_READ;
    if (sent < 0 && !bench_would_block())
        return BENCH_ECHO_END;
    if (!client->bytes)
        client->bytes = bench_allocate(1, bench_buffer_size);
    client->begin = 0;
    client->end = (size_t)(got - (sent > 0 ? sent : 0));
    memcpy(client->bytes, bench_buffer + (got - (ssize_t)client->end), client->end);
    return BENCH_ECHO_WRITE;
}

#endif
