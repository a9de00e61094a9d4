/* listener.h: a datagram protocol that writes down what it is told.
 * Touches the public API and cmocka. The listener is the caller's; its endpoint is closed by listener_close. */
#ifndef LISTENER_H
#define LISTENER_H

#include "story.h"

enum { LISTENER_MOST = 512, LISTENER_ROOM = 1 << 16 };

/* `story`: M made, d datagram, E error, p paused, r resumed, L lost. */
typedef struct listener {
    eddy_datagram_protocol protocol; /* first */
    eddy_datagram_transport *transport;
    story story;
    size_t sizes[LISTENER_MOST]; /* of the datagrams, in order */
    size_t count;
    char last[LISTENER_ROOM]; /* the last one */
    eddy_address from;
    int error, lost_with;
    bool echoes, closes_on_datagram;
    void (*on_datagram)(struct listener *, const void *data, size_t size, const eddy_address *from);
} listener;

void listener_init(listener *);
int listener_factory(eddy_datagram_protocol **out, void *listener);
/* In a task: an endpoint on a free port of 127.0.0.1, or one that talks only to that listener. */
void listener_open(listener *);
void listener_open_to(listener *, const listener *peer, bool broadcast);
void listener_wait(listener *, char letter, int times);
int listener_count(const listener *, char letter);
eddy_address listener_address(const listener *);
void listener_close(listener *); /* and wait until it is lost */
const char *listener_port(const listener *);

#endif
