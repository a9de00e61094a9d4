/* hello.h: what the servers in C share: the parser, and one answer to each request, whatever it is.
 * Touches http_parser. The client does not pipeline, so one read is at most one request, and each answer is a write of its own. */
#ifndef BENCH_HELLO_H
#define BENCH_HELLO_H

#include <http_parser.h>

#include "meter.h"

#define HELLO_ANSWER                                                                                         \
    "HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 01:16:27 GMT\r\nContent-Type: text/plain\r\n"                 \
    "Content-Length: 6\r\n\r\nhello\n"

typedef struct hello {
    http_parser parser;
    size_t due; /* answers */
} hello;

static int hello_complete(http_parser *parser)
{
    ((hello *)parser->data)->due++;
    return 0;
}

static inline void hello_init(hello *self)
{
    http_parser_init(&self->parser, HTTP_REQUEST);
    self->parser.data = self;
    self->due = 0;
}

/* How many answers are due now; < 0: this is no HTTP. */
static inline long hello_parse(hello *self, const char *data, size_t size)
{
    static const http_parser_settings settings = {.on_message_complete = hello_complete};
    self->due = 0;
    if (http_parser_execute(&self->parser, &settings, data, size) != size)
        return -1;
    return (long)self->due;
}

#endif
