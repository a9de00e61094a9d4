/* resolve.c: numbers at once, names by c-ares or on the executor.
 * Touches the loop's network table. The job owns copies of all it needs, so a cancelled one may end whenever it likes. */
#include "core/net/resolve.h"

#include <string.h>

#include "core/net/cares.h"

static void destroy(eddyi_job *job)
{
    eddyi_resolution_free(EDDYI_CONTAINER(job, eddyi_resolution, job));
}

void eddyi_resolution_free(eddyi_resolution *resolution)
{
    if (resolution != NULL) {
        eddy_allocator allocator = resolution->allocator;
        eddyi_release(&allocator, resolution);
    }
}

static void resolve(eddyi_resolution *r, int more_flags)
{
    enum eddyi_socket_type type =
        (r->flags & EDDYI_RESOLVE_DATAGRAM) ? EDDYI_SOCKET_DATAGRAM : EDDYI_SOCKET_STREAM;
    r->count = r->net->resolve(r->backend, r->host, r->service, r->family, type, r->flags | more_flags,
                               r->addresses, EDDYI_MOST_ADDRESSES);
    if (r->count > EDDYI_MOST_ADDRESSES)
        r->count = EDDYI_MOST_ADDRESSES;
}

static void work(eddyi_job *job)
{
    resolve(EDDYI_CONTAINER(job, eddyi_resolution, job), 0);
}

static char *copy(char **room, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    char *here = memcpy(*room, text, size);
    *room += size;
    return here;
}

static int create(eddy_loop *loop, eddyi_resolution **out, const char *host, const char *service)
{
    size_t size = sizeof(eddyi_resolution);
    if ((host != NULL && !eddyi_add(&size, size, strlen(host) + 1)) ||
        (service != NULL && !eddyi_add(&size, size, strlen(service) + 1)))
        return EDDY_EOVERFLOW;
    eddyi_resolution *r = eddyi_allocate_zero(&loop->allocator, size);
    if (r == NULL)
        return EDDY_ENOMEM;
    char *room = r->text;
    r->allocator = loop->allocator;
    r->net = loop->net;
    r->backend = loop->net->resolves_at_once ? loop->backend : NULL;
    r->job.work = work;
    r->job.destroy = destroy;
    r->host = copy(&room, host);
    r->service = copy(&room, service);
    *out = r;
    return 0;
}

int eddyi_resolve_await(eddy_loop *loop, eddyi_resolution **out, const char *host, const char *service,
                        enum eddyi_family family, int flags)
{
    eddyi_resolution *r;
    int rc = create(loop, &r, host, service);
    if (rc < 0)
        return rc;
    r->family = family;
    r->flags = flags;
    resolve(r, loop->net->resolves_at_once ? 0 : EDDYI_RESOLVE_NUMERIC);
    if (r->count == EDDY_ENOHOST && !loop->net->resolves_at_once && !(flags & EDDYI_RESOLVE_NUMERIC)) {
        rc = eddyi_cares_resolve(loop, r);
        if (rc == EDDY_ENOSYS) {
            rc = eddyi_job_await(loop, &r->job);
            if (rc == EDDY_ECANCELED)
                return rc; /* the job has it now */
        }
        if (rc < 0)
            r->count = rc;
    }
    if (r->count < 0) {
        rc = r->count;
        eddyi_resolution_free(r);
        return rc;
    }
    *out = r;
    return 0;
}
