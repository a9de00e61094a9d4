/* server.c: listening, accepting, closing. Rule numbers N5-N7 are those of asyncio's inventory.
 * Touches the resolver and io.c. A connection that cannot be set up costs that one connection, never the listener. */
#include <string.h>

#include "core/net/resolve.h"

#include "core/inspect/origins.h"
#include "core/net/server_inside.h"

enum { DEFAULT_BACKLOG = 100 };
static const char out_of_resource[] = "socket.accept() out of system resource";
const char eddyi_set_up_failed[] = "Error on transport creation for incoming connection";
static const char accept_failed[] = "Accept failed on a socket";
static const uint64_t accept_pause = 1000000000; /* N7: out of descriptors, go on after a second */

typedef eddyi_listener listener;

void eddy_server_options_init(eddy_server_options *options)
{
    if (options != NULL)
        *options = (eddy_server_options){.size = sizeof *options};
}

/* ---- references ---- */

void eddyi_server_unreference(eddy_server *server)
{
    eddy_loop *loop = server->loop;
    if (--server->references != 0)
        return;
    eddyi_variables_drop(&server->variables);
    eddy_tls_context_release(server->options.tls);
    eddyi_release(&loop->allocator, server);
    eddyi_loop_object_remove(loop);
}

static void let_go(void *server)
{
    eddyi_server_unreference(server);
}

/* On completion backends an accept may take a turn to come back; until then its listener is open. */
static bool listeners_shut(const eddy_server *server)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->listeners[i].open)
            return false;
    return server->closed;
}

static bool gone(const eddy_server *server)
{
    return listeners_shut(server) && eddyi_list_empty(&server->connections);
}

static void wake_if_gone(eddy_server *server)
{
    if (listeners_shut(server))
        eddyi_closable_remove(server->loop,
                              &server->closable); /* nothing is left that the loop would have to shut */
    if (gone(server))
        eddyi_stream_wake_all(&server->waiters, 0);
}

void eddyi_server_forget(eddy_server *server, eddyi_channel *channel)
{
    eddyi_list_remove(&channel->of_server);
    if (!server->loop->closing)
        wake_if_gone(server);
    eddyi_server_unreference(server);
}

void eddyi_server_adopt(eddy_server *server, eddyi_channel *channel)
{
    channel->server = server;
    eddyi_list_append(&server->connections, &channel->of_server);
    server->references++;
}

/* ---- reports ---- */

void eddyi_server_report(eddy_server *server, eddy_stream *stream, const char *message, int code)
{
    const eddy_error *record = eddy_last_error();
    eddy_exception_context context = {.size = sizeof context,
                                      .message = message,
                                      .exception = code,
                                      .error = stream != NULL && record->code == code ? record : NULL,
                                      .task = eddyi_current_task(),
                                      .server = server,
                                      .stream = stream};
    eddy_loop_call_exception_handler(server->loop, &context);
}

static void report_ran(eddyi_node *node)
{
    listener *l = EDDYI_CONTAINER(node, listener, report);
    if (!l->server->loop->closed)
        eddyi_server_report(l->server, NULL, l->report_message, l->report_code);
}

void eddyi_listener_report_soon(listener *l, const char *message, int code)
{
    l->report_message = message;
    l->report_code = code;
    if (eddyi_list_empty(&l->report.link))
        eddyi_ready_push(l->server->loop, &l->report);
}

/* ---- accepting ---- */

static void start_accepting(listener *l);

static void pause_over(eddyi_timer *timer)
{
    listener *l = EDDYI_CONTAINER(timer, listener, pause);
    if (l->open && !l->server->loop->closing)
        start_accepting(l);
}

/* Before the listener goes, so that nobody finds a path that refuses. */
static void forget_file(eddy_server *server)
{
    if (server->file.address.size != 0)
        server->loop->net->remove_file(server->loop->backend, &server->file);
    server->file.address.size = 0;
}

