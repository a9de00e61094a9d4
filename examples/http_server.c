/* http_server.c: an HTTP/1.1 server on protocols, with the http_parser library; until interrupted. Usage: http_server [PORT [SECONDS]]
 * Touches the public API and http_parser. A request has a limit in size and in time; who does not read what was asked for is not read either.
 *
 * GET /  POST /echo  GET /bytes/N. SIGINT lets requests that are under way finish; ci/peers/http tries all of it with curl and wrk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>
#include <http_parser.h>

enum { HEADERS_MAX = 8192, BODY_MAX = 1 << 20, TARGET_MAX = 64, PIECE = 16384 };

static double request_seconds =
    10; /* from a request's first byte to its last, and for every wait for a slow reader */
static const double idle_seconds = 60, linger_seconds = 2, stop_seconds = 5;

typedef struct connection {
    eddy_protocol protocol; /* first */
    eddy_transport *transport;
    struct connection *next, **link; /* of all connections */
    double deadline;
    http_parser parser;
    bool busy;     /* a request has begun and is not answered */
    bool keep;     /* the connection lives on after the answer */
    bool paused;   /* pause_writing was called last */
    bool draining; /* nothing is answered any more: the peer is to see our end, and then to close */
    bool has_host, expects, unknown_expectation;
    enum http_status status; /* why a callback of the parser refused the request */
    char target[TARGET_MAX], header[24];
    size_t target_size, header_size;
    char *body, *rest; /* of the request; and what came after it, while the answer does not go out */
    size_t body_size, rest_size;
    uint64_t left; /* bytes of the answer that are not written yet */
} connection;

static connection *connections;
static bool stopping;

static void set_deadline(connection *self, double seconds)
{
    self->deadline = eddy_loop_time(eddy_transport_get_loop(self->transport)) + seconds;
}

/* ---- answering ---- */

static bool waits_for_reader(const connection *self)
{
    return self->paused || self->left > 0;
}

/* Our half ends after what is unsent. Closing at once would reset a peer that still sends, and it might lose the answer. */
static void finish(connection *self)
{
    self->draining = true;
    set_deadline(self, linger_seconds);
    (void)eddy_transport_write_eof(self->transport);
    eddy_transport_resume_reading(self->transport);
}

/* Only memory can be short here: that a connection is lost is told to connection_lost. */
static void check_written(connection *self, int rc)
{
    if (rc < 0)
        eddy_transport_abort(self->transport);
}

static void write_answer(connection *self, enum http_status status, const char *body, uint64_t size,
                         bool whole)
{
    char head[256];
    const char *life = !self->keep                    ? "Connection: close\r\n"
                       : self->parser.http_minor == 0 ? "Connection: keep-alive\r\n"
                                                      : "";
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %llu\r\n%s\r\n",
                          (int)status, http_status_str(status), (unsigned long long)size, life);
    bool has_body = whole && self->parser.method != HTTP_HEAD;
    eddy_view pieces[] = {{head, (size_t)length}, {body, has_body ? (size_t)size : 0}};
    check_written(self, eddy_transport_writelines(self->transport, pieces, 2));
}

static void answer_text(connection *self, enum http_status status)
{
    char text[64];
    int size = snprintf(text, sizeof text, "%d %s\n", (int)status, http_status_str(status));
    write_answer(self, status, text, (uint64_t)size, true);
}

static void refuse(connection *self, enum http_status status)
{
    self->keep = false;
    answer_text(self, status);
    finish(self);
}

/* As much of the answer as the peer takes; pause_writing stops it, resume_writing goes on. */
static void write_left(connection *self)
{
    static const char piece[PIECE];
    while (self->left > 0 && !self->paused && !eddy_transport_is_closing(self->transport)) {
        size_t size = self->left < PIECE ? (size_t)self->left : PIECE;
        self->left -= size;
        check_written(self, eddy_transport_write(self->transport, piece, size));
    }
}

static void answer(connection *self)
{
    static const char bytes[] = "/bytes/";
    unsigned method = self->parser.method;
    bool get = method == HTTP_GET || method == HTTP_HEAD;
    if (strcmp(self->target, "/") == 0 && get) {
        write_answer(self, HTTP_STATUS_OK, "hello\n", 6, true);
    } else if (strcmp(self->target, "/echo") == 0 && (method == HTTP_POST || method == HTTP_PUT)) {
        write_answer(self, HTTP_STATUS_OK, self->body, self->body_size, true);
    } else if (strncmp(self->target, bytes, sizeof bytes - 1) == 0 && get) {
        uint64_t size = strtoull(self->target + sizeof bytes - 1, NULL, 10);
        write_answer(self, HTTP_STATUS_OK, NULL, size, false);
        self->left = method == HTTP_GET ? size : 0;
        write_left(self);
    } else {
        bool known = strcmp(self->target, "/") == 0 || strcmp(self->target, "/echo") == 0;
        answer_text(self, known ? HTTP_STATUS_METHOD_NOT_ALLOWED : HTTP_STATUS_NOT_FOUND);
    }
}

