/* server_inside.h: the inside of a server: listeners, and what becomes of a connection.
 * Touches channel.h. A server lives as long as its users, its connections and its accept ops refer to it. */
#ifndef EDDYI_SERVER_INSIDE_H
#define EDDYI_SERVER_INSIDE_H

#include <eddy/transport.h>
#include "core/net/secure.h"
#include "core/net/stream_inside.h"

typedef struct eddyi_listener {
    eddyi_completion accepted;
    eddyi_descriptor descriptor;
    eddyi_op accept;
    eddyi_timer pause;
    eddy_server *server;
    eddyi_node
        report; /* a handler is user code: it runs from the ready queue, not while results are handed out */
    const char *report_message;
    int report_code;
    bool lent, open, starved; /* starved: out of resources, and it was reported */
} eddyi_listener;

/* What becomes of a connection: a task with a stream, or a transport with a protocol. */
typedef struct eddyi_server_use {
    /* Take the descriptor over: 0, or the error, then it is still the caller's. No user code. */
    int (*start)(eddyi_listener *, eddy_fd);
    union {
        eddy_client_fn client;
        eddy_protocol_factory protocol;
    } fn;
    void *arg;
} eddyi_server_use;

struct eddy_server {
    eddyi_closable closable;
    eddy_loop *loop;
    eddyi_server_use use;
    uint32_t references; /* users', one a connection, and one while a listener's op is out */
    eddy_server_options options;
    eddyi_variables variables; /* that the tasks of its clients begin with */
    bool serving, closed, forever, user_gone;
    eddyi_list connections; /* eddyi_channel.of_server */
    eddyi_list waiters;     /* in wait_closed */
    eddyi_list forever_waiters;
    eddyi_socket_file file; /* of a local socket: removed at close */
    size_t count;
    eddyi_listener listeners[];
};

/* In a task: resolve, bind and, unless told otherwise, listen. */
int eddyi_server_open(eddy_server **out, const char *host, const char *service, const eddyi_server_use *,
                      const eddy_server_options *, const char *operation);
/* The same on a bound stream socket of the caller's, who keeps it unless this succeeds. Does not suspend. */
int eddyi_server_open_fd(eddy_server **out, eddy_loop *loop, eddy_fd fd, const eddyi_server_use *,
                         const eddy_server_options *, const char *operation);
/* The channel is one of the server's connections until it is closed. */
void eddyi_server_adopt(eddy_server *, eddyi_channel *);
int eddyi_server_check(const eddy_server_options *);              /* 0, EDDY_EINVAL or EDDY_ENOSYS */
eddyi_secure_settings eddyi_server_secure(const eddy_server *);   /* of each connection */
eddyi_channel_settings eddyi_server_channel(const eddy_server *); /* the same */
void eddyi_server_unreference(eddy_server *);
/* User code: in a task or callback. `stream`: of the client whose task this is, or NULL. */
void eddyi_server_report(eddy_server *, eddy_stream *stream, const char *message, int code);
extern const char eddyi_set_up_failed[]; /* what a connection that cannot be set up is reported with */
void eddyi_listener_report_soon(eddyi_listener *, const char *message, int code);

#endif
