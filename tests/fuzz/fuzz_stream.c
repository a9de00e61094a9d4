/* fuzz_stream.c: a stream over the simulated network, split as the input says, read by every kind of read.
 * Touches the public API. What is read is what was written, in order, every byte once; a read finds the first separator. */
#include <eddy.h>

#include "input.h"

enum { MOST_BYTES = 4096, SEPARATORS = 3, MOST_SEPARATOR = 4 };

typedef struct trial {
    input in;                   /* what decides */
    const char *bytes;          /* what is written */
    size_t size, written, read; /* how far */
    size_t limit;
    bool lost; /* a line was dropped: how much is not told */
    char separator[SEPARATORS][MOST_SEPARATOR];
    eddy_view separators[SEPARATORS];
    size_t count;
    eddy_future *read_all;
} trial;

static void must_be_next(trial *t, const char *data, size_t size)
{
    MUST(size <= t->size);
    if (!t->lost) {
        MUST(size <= t->size - t->read);
        MUST(memcmp(data, t->bytes + t->read, size) == 0);
    }
    t->read += size;
}

/* Through a separator, and none ends before. */
static void must_end_with_a_separator(const trial *t, const eddy_view *data)
{
    size_t first = SIZE_MAX;
    for (size_t end = 1; end <= data->size && first == SIZE_MAX; end++)
        for (size_t i = 0; i < t->count; i++)
            if (t->separators[i].size <= end && memcmp(data->data + end - t->separators[i].size,
                                                       t->separators[i].data, t->separators[i].size) == 0)
                first = end;
    MUST(first == data->size);
}

static int read_some(trial *t, eddy_stream *stream)
{
    char room[64];
    size_t size = 1 + input_byte(&t->in) % sizeof room;
    ptrdiff_t got = eddy_stream_read(stream, room, size);
    MUST(got >= 0 && (size_t)got <= size);
    must_be_next(t, room, (size_t)got);
    return got > 0;
}

static int read_exactly(trial *t, eddy_stream *stream)
{
    char room[256];
    size_t size = input_byte(&t->in);
    ptrdiff_t got = eddy_stream_readexactly(stream, room, size);
    MUST(got == (ptrdiff_t)size || got == EDDY_EINCOMPLETE);
    size_t there = got < 0 ? (size_t)eddy_last_error()->partial : size;
    MUST(got >= 0 || there < size);
    must_be_next(t, room, there);
    return got >= 0;
}

static int read_until(trial *t, eddy_stream *stream)
{
    char room[MOST_BYTES];
    eddy_view data;
    ptrdiff_t got = eddy_stream_readuntil_any(stream, &data, t->separators, t->count);
    if (got == EDDY_ELIMIT) {
        size_t consumed = (size_t)eddy_last_error()->consumed;
        MUST(consumed > t->limit && consumed <= t->size);
        MUST(eddy_stream_readexactly(stream, room, consumed) == (ptrdiff_t)consumed);
        must_be_next(t, room, consumed);
        return 1;
    }
    MUST(got == EDDY_EINCOMPLETE || (got > 0 && (size_t)got == data.size));
    if (got > 0)
        must_end_with_a_separator(t, &data);
    must_be_next(t, data.data, data.size);
    return got > 0;
}

static int read_line(trial *t, eddy_stream *stream)
{
    eddy_view line;
    ptrdiff_t got = eddy_stream_readline(stream, &line);
    t->lost = t->lost || got == EDDY_ELIMIT;
    if (got == EDDY_ELIMIT)
        return 1;
    MUST(got >= 0 && (size_t)got == line.size);
    const char *newline = memchr(line.data, '\n', line.size);
    MUST(newline == NULL || newline == line.data + line.size - 1);
    must_be_next(t, line.data, line.size);
    return got > 0;
}