/* ---- what the parser finds; a piece may come in several parts ---- */

static int refused(connection *self, enum http_status status)
{
    self->status = status;
    return -1;
}

static int on_message_begin(http_parser *parser)
{
    connection *self = parser->data;
    self->busy = true;
    self->has_host = self->expects = self->unknown_expectation = false;
    self->target_size = self->header_size = self->body_size = 0;
    self->status = HTTP_STATUS_BAD_REQUEST;
    set_deadline(self, request_seconds);
    return 0;
}

static int on_url(http_parser *parser, const char *data, size_t size)
{
    connection *self = parser->data;
    if (size >= TARGET_MAX - self->target_size)
        return refused(self, HTTP_STATUS_URI_TOO_LONG);
    memcpy(self->target + self->target_size, data, size);
    self->target_size += size;
    self->target[self->target_size] = '\0';
    return 0;
}

/* Names that are too long for us are none that we know. */
static int on_header_field(http_parser *parser, const char *data, size_t size)
{
    connection *self = parser->data;
    for (size_t i = 0; i < size && self->header_size < sizeof self->header - 1; i++)
        self->header[self->header_size++] = (char)(data[i] | 0x20);
    self->header[self->header_size] = '\0';
    return 0;
}

static int on_header_value(http_parser *parser, const char *data, size_t size)
{
    connection *self = parser->data;
    (void)data;
    (void)size;
    if (strcmp(self->header, "host") == 0)
        self->has_host = true;
    if (strcmp(self->header, "expect") == 0)
        self->expects = true;
    self->header_size = 0;
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    connection *self = parser->data;
    parser->upgrade = 0; /* we know nothing to change to, and answer as if it had not been asked for */
    if (parser->http_major != 1)
        return refused(self, HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED);
    if (!self->has_host && parser->http_minor > 0)
        return refused(self, HTTP_STATUS_BAD_REQUEST);
    if (parser->content_length != UINT64_MAX && parser->content_length > BODY_MAX)
        return refused(self, HTTP_STATUS_PAYLOAD_TOO_LARGE);
    if (self->expects && parser->http_minor > 0)
        check_written(self, eddy_transport_write(self->transport, go_on, sizeof go_on - 1));
    return 0;
}

static int on_body(http_parser *parser, const char *data, size_t size)
{
    connection *self = parser->data;
    if (size > BODY_MAX - self->body_size)
        return refused(self, HTTP_STATUS_PAYLOAD_TOO_LARGE);
    char *grown = realloc(self->body, self->body_size + size);
    if (grown == NULL)
        return refused(self, HTTP_STATUS_INTERNAL_SERVER_ERROR);
    memcpy(grown + self->body_size, data, size);
    self->body = grown;
    self->body_size += size;
    return 0;
}

static void end_request(connection *self)
{
    self->busy = false;
    set_deadline(self, idle_seconds);
    if (!self->keep || stopping)
        finish(self);
}

