/* names_server.h: a small name server on loopback, by datagrams and by TCP, that knows a few names and how to misbehave.
 * Touches the public API and the settings of cares.h, which it points at itself while it is open. */
#ifndef NAMES_SERVER_H
#define NAMES_SERVER_H

#include "support/support.h"

#include "core/net/cares.h"

/*
 * both.example    192.0.2.1, 192.0.2.2 and 2001:db8::1; 192.0.2.1 has that name
 * alias.example   another name of both.example
 * empty.example   no address
 * fails.example   the server fails
 * lost.example    192.0.2.1, the first two questions are not answered
 * long.example    192.0.2.77, by TCP only
 * forged.example  192.0.2.1, after two answers that are not to the question
 * broken.example  an answer whose names lead in a circle
 * circle.example  another name of itself
 * silent.example  never answered
 */
typedef struct names_server {
    eddy_datagram_protocol protocol; /* first */
    eddy_datagram_transport *transport;
    eddy_server *tcp;
    eddy_future *gone;
    eddyi_cares_settings before;
    char address[32];
    int asked, lost, by_tcp, forged;
} names_server;

void names_server_open(names_server *);
void names_server_close(names_server *);

/* Of a socket of the system's, outside of a loop. */
int names_port_of(eddy_fd fd);
void names_drop(eddy_fd fd);

#endif
