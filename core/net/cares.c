/* cares.c: lookups by c-ares on the loop: its sockets are watched, its timeouts are timers, nothing blocks but reading the system's files.
 * Touches c-ares, watches and timers. Each lookup has a channel of its own, on the stack of the task that waits for it: a cancel ends the
 * lookup at once and leaves nothing, and what the system's files say is read anew each time. A callback of c-ares notes the answer and wakes
 * the task; it never calls c-ares (D5). */
#include "core/net/cares.h"

#include <ares.h>
#include <string.h>

#include "core/loop/watch.h"

enum { MOST_SOCKETS = ARES_GETSOCK_MAXNUM, MILLISECOND = 1000000 };

eddyi_cares_settings eddyi_cares_settings_in_force;

typedef struct lookup lookup;

typedef struct socket_watch {
    lookup *owner;
    eddy_fd fd;
    bool reads, writes; /* none: the place is free */
} socket_watch;

struct lookup {
    eddyi_wait wait; /* of the task; its object is the job that owns the answer's memory */
    eddy_loop *loop;
    ares_channel channel;
    eddyi_timer timer;
    bool answered, over; /* over: c-ares's last words are not listened to */
    int outcome;
    socket_watch sockets[MOST_SOCKETS];
    eddyi_resolution *resolution;
    const eddyi_cares_naming *naming;
};

bool eddyi_cares_available(void)
{
    return true;
}

static int error_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ENOMEM:
        return EDDY_ENOMEM;
    case ARES_EBADFAMILY:
        return EDDY_EAFNOSUPPORT;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
    case ARES_ESERVICE:
        return EDDY_ENOHOST;
    case ARES_ESERVFAIL:
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
        return EDDY_ERESOLVE;
    default:
        return EDDY_ERESOLVEFAIL;
    }
}

/* ---- the answer ---- */

static void answer(lookup *self, int outcome)
{
    if (self->over || self->answered)
        return;
    self->answered = true;
    self->outcome = outcome;
    if (eddyi_task_waiting(self->wait.task) && self->wait.task->wait == &self->wait)
        eddyi_task_wake(self->wait.task, 0);
}

static int copy_addresses(const struct ares_addrinfo *list, eddyi_address *out)
{
    int count = 0;
    for (const struct ares_addrinfo_node *node = list->nodes; node != NULL; node = node->ai_next) {
        if (node->ai_addrlen > sizeof out->bytes || count == EDDYI_MOST_ADDRESSES)
            continue;
        out[count].size = (uint32_t)node->ai_addrlen;
        memcpy(out[count].bytes, node->ai_addr, (size_t)node->ai_addrlen);
        count++;
    }
    return count > 0 ? count : EDDY_ENOHOST;
}

static void resolved(void *arg, int status, int timeouts, struct ares_addrinfo *list)
{
    lookup *self = arg;
    int outcome = error_of(status);
    (void)timeouts;
    if (outcome == 0 && !self->over)
        outcome = self->resolution->count = copy_addresses(list, self->resolution->addresses);
    ares_freeaddrinfo(list);
    answer(self, outcome < 0 ? outcome : 0);
}

static int copy_name(char *room, size_t size, const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;
    if (length >= size)
        return EDDY_EOVERFLOW;
    if (length > 0)
        memcpy(room, name, length);
    room[length] = '\0';
    return 0;
}

static void named(void *arg, int status, int timeouts, char *host, char *service)
{
    lookup *self = arg;
    const eddyi_cares_naming *naming = self->naming;
    int outcome = error_of(status);
    (void)timeouts;
    if (outcome == 0 && !self->over)
        outcome = copy_name(naming->host, naming->host_size, host);
    if (outcome == 0 && !self->over)
        outcome = copy_name(naming->service, naming->service_size, service);
    answer(self, outcome);
}

/* ---- its sockets and its time ---- */

static void set_timer(lookup *self)
{
    struct timeval left;
    eddy_loop *loop = self->loop;
    eddyi_timers_remove(&loop->timers, &self->timer);
    if (self->answered || ares_timeout(self->channel, NULL, &left) == NULL)
        return;
    uint64_t delay = (uint64_t)left.tv_sec * 1000 * MILLISECOND + (uint64_t)left.tv_usec * 1000;
    eddyi_timers_add(&loop->timers, &self->timer, eddyi_loop_now(loop) + delay + MILLISECOND);
}