static int read_all(trial *t, eddy_stream *stream)
{
    char room[MOST_BYTES];
    eddy_view data;
    size_t limit = 1 + input_byte(&t->in) * 8;
    ptrdiff_t got = eddy_stream_read_all(stream, &data, limit);
    if (got == EDDY_ELIMIT) {
        size_t there = (size_t)eddy_last_error()->consumed;
        MUST(there > limit && there <= t->size);
        MUST(eddy_stream_readexactly(stream, room, there) == (ptrdiff_t)there);
        must_be_next(t, room, there);
        return 1;
    }
    MUST(got >= 0 && (size_t)got <= limit);
    must_be_next(t, data.data, data.size);
    return 0;
}

static int reader(eddy_stream *stream, void *arg)
{
    static int (*const reads[])(trial *, eddy_stream *) = {read_some, read_exactly, read_until, read_line,
                                                           read_all};
    trial *t = arg;
    char rest[64];
    ptrdiff_t got;
    while (reads[input_byte(&t->in) % (sizeof reads / sizeof reads[0])](t, stream))
        continue;
    while ((got = eddy_stream_read(stream, rest, sizeof rest)) > 0)
        must_be_next(t, rest, (size_t)got);
    MUST(got == 0 && eddy_stream_at_eof(stream));
    MUST(t->lost || t->read == t->size);
    (void)eddy_future_set_result(t->read_all, 0);
    return 0;
}

static int write_all(trial *t, eddy_stream *stream, input pieces)
{
    int rc = 0;
    while (t->written < t->size && rc == 0) {
        unsigned chosen = input_byte(&pieces);
        size_t size = 1 + chosen % 61;
        if (size > t->size - t->written)
            size = t->size - t->written;
        rc = eddy_stream_write(stream, t->bytes + t->written, size);
        t->written += size;
        if (rc == 0 && (chosen & 0x80))
            rc = eddy_sleep(0.001);
    }
    return rc == 0 ? eddy_stream_write_eof(stream) : rc;
}

static int both_ends(void *arg)
{
    trial *t = arg;
    eddy_server *server;
    eddy_stream *stream;
    char service[16];
    eddy_server_options options = {.size = sizeof options, .limit = t->limit};
    input pieces = t->in;
    MUST(eddy_loop_create_future(eddy_get_running_loop(), &t->read_all) == 0);
    MUST(eddy_start_server(&server, "127.0.0.1", "0", reader, t, &options) == 0);
    (void)snprintf(service, sizeof service, "%d", eddy_server_port(server, 0));
    MUST(eddy_open_connection(&stream, "127.0.0.1", service, NULL) == 0);
    MUST(write_all(t, stream, pieces) == 0);
    MUST(eddy_await_future(t->read_all, NULL) == 0);
    eddy_stream_release(stream);
    eddy_server_close(server);
    MUST(eddy_server_wait_closed(server) == 0);
    eddy_server_release(server);
    eddy_future_release(t->read_all);
    return 0;
}

static void choose_separators(trial *t)
{
    t->count = 1 + input_byte(&t->in) % SEPARATORS;
    for (size_t i = 0; i < t->count; i++) {
        size_t size = 1 + input_byte(&t->in) % MOST_SEPARATOR;
        for (size_t k = 0; k < size; k++)
            t->separator[i][k] = (char)input_byte(&t->in);
        t->separators[i] = (eddy_view){t->separator[i], size};
    }
}

/* The first third of the input decides, the rest is sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t decisions = size / 3;
    trial t = {.in = {data, decisions}, .bytes = (const char *)data + decisions, .size = size - decisions};
    if (t.size == 0 || t.size > MOST_BYTES)
        return 0;
    eddy_loop_options loop = {.size = sizeof loop, .backend = "sim", .seed = 1 + input_byte(&t.in)};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    t.limit = 1 + input_byte(&t.in);
    choose_separators(&t);
    MUST(eddy_run(both_ends, &t, &options) == 0);
    return 0;
}
