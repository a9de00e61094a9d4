/* recorder.h: a protocol that writes down what it is told, and two of them connected to each other.
 * Touches the public API and cmocka. What open made, close gives back, so a test leaves nothing. */
#ifndef RECORDER_H
#define RECORDER_H

#include "story.h"

enum { RECORDER_ROOM = 1 << 16 };

/* `story`: M made, d data, b buffer asked, u updated, e end, p paused, r resumed, L lost. */
typedef struct recorder {
    eddy_protocol protocol; /* first */
    eddy_transport *transport;
    story story;
    char data[RECORDER_ROOM];
    size_t size;
    int lost_with;
    bool echoes, stays_at_end, pauses_when_made, hangs_up_on_data;
    int fails_with; /* what data_received, buffer_updated, eof_received return if < 0 */
    size_t window;  /* of a buffered one: most bytes it gives room for; 0: all there is */
} recorder;

void recorder_init(recorder *, bool buffered);
int recorder_factory(eddy_protocol **out, void *recorder); /* hands that one out */
/* In a task: wait until the story has this letter, or so much data is there. */
void recorder_wait(recorder *, char letter);
void recorder_wait_data(recorder *, size_t size);
int recorder_count(const recorder *, char letter);

typedef struct recorder_pair {
    eddy_server *server;
    recorder client, peer; /* peer: the server's end */
} recorder_pair;

/* Both are connected and made; options may be NULL. The recorders were initialised by the caller. */
void recorder_pair_open(recorder_pair *, const eddy_connect_options *, const eddy_server_options *);
void recorder_pair_close(recorder_pair *); /* closes what is open and waits for both ends to be lost */

#endif