static void process(lookup *self, ares_socket_t readable, ares_socket_t writable)
{
    ares_process_fd(self->channel, readable, writable);
    set_timer(self);
}

static void timer_fired(eddyi_timer *timer)
{
    lookup *self = EDDYI_CONTAINER(timer, lookup, timer);
    if (!self->loop->closing)
        process(self, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void is_readable(void *arg)
{
    const socket_watch *w = arg;
    process(w->owner, (ares_socket_t)w->fd, ARES_SOCKET_BAD);
}

static void is_writable(void *arg)
{
    const socket_watch *w = arg;
    process(w->owner, ARES_SOCKET_BAD, (ares_socket_t)w->fd);
}

static socket_watch *place_of(lookup *self, eddy_fd fd)
{
    socket_watch *free_place = NULL;
    for (int i = 0; i < MOST_SOCKETS; i++) {
        socket_watch *w = &self->sockets[i];
        bool used = w->reads || w->writes;
        if (used && w->fd == fd)
            return w;
        if (!used && free_place == NULL)
            free_place = w;
    }
    return free_place;
}

static int watch(socket_watch *w, bool reads, bool writes)
{
    eddy_loop *loop = w->owner->loop;
    int rc = 0;
    if (reads && !w->reads)
        rc = eddy_loop_add_reader(loop, w->fd, is_readable, w);
    else if (!reads && w->reads)
        (void)eddy_loop_remove_reader(loop, w->fd);
    w->reads = reads && rc == 0;
    if (rc == 0 && writes && !w->writes)
        rc = eddy_loop_add_writer(loop, w->fd, is_writable, w);
    else if (!writes && w->writes)
        (void)eddy_loop_remove_writer(loop, w->fd);
    w->writes = writes && rc == 0;
    return rc;
}

/* Called before a socket is closed, too: nobody watches a number that may be another file's. */
static void socket_changed(void *arg, ares_socket_t fd, int reads, int writes)
{
    lookup *self = arg;
    socket_watch *w = place_of(self, fd);
    int rc = EDDY_EMFILE;
    if (w != NULL) {
        w->owner = self;
        w->fd = fd;
        rc = watch(w, reads != 0, writes != 0);
    }
    if (rc < 0 && (reads || writes))
        answer(self, rc);
}

/* ---- a lookup ---- */

static void end(lookup *self)
{
    self->over = true;
    eddyi_timers_remove(&self->loop->timers, &self->timer);
    ares_destroy(self->channel);
}

static bool cancel(eddyi_wait *wait)
{
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

static void abandon(eddyi_wait *wait)
{
    eddyi_job *owner = wait->object;
    end(EDDYI_CONTAINER(wait, lookup, wait));
    owner->destroy(owner);
}

static const eddyi_wait_kind kind = {"lookup", cancel, abandon, NULL};

/* Nothing but a count on this system's side; several threads may be the first. */
static int begin_library(void)
{
    enum { NOT_YET, BEGINNING, BEGUN };
    static atomic_int state;
    int seen = NOT_YET;
    if (atomic_compare_exchange_strong(&state, &seen, BEGINNING)) {
        int rc = error_of(ares_library_init(ARES_LIB_INIT_ALL));
        atomic_store(&state, rc == 0 ? BEGUN : NOT_YET);
        return rc;
    }
    while (atomic_load(&state) == BEGINNING)
        eddyi_thread_yield();
    return 0;
}

static int open_channel(lookup *self)
{
    const eddyi_cares_settings *settings = &eddyi_cares_settings_in_force;
    struct ares_options options = {.sock_state_cb = socket_changed,
                                   .sock_state_cb_data = self,
                                   .timeout = settings->timeout_ms,
                                   .tries = settings->tries};
    int mask = ARES_OPT_SOCK_STATE_CB | (settings->timeout_ms > 0 ? ARES_OPT_TIMEOUTMS : 0) |
               (settings->tries > 0 ? ARES_OPT_TRIES : 0);
    int rc = begin_library();
    if (rc == 0)
        rc = error_of(ares_init_options(&self->channel, &options, mask));
    if (rc == 0 && settings->servers != NULL) {
        rc = error_of(ares_set_servers_ports_csv(self->channel, settings->servers));
        if (rc < 0)
            ares_destroy(self->channel);
    }
    return rc;
}

/* A number is taken as octal by c-ares when it begins with a 0, and 0 is none to it. NULL: port 0. */
static const char *plain_service(const char *service, bool *numeric)
{
    *numeric = service != NULL && service[strspn(service, "0123456789")] == '\0';
    if (*numeric)
        service += strspn(service, "0");
    return service == NULL || *service == '\0' ? NULL : service;
}

static void ask(lookup *self)
{
    static const int families[] = {
        [EDDYI_FAMILY_ANY] = AF_UNSPEC, [EDDYI_FAMILY_IPV4] = AF_INET, [EDDYI_FAMILY_IPV6] = AF_INET6};
    const eddyi_resolution *r = self->resolution;
    bool numeric;
    const char *service = plain_service(r->service, &numeric);
    struct ares_addrinfo_hints hints = {.ai_flags = numeric ? ARES_AI_NUMERICSERV : 0,
                                        .ai_family = families[r->family],
                                        .ai_socktype =
                                            (r->flags & EDDYI_RESOLVE_DATAGRAM) ? SOCK_DGRAM : SOCK_STREAM};
    ares_getaddrinfo(self->channel, r->host, service, &hints, resolved, self);
}

static void ask_name(lookup *self)
{
    const eddyi_cares_naming *naming = self->naming;
    int flags = ARES_NI_LOOKUPHOST | ARES_NI_LOOKUPSERVICE |
                ((naming->flags & EDDYI_NAME_NUMERIC_HOST) ? ARES_NI_NUMERICHOST : 0) |
                ((naming->flags & EDDYI_NAME_NUMERIC_SERVICE) ? ARES_NI_NUMERICSERV : 0) |
                ((naming->flags & EDDYI_NAME_REQUIRED) ? ARES_NI_NAMEREQD : 0) |
                ((naming->flags & EDDYI_NAME_DATAGRAM) ? ARES_NI_DGRAM : 0);
    ares_getnameinfo(self->channel, (const struct sockaddr *)(const void *)naming->address->bytes,
                     (ares_socklen_t)naming->address->size, flags, named, self);
}

static int await(lookup *self, void (*put)(lookup *))
{
    eddy_task *task = self->loop->current;
    if (eddyi_take_cancel(task))
        return EDDY_ECANCELED;
    int rc = open_channel(self);
    if (rc < 0)
        return rc;
    eddyi_timer_init(&self->timer, timer_fired);
    put(self);
    set_timer(self);
    if (!self->answered)
        rc = eddyi_suspend(&self->wait, true);
    end(self);
    if (rc == EDDY_ECANCELED)
        return eddyi_deliver_cancel(task);
    return rc < 0 ? rc : self->outcome;
}

/* Of another family than is asked for, else it would have been taken already. */
static bool is_address(eddy_loop *loop, const char *host)
{
    eddyi_address address;
    return loop->net->resolve(NULL, host, NULL, EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM, EDDYI_RESOLVE_NUMERIC,
                              &address, 1) > 0;
}

int eddyi_cares_resolve(eddy_loop *loop, eddyi_resolution *r)
{
    if (r->host == NULL || r->host[0] == '\0' || r->family > EDDYI_FAMILY_IPV6)
        return EDDY_ENOSYS;
    if (is_address(loop, r->host))
        return EDDY_ENOHOST;
    lookup self = {
        .wait = {.kind = &kind, .task = loop->current, .object = &r->job}, .loop = loop, .resolution = r};
    return await(&self, ask);
}

int eddyi_cares_name(eddy_loop *loop, const eddyi_cares_naming *naming)
{
    enum eddyi_family family = loop->net->family(naming->address);
    if (family != EDDYI_FAMILY_IPV4 && family != EDDYI_FAMILY_IPV6)
        return EDDY_ENOSYS;
    lookup self = {.wait = {.kind = &kind, .task = loop->current, .object = naming->owner},
                   .loop = loop,
                   .naming = naming};
    return await(&self, ask_name);
}
