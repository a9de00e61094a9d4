/* prompt_plain.c: lines as they come: from a pipe, a file, or a terminal that edits by itself.
 * Touches POSIX descriptors. Reads only when there is something, so the loop never waits here. */
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eddy.h>

struct prompt {
    int descriptor;
    bool ended;
    size_t from, to; /* what was read and not asked for yet */
    char buffer[4096];
};

bool prompt_is_terminal(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static void set_event(void *event)
{
    (void)eddy_event_set(event);
}

int prompt_wait(int descriptor)
{
    eddy_event ready;
    eddy_loop *loop = eddy_get_running_loop();
    (void)eddy_event_init(&ready);
    if (eddy_loop_add_reader(loop, descriptor, set_event, &ready) < 0)
        return 0;
    int rc = eddy_event_wait(&ready);
    (void)eddy_loop_remove_reader(loop, descriptor);
    return rc;
}

static int plain_open(prompt **out, const char *path)
{
    prompt *at = calloc(1, sizeof *at);
    if (at == NULL)
        return EDDY_ENOMEM;
    at->descriptor = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (at->descriptor < 0) {
        free(at);
        return errno == ENOENT ? EDDY_ENOENT : EDDY_EACCES;
    }
    *out = at;
    return 0;
}

static void plain_close(prompt *at)
{
    if (at->descriptor != STDIN_FILENO)
        (void)close(at->descriptor);
    free(at);
}

static int fill(prompt *at)
{
    int rc = prompt_wait(at->descriptor);
    if (rc < 0)
        return rc;
    ssize_t got = read(at->descriptor, at->buffer, sizeof at->buffer);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : EDDY_EIO;
    at->ended = got == 0;
    at->from = 0;
    at->to = (size_t)got;
    return 0;
}

static int plain_read(prompt *at, const char *sign, text *line)
{
    size_t begun = line->size;
    if (sign != NULL) {
        (void)fputs(sign, stdout);
        (void)fflush(stdout);
    }
    for (;;) {
        char *start = at->buffer + at->from, *end = memchr(start, '\n', at->to - at->from);
        size_t size = end != NULL ? (size_t)(end + 1 - start) : at->to - at->from;
        text_add(line, start, size);
        at->from += size;
        if (line->failed)
            return EDDY_ENOMEM;
        if (end != NULL)
            return 1;
        int rc = at->ended ? 0 : fill(at);
        if (rc < 0)
            return rc;
        if (at->ended) {
            at->ended = sign == NULL; /* at a terminal more may come after an end */
            return line->size > begun;
        }
    }
}

const prompt_type prompt_plain = {plain_open, plain_read, plain_close};