/* What is pipelined behind a request waits until its answer is on the way: the parser is paused. */
static int on_message_complete(http_parser *parser)
{
    connection *self = parser->data;
    self->keep = http_should_keep_alive(parser) && !stopping;
    answer(self);
    free(self->body);
    self->body = NULL;
    if (waits_for_reader(self))
        set_deadline(self, request_seconds);
    else
        end_request(self);
    if (waits_for_reader(self) || self->draining)
        http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {.on_message_begin = on_message_begin,
                                              .on_url = on_url,
                                              .on_header_field = on_header_field,
                                              .on_header_value = on_header_value,
                                              .on_headers_complete = on_headers_complete,
                                              .on_body = on_body,
                                              .on_message_complete = on_message_complete};

/* ---- the protocol ---- */

static int keep_rest(connection *self, const char *data, size_t size)
{
    self->rest = size > 0 ? malloc(size) : NULL;
    self->rest_size = size;
    if (size > 0 && self->rest == NULL)
        return EDDY_ENOMEM;
    if (size > 0)
        memcpy(self->rest, data, size);
    eddy_transport_pause_reading(self->transport);
    return 0;
}

static int data_received(eddy_protocol *protocol, const void *data, size_t size)
{
    connection *self = (connection *)protocol;
    if (self->draining)
        return 0;
    size_t parsed = http_parser_execute(&self->parser, &settings, data, size);
    enum http_errno error = HTTP_PARSER_ERRNO(&self->parser);
    if (self->draining || error == HPE_OK)
        return 0;
    if (error == HPE_PAUSED)
        return keep_rest(self, (const char *)data + parsed, size - parsed);
    refuse(self, error == HPE_HEADER_OVERFLOW ? HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE : self->status);
    return 0;
}

static void pause_writing(eddy_protocol *protocol)
{
    ((connection *)protocol)->paused = true;
}

static void go_on_with_rest(connection *self)
{
    char *rest = self->rest;
    self->rest = NULL;
    http_parser_pause(&self->parser, 0);
    if (rest != NULL && data_received(&self->protocol, rest, self->rest_size) < 0)
        eddy_transport_abort(self->transport);
    free(rest);
    if (!waits_for_reader(self))
        eddy_transport_resume_reading(self->transport);
}

static void resume_writing(eddy_protocol *protocol)
{
    connection *self = (connection *)protocol;
    self->paused = false;
    if (self->draining || HTTP_PARSER_ERRNO(&self->parser) != HPE_PAUSED) /* no answer waits for this */
        return;
    set_deadline(self, request_seconds);
    write_left(self);
    if (waits_for_reader(self))
        return;
    end_request(self);
    if (!self->draining)
        go_on_with_rest(self);
}

static void connection_made(eddy_protocol *protocol, eddy_transport *transport)
{
    connection *self = (connection *)protocol;
    self->transport = transport;
    self->next = connections;
    self->link = &connections;
    if (connections != NULL)
        connections->link = &self->next;
    connections = self;
    set_deadline(self, request_seconds);
}

static void connection_lost(eddy_protocol *protocol, int error)
{
    connection *self = (connection *)protocol;
    (void)error;
    if (self->link != NULL)
        *self->link = self->next;
    if (self->next != NULL)
        self->next->link = self->link;
    free(self->body);
    free(self->rest);
    free(self);
}

static const eddy_protocol_type http_type = {.size = sizeof http_type,
                                             .connection_made = connection_made,
                                             .connection_lost = connection_lost,
                                             .pause_writing = pause_writing,
                                             .resume_writing = resume_writing,
                                             .data_received = data_received};

static int make_connection(eddy_protocol **out, void *arg)
{
    (void)arg;
    connection *self = calloc(1, sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    self->protocol.type = &http_type;
    http_parser_init(&self->parser, HTTP_REQUEST);
    self->parser.data = self;
    self->status = HTTP_STATUS_BAD_REQUEST;
    *out = &self->protocol;
    return 0;
}

/* ---- the server ---- */

/* One look at all now and then costs less than a timer for each. */
static void check_deadlines(void)
{
    double now = eddy_loop_time(eddy_get_running_loop());
    for (connection *self = connections; self != NULL; self = self->next)
        if (self->deadline > now)
            continue;
        else if (self->busy && !self->draining && !waits_for_reader(self))
            refuse(self, HTTP_STATUS_REQUEST_TIMEOUT);
        else
            eddy_transport_abort(self->transport);
}

/* No new connections; idle ones are closed, the others after their answer, and all of them when that takes too long. */
static void stop(eddy_server *server)
{
    eddy_timeout limit;
    stopping = true;
    eddy_server_close(server);
    for (connection *self = connections; self != NULL; self = self->next)
        if (!self->busy) /* connection_lost comes later, through the loop */
            eddy_transport_close(self->transport);
    eddy_timeout_enter(&limit, stop_seconds);
    int rc = eddy_timeout_exit(&limit, eddy_server_wait_closed(server));
    if (rc < 0)
        eddy_server_abort_clients(server);
}

static int serve(void *port)
{
    eddy_server *server;
    http_parser_set_max_header_size(HEADERS_MAX);
    int rc = eddy_loop_create_server(eddy_get_running_loop(), &server, "127.0.0.1", port, make_connection,
                                     NULL, EDDY_OPTIONS(eddy_server_options, .backlog = 1024));
    if (rc < 0)
        return rc;
    printf("listening on port %d\n", eddy_server_port(server, 0));
    (void)fflush(stdout);
    while ((rc = eddy_sleep(0.5)) == 0) /* until SIGINT cancels */
        check_deadlines();
    stop(server);
    eddy_server_release(server);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc > 2)
        request_seconds = strtod(argv[2], NULL);
    int rc = eddy_run(serve, argc > 1 ? argv[1] : "0", NULL);
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
