/* address.c: addresses as values and as text.
 * Touches the network table of the loop that runs here, or the platform's. Numbers only: nothing blocks. */
#include <string.h>

#include "core/loop/loop.h"
#include "core/task/task.h"

static const eddyi_net_ops *network(eddyi_backend **backend)
{
    const eddy_loop *loop = eddyi_running_loop;
    *backend = loop != NULL ? loop->backend : NULL;
    return loop != NULL ? loop->net : &eddyi_platform_net;
}

/* "host:service" or "[host]:service" into its two parts, of `room` bytes. */
static int split(const char *text, char *room, const char **service)
{
    const char *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[';
    if (colon == NULL || colon[1] == '\0' || colon == text)
        return EDDY_EINVAL;
    const char *begin = bracketed ? text + 1 : text, *end = bracketed ? colon - 1 : colon;
    if (bracketed ? end <= begin || *end != ']' : memchr(text, ':', (size_t)(colon - text)) != NULL)
        return EDDY_EINVAL;
    memcpy(room, begin, (size_t)(end - begin));
    room[end - begin] = '\0';
    *service = colon + 1;
    return 0;
}

static bool is_local(const char *text)
{
    return text[0] == '@' || strchr(text, '/') != NULL;
}

static int parse(eddy_address *out, const char *text)
{
    enum { MOST = 300 };
    char host[MOST];
    const char *service = NULL;
    eddyi_backend *backend;
    eddy_address found;
    const eddyi_net_ops *net = network(&backend);
    int rc;
    if (is_local(text)) {
        rc = net->resolve(backend, text, NULL, EDDYI_FAMILY_UNIX, EDDYI_SOCKET_DATAGRAM,
                          EDDYI_RESOLVE_NUMERIC, &found, 1);
    } else {
        rc = strlen(text) >= sizeof host ? EDDY_ENAMETOOLONG : split(text, host, &service);
        if (rc == 0)
            rc = net->resolve(backend, host, service, EDDYI_FAMILY_ANY, EDDYI_SOCKET_DATAGRAM,
                              EDDYI_RESOLVE_NUMERIC, &found, 1);
    }
    if (rc > 0)
        *out = found;
    return rc > 0 ? 0 : rc;
}

int eddy_address_parse(eddy_address *out, const char *text)
{
    int rc = out != NULL && text != NULL ? parse(out, text) : EDDY_EINVAL;
    return rc < 0 ? eddyi_fail(rc, "address_parse") : 0;
}

int eddy_address_format(const eddy_address *address, char *text, size_t size)
{
    eddyi_backend *backend;
    int rc = EDDY_EINVAL;
    if (address != NULL && text != NULL && address->size != 0)
        rc = network(&backend)->format(address, text, size);
    return rc < 0 ? eddyi_fail(rc, "address_format") : rc;
}

int eddy_address_port(const eddy_address *address)
{
    eddyi_backend *backend;
    int port = address != NULL && address->size != 0 ? network(&backend)->port(address) : -1;
    return port < 0 ? eddyi_fail(EDDY_EINVAL, "address_port") : port;
}

bool eddy_address_equal(const eddy_address *one, const eddy_address *other)
{
    return one != NULL && other != NULL && one->size == other->size &&
           memcmp(one->bytes, other->bytes, one->size) == 0;
}
