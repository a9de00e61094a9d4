/* names.c: getaddrinfo and getnameinfo for tasks: numbers at once, names by c-ares or on a thread of eddy's own.
 * Touches the resolver and the network table. A job owns all that it needs, so a cancelled one may end whenever it likes (D1-D3). */
#include <eddy/socket.h>

#include <string.h>

#include "core/net/cares.h"
#include "core/net/resolve.h"

void eddy_getaddrinfo_options_init(eddy_getaddrinfo_options *options)
{
    if (options != NULL)
        *options = (eddy_getaddrinfo_options){.size = sizeof *options};
}

void eddy_getnameinfo_options_init(eddy_getnameinfo_options *options)
{
    if (options != NULL)
        *options = (eddy_getnameinfo_options){.size = sizeof *options};
}

static int check(const eddy_loop *loop, bool valid, const char *operation)
{
    const eddy_task *task = eddyi_current_task();
    if (loop == NULL || !valid)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    return task->future.loop == loop ? 0 : eddyi_fail(EDDY_EWRONGLOOP, operation);
}

/* ---- names to addresses ---- */

int eddy_loop_getaddrinfo(eddy_loop *loop, eddy_address *addresses, size_t count, const char *host,
                          const char *service, const eddy_getaddrinfo_options *options)
{
    static const eddy_getaddrinfo_options defaults = {.size = sizeof defaults};
    static const char operation[] = "getaddrinfo";
    const eddy_getaddrinfo_options *o = options != NULL ? options : &defaults;
    eddyi_resolution *found;
    int rc = check(loop, addresses != NULL || count == 0, operation);
    if (rc < 0)
        return rc;
    int flags = (o->datagram ? EDDYI_RESOLVE_DATAGRAM : 0) | (o->passive ? EDDYI_RESOLVE_PASSIVE : 0) |
                (o->numeric ? EDDYI_RESOLVE_NUMERIC : 0);
    rc = eddyi_resolve_await(loop, &found, host, service, (enum eddyi_family)o->family, flags);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    int there = found->count;
    for (int i = 0; i < there && (size_t)i < count; i++)
        addresses[i] = found->addresses[i];
    eddyi_resolution_free(found);
    return there;
}

/* ---- addresses to names ---- */

enum { MOST_HOST = 1025, MOST_SERVICE = 64 };

typedef struct naming {
    eddyi_job job;
    const eddyi_net_ops *net;
    eddyi_backend *backend;
    eddy_allocator allocator;
    eddyi_address address;
    int flags;
    int outcome;
    char host[MOST_HOST], service[MOST_SERVICE];
} naming;

static void destroy(eddyi_job *job)
{
    naming *n = EDDYI_CONTAINER(job, naming, job);
    eddy_allocator allocator = n->allocator;
    eddyi_release(&allocator, n);
}

static void work(eddyi_job *job)
{
    naming *n = EDDYI_CONTAINER(job, naming, job);
    n->outcome = n->net->name(n->backend, &n->address, n->host, sizeof n->host, n->service, sizeof n->service,
                              n->flags);
}

static bool fits(const char *text, const char *room, size_t size)
{
    return room == NULL || strlen(text) < size;
}

static void copy(char *room, const char *text)
{
    if (room != NULL)
        memcpy(room, text, strlen(text) + 1);
}

static int flags_of(const eddy_getnameinfo_options *options)
{
    if (options == NULL)
        return 0;
    return (options->numeric_host ? EDDYI_NAME_NUMERIC_HOST : 0) |
           (options->numeric_service ? EDDYI_NAME_NUMERIC_SERVICE : 0) |
           (options->name_required ? EDDYI_NAME_REQUIRED : 0) | (options->datagram ? EDDYI_NAME_DATAGRAM : 0);
}

static int await(eddy_loop *loop, naming *n)
{
    const eddyi_cares_naming asked = {&n->job,    &n->address,    n->flags,         n->host,
                                      n->service, sizeof n->host, sizeof n->service};
    int rc = eddyi_cares_name(loop, &asked);
    if (rc == EDDY_ECANCELED)
        destroy(&n->job);
    return rc == EDDY_ENOSYS ? eddyi_job_await(loop, &n->job) : rc;
}

static int name_await(eddy_loop *loop, naming **out, const eddy_address *address, int flags)
{
    enum { ALL_NUMERIC = EDDYI_NAME_NUMERIC_HOST | EDDYI_NAME_NUMERIC_SERVICE };
    naming *n = eddyi_allocate_zero(&loop->allocator, sizeof *n);
    int rc = 0;
    if (n == NULL)
        return EDDY_ENOMEM;
    n->allocator = loop->allocator;
    n->net = loop->net;
    n->backend = loop->net->resolves_at_once ? loop->backend : NULL;
    n->address = *address;
    n->flags = flags;
    n->job.work = work;
    n->job.destroy = destroy;
    if (loop->net->resolves_at_once || (flags & ALL_NUMERIC) == ALL_NUMERIC)
        work(&n->job);
    else
        rc = await(loop, n);
    if (rc == EDDY_ECANCELED)
        return rc; /* it is given back, or the job's */
    if (rc == 0)
        rc = n->outcome;
    if (rc < 0)
        destroy(&n->job);
    else
        *out = n;
    return rc;
}

int eddy_loop_getnameinfo(eddy_loop *loop, char *host, size_t host_size, char *service, size_t service_size,
                          const eddy_address *address, const eddy_getnameinfo_options *options)
{
    static const char operation[] = "getnameinfo";
    naming *n;
    bool valid = address != NULL && address->size > 0 && address->size <= sizeof address->bytes &&
                 (host != NULL || host_size == 0) && (service != NULL || service_size == 0);
    int rc = check(loop, valid, operation);
    if (rc < 0)
        return rc;
    rc = name_await(loop, &n, address, flags_of(options));
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = fits(n->host, host, host_size) && fits(n->service, service, service_size) ? 0 : EDDY_EOVERFLOW;
    if (rc == 0) {
        copy(host, n->host);
        copy(service, n->service);
    }
    destroy(&n->job);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}