static void close_listener(listener *l)
{
    eddy_loop *loop = l->server->loop;
    if (!l->open || l->lent)
        return;
    eddyi_ready_remove(loop, &l->report);
    l->open = false;
    forget_file(l->server);
    eddyi_timers_remove(&loop->timers, &l->pause);
    loop->ops->detach(loop->backend, &l->descriptor);
    (void)loop->net->close(loop->backend, l->descriptor.fd);
    l->descriptor.fd = -1;
}

static bool short_of_resources(int code)
{
    return code == EDDY_EMFILE || code == EDDY_ENFILE || code == EDDY_ENOBUFS || code == EDDY_ENOMEM;
}

/* F2: only the connection that was to be taken is lost. */
static bool lost_one_connection(int code)
{
    return code == EDDY_ECONNABORTED || code == EDDY_EPROTO || code == EDDY_EAGAIN;
}

/* The accept op has ended: by our cancel, with a connection that died, or because the system is out of something. */
static void accept_ended(listener *l, int code)
{
    eddy_server *server = l->server;
    l->lent = false;
    if (server->closed) {
        close_listener(l);
        wake_if_gone(server);
    } else if (lost_one_connection(code)) { /* through the timers, so that a row of them starves nobody */
        eddyi_timers_add(&server->loop->timers, &l->pause, eddyi_loop_now(server->loop));
    } else if (code != EDDY_ECANCELED) {
        if (!l->starved)
            eddyi_listener_report_soon(l, short_of_resources(code) ? out_of_resource : accept_failed, code);
        l->starved = true;
        eddyi_timers_add(&server->loop->timers, &l->pause, eddyi_loop_now(server->loop) + accept_pause);
    }
}

static void take_connection(listener *l, eddy_fd fd)
{
    eddy_server *server = l->server;
    eddy_loop *loop = server->loop;
    l->starved = false;
    int rc = server->closed || loop->closing ? EDDY_ECANCELED : server->use.start(l, fd);
    if (rc == 0)
        return;
    (void)loop->net->close(loop->backend, fd); /* F3: this one is lost, the listener goes on */
    if (rc != EDDY_ECANCELED)
        eddyi_listener_report_soon(l, eddyi_set_up_failed, rc);
}

static void accept_completed(eddyi_completion *completion, const eddyi_result *result)
{
    listener *l = EDDYI_CONTAINER(completion, listener, accepted);
    eddy_server *server = l->server;
    bool ended = (result->flags & EDDYI_LAST) != 0;
    if (result->value >= 0)
        take_connection(l, (eddy_fd)result->value);
    if (!ended)
        return;
    accept_ended(l, result->value < 0 ? (int)result->value : EDDY_EAGAIN);
    eddyi_server_unreference(server);
}

static void start_accepting(listener *l)
{
    eddyi_result now;
    eddy_server *server = l->server;
    l->accept = (eddyi_op){
        .descriptor = &l->descriptor, .kind = EDDYI_ACCEPT, .flags = EDDYI_MULTI, .waiter = &l->accepted};
    l->lent = true;
    server->references++;
    if (eddyi_io_submit(server->loop, &l->accept, &now) == EDDYI_DONE)
        accept_completed(&l->accepted, &now);
}

/* ---- making ---- */

static bool same_address(const eddyi_address *a, const eddyi_address *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static bool seen_before(const eddyi_resolutions *all, size_t host, int index)
{
    const eddyi_address *address = &all->of[host]->addresses[index];
    for (size_t h = 0; h <= host; h++)
        for (int i = 0; i < (h < host ? all->of[h]->count : index); i++)
            if (same_address(&all->of[h]->addresses[i], address))
                return true;
    return false;
}

static int configure(eddy_server *server, eddy_fd fd, enum eddyi_family family)
{
    eddy_loop *loop = server->loop;
    const eddyi_net_ops *net = loop->net;
    const eddy_server_options *options = &server->options;
    int rc = 0;
    if (!options->no_reuse_address)
        rc = net->set_option(loop->backend, fd, EDDYI_REUSE_ADDRESS, 1);
    if (rc >= 0 && options->reuse_port)
        rc = net->set_option(loop->backend, fd, EDDYI_REUSE_PORT, 1);
    if (rc >= 0 && options->keep_alive)
        rc = net->set_option(loop->backend, fd, EDDYI_KEEP_ALIVE, 1);
    if (rc >= 0 && family == EDDYI_FAMILY_IPV6) /* N5: so that IPv4 can be bound beside it */
        rc = net->set_option(loop->backend, fd, EDDYI_V6_ONLY, 1);
    return rc < 0 ? eddyi_fail(rc, "start_server") : 0;
}

/* On failure the descriptor is still the caller's. */
static int add_listener(eddy_server *server, eddy_fd fd)
{
    eddy_loop *loop = server->loop;
    listener *l = &server->listeners[server->count];
    *l = (listener){.accepted = {accept_completed}, .server = server, .open = true};
    l->descriptor = (eddyi_descriptor){.fd = fd, .kind = EDDYI_LISTENER};
    eddyi_node_init(&l->report, report_ran);
    eddyi_timer_init(&l->pause, pause_over);
    int rc = loop->ops->attach(loop->backend, &l->descriptor);
    if (rc < 0)
        return eddyi_fail(rc == EDDY_EEXIST ? EDDY_EBUSY : rc, "start_server");
    server->count++;
    return 0;
}

/* A local socket has a file (13.3): a stale one is removed first, and ours is noted, to be removed at close. */
static int bind_listener(eddy_server *server, eddy_fd fd, const eddyi_address *address)
{
    eddy_loop *loop = server->loop;
    bool local = loop->net->family(address) == EDDYI_FAMILY_UNIX;
    int rc = local ? loop->net->claim_file(loop->backend, address, EDDYI_SOCKET_STREAM) : 0;
    if (rc >= 0)
        rc = loop->net->bind(loop->backend, fd, address);
    if (rc >= 0 && local && !server->options.keep_socket_file)
        loop->net->note_file(loop->backend, address, &server->file);
    return rc < 0 ? eddyi_fail(rc, "bind") : 0;
}

static int open_listener(eddy_server *server, const eddyi_address *address)
{
    eddy_fd fd;
    eddy_loop *loop = server->loop;
    enum eddyi_family family = loop->net->family(address);
    int rc = loop->net->socket(loop->backend, &fd, family, EDDYI_SOCKET_STREAM);
    if (rc < 0)
        return eddyi_fail(rc, "socket");
    rc = configure(server, fd, family);
    if (rc == 0)
        rc = bind_listener(server, fd, address);
    if (rc >= 0)
        rc = add_listener(server, fd);
    if (rc < 0) {
        forget_file(server);
        (void)loop->net->close(loop->backend, fd);
    }
    return rc;
}

/* N5: a family that the system lacks, or an address that it does not have, is skipped; any other failure ends all. */
static int open_listeners(eddy_server *server, const eddyi_resolutions *all)
{
    int rc = EDDY_ENOHOST;
    for (size_t host = 0; host < all->count; host++)
        for (int i = 0; i < all->of[host]->count; i++) {
            if (seen_before(all, host, i))
                continue;
            rc = open_listener(server, &all->of[host]->addresses[i]);
            if (rc < 0 && rc != EDDY_EAFNOSUPPORT && rc != EDDY_EADDRNOTAVAIL)
                return rc;
        }
    return server->count > 0 ? 0 : rc;
}

static void shut(eddyi_closable *closable)
{
    eddy_server *server = EDDYI_CONTAINER(closable, eddy_server, closable);
    server->closed = true;
    server->serving = false;
    server->references++;
    for (size_t i = 0; i < server->count; i++) {
        listener *l = &server->listeners[i];
        if (l->lent) {
            (void)eddyi_io_revoke(server->loop, &l->accept);
            l->lent = false;
            server->references--;
        }
        close_listener(l);
    }
    eddyi_server_unreference(server);
}

static const char *unclosed(const eddyi_closable *closable)
{
    const eddy_server *server = EDDYI_CONTAINER(closable, eddy_server, closable);
    return server->closed ? NULL : "server";
}

static int create(eddy_loop *loop, eddy_server **out, size_t room, const eddyi_server_use *use,
                  const eddy_server_options *options)
{
    eddy_server *server = eddyi_allocate_zero(&loop->allocator, sizeof *server + room * sizeof(listener));
    if (server == NULL)
        return EDDY_ENOMEM;
    server->loop = loop;
    server->references = 1;
    server->use = *use;
    if (options != NULL)
        server->options = *options;
    server->options.hosts = NULL; /* the caller's */
    eddy_context *given = server->options.client_task.context;
    server->variables = given != NULL ? eddyi_variables_in(given) : eddyi_variables_capture(loop);
    (void)eddy_tls_context_retain(server->options.tls);
    server->closable = (eddyi_closable){.shut = shut, .unclosed = unclosed};
    eddyi_list_init(&server->connections);
    eddyi_list_init(&server->waiters);
    eddyi_list_init(&server->forever_waiters);
    eddyi_closable_add(loop, &server->closable);
    eddyi_loop_object_add(loop);
    *out = server;
    return 0;
}

/* The one host of the call, or those of the options. */
static int resolve_hosts(eddy_loop *loop, eddyi_resolutions **out, const char *host, const char *service,
                         const eddy_server_options *options)
{
    const char *const *hosts = &host;
    size_t count = 1;
    enum eddyi_family family = options != NULL ? (enum eddyi_family)options->family : EDDYI_FAMILY_ANY;
    if (options != NULL && (options->hosts != NULL || options->host_count > 0)) {
        if (host != NULL || options->hosts == NULL || options->host_count == 0)
            return EDDY_EINVAL;
        hosts = options->hosts;
        count = options->host_count;
    }
    return eddyi_resolve_all_await(loop, out, hosts, count, service, family, EDDYI_RESOLVE_PASSIVE);
}

int eddyi_server_open(eddy_server **out, const char *host, const char *service, const eddyi_server_use *use,
                      const eddy_server_options *options, const char *operation)
{
    eddyi_resolutions *all = NULL;
    eddy_server *server = NULL;
    eddy_loop *loop = eddyi_current_task()->future.loop;
    size_t room = 0;
    int rc = eddyi_server_check(options);
    if (rc == 0)
        rc = resolve_hosts(loop, &all, host, service, options);
    for (size_t i = 0; rc == 0 && i < all->count; i++)
        room += (size_t)all->of[i]->count;
    if (rc == 0)
        rc = create(loop, &server, room, use, options);
    if (rc == 0)
        rc = open_listeners(server, all);
    if (rc == 0 && !server->options.do_not_start)
        rc = eddy_server_start_serving(server);
    if (rc == 0)
        *out = server;
    else
        eddy_server_release(server);
    eddyi_resolutions_free(all);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

/* It cannot be served on: the caller keeps it. */
static void give_up_descriptor(eddy_server *server)
{
    listener *l = &server->listeners[0];
    if (server->count == 0)
        return;
    server->loop->ops->detach(server->loop->backend, &l->descriptor);
    l->open = false;
}

int eddyi_server_open_fd(eddy_server **out, eddy_loop *loop, eddy_fd fd, const eddyi_server_use *use,
                         const eddy_server_options *options, const char *operation)
{
    eddy_server *server = NULL;
    int rc = eddyi_check_stream_socket(loop, fd);
    if (rc == 0)
        rc = create(loop, &server, 1, use, options);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = add_listener(server, fd);
    if (rc == 0 && !server->options.do_not_start)
        rc = eddy_server_start_serving(server);
    if (rc == 0) {
        *out = server;
        return 0;
    }
    give_up_descriptor(server);
    eddy_server_release(server);
    return eddyi_fail(rc, operation);
}

void eddy_server_release(eddy_server *server)
{
    if (server == NULL)
        return;
    if (server->user_gone)
        return;
    server->user_gone = true;
    eddy_server_close(server);
    eddyi_server_unreference(server);
}

/* ---- serving and closing ---- */

int eddy_server_start_serving(eddy_server *server)
{
    if (server == NULL)
        return eddyi_fail(EDDY_EINVAL, "start_serving");
    if (server->closed)
        return eddyi_fail(EDDY_ECLOSED, "start_serving");
    if (server->serving)
        return 0;
    eddy_loop *loop = server->loop;
    int backlog = server->options.backlog != 0 ? server->options.backlog : DEFAULT_BACKLOG;
    for (size_t i = 0; i < server->count; i++) {
        int rc = loop->net->listen(loop->backend, server->listeners[i].descriptor.fd, backlog);
        if (rc < 0)
            return eddyi_fail(rc, "listen");
    }
    server->serving = true;
    for (size_t i = 0; i < server->count; i++)
        start_accepting(&server->listeners[i]);
    return 0;
}

static void stop_listener(listener *l)
{
    eddyi_result now;
    if (l->lent && eddyi_io_cancel(l->server->loop, &l->accept, &now) == EDDYI_DONE)
        accept_completed(&l->accepted, &now);
    close_listener(l);
}

void eddy_server_close(eddy_server *server)
{
    if (server == NULL || server->closed)
        return;
    server->closed = true;
    server->serving = false;
    server->references++;
    for (size_t i = 0; i < server->count; i++)
        stop_listener(&server->listeners[i]);
    eddyi_stream_wake_all(&server->forever_waiters, EDDY_ECANCELED);
    wake_if_gone(server);
    eddyi_server_unreference(server);
}

static void each_connection(eddy_server *server, bool abort)
{
    if (server == NULL)
        return;
    server->references++;
    for (eddyi_list *link = server->connections.next; link != &server->connections;) {
        eddyi_channel *channel = EDDYI_LIST_ITEM(link, eddyi_channel, of_server);
        link = link->next; /* acting may take this one out */
        (abort ? channel->kind->abort : channel->kind->close)(channel);
    }
    eddyi_server_unreference(server);
}

void eddy_server_close_clients(eddy_server *server)
{
    each_connection(server, false);
}

void eddy_server_abort_clients(eddy_server *server)
{
    each_connection(server, true);
}

/* With a reference of the caller's. */
static int wait_until_gone(eddy_server *server)
{
    int rc = 0;
    while (rc == 0 && !gone(server))
        rc = eddyi_stream_wait(&server->waiters, &eddyi_wait_closed_kind, server, let_go);
    return rc;
}

int eddy_server_wait_closed(eddy_server *server)
{
    if (server == NULL)
        return eddyi_fail(EDDY_EINVAL, "wait_closed");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "wait_closed");
    server->references++;
    int rc = wait_until_gone(server);
    eddyi_server_unreference(server);
    return rc;
}

int eddy_server_serve_forever(eddy_server *server)
{
    if (server == NULL)
        return eddyi_fail(EDDY_EINVAL, "serve_forever");
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, "serve_forever");
    if (server->forever)
        return eddyi_fail(EDDY_EBUSY, "serve_forever");
    int rc = eddy_server_start_serving(server);
    if (rc < 0)
        return rc;
    server->forever = true;
    server->references++;
    rc = eddyi_stream_wait(&server->forever_waiters, &eddyi_serve_forever_kind, server, let_go);
    server->forever = false;
    eddy_server_close(server);
    eddy_server_close_clients(server);
    int closed = wait_until_gone(server);
    eddyi_server_unreference(server);
    return rc < 0 ? rc : closed;
}

/* ---- what is known of it ---- */

bool eddy_server_is_serving(const eddy_server *server)
{
    return server != NULL && server->serving;
}

static int address_of(const eddy_server *server, size_t index, eddyi_address *address)
{
    if (server == NULL || index >= server->count)
        return EDDY_EINVAL;
    if (server->closed)
        return EDDY_ECLOSED;
    return server->loop->net->local_address(server->loop->backend, server->listeners[index].descriptor.fd,
                                            address);
}

int eddy_server_name(const eddy_server *server, size_t index, char *text, size_t size)
{
    eddyi_address address;
    int rc = text == NULL ? EDDY_EINVAL : address_of(server, index, &address);
    if (rc >= 0)
        rc = server->loop->net->format(&address, text, size);
    return rc < 0 ? eddyi_fail(rc, "sockets") : rc;
}

int eddy_server_port(const eddy_server *server, size_t index)
{
    eddyi_address address;
    int rc = address_of(server, index, &address);
    return rc < 0 ? eddyi_fail(rc, "sockets") : server->loop->net->port(&address);
}
