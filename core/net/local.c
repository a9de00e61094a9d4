/* local.c: connections and servers over local sockets: the general calls, with a path for a host.
 * Touches the public API and the network table. What is different about local sockets is in the resolver, the server and the platform. */
#include <eddy/local.h>
#include "core/task/task.h"

/* A network without local sockets has no function for their files. */
static int check(const eddy_loop *loop, const char *path)
{
    if (path == NULL)
        return EDDY_EINVAL;
    if (loop == NULL)
        return EDDY_ENOTASK;
    return loop->net->claim_file != NULL ? 0 : EDDY_ENOSYS;
}

static const eddy_loop *loop_here(void)
{
    const eddy_task *task = eddyi_current_task();
    return task != NULL ? task->future.loop : NULL;
}

static bool is_strange(eddy_family family)
{
    return family != EDDY_FAMILY_ANY && family != EDDY_FAMILY_UNIX;
}

static int connect_options(eddy_connect_options *out, const eddy_connect_options *given)
{
    eddy_connect_options_init(out);
    if (given != NULL)
        *out = *given;
    if (is_strange(out->family) || out->local_host != NULL || out->local_service != NULL)
        return EDDY_EINVAL;
    out->family = EDDY_FAMILY_UNIX;
    return 0;
}

static int server_options(eddy_server_options *out, const eddy_server_options *given)
{
    eddy_server_options_init(out);
    if (given != NULL)
        *out = *given;
    if (is_strange(out->family) || out->reuse_port)
        return EDDY_EINVAL;
    out->family = EDDY_FAMILY_UNIX;
    return 0;
}

int eddy_open_unix_connection(eddy_stream **out, const char *path, const eddy_connect_options *options)
{
    eddy_connect_options local;
    int rc = check(loop_here(), path);
    if (rc == 0)
        rc = connect_options(&local, options);
    return rc < 0 ? eddyi_fail(rc, "open_unix_connection") : eddy_open_connection(out, path, "", &local);
}

int eddy_start_unix_server(eddy_server **out, const char *path, eddy_client_fn fn, void *arg,
                           const eddy_server_options *options)
{
    eddy_server_options local;
    int rc = check(loop_here(), path);
    if (rc == 0)
        rc = server_options(&local, options);
    return rc < 0 ? eddyi_fail(rc, "start_unix_server") : eddy_start_server(out, path, "", fn, arg, &local);
}

int eddy_loop_create_unix_connection(eddy_loop *loop, eddy_transport **out, const char *path,
                                     eddy_protocol_factory factory, void *arg,
                                     const eddy_connect_options *options)
{
    eddy_connect_options local;
    int rc = check(loop_here(), path);
    if (rc == 0)
        rc = connect_options(&local, options);
    return rc < 0 ? eddyi_fail(rc, "create_unix_connection")
                  : eddy_loop_create_connection(loop, out, path, "", factory, arg, &local);
}

int eddy_loop_create_unix_server(eddy_loop *loop, eddy_server **out, const char *path,
                                 eddy_protocol_factory factory, void *arg, const eddy_server_options *options)
{
    eddy_server_options local;
    int rc = check(loop_here(), path);
    if (rc == 0)
        rc = server_options(&local, options);
    return rc < 0 ? eddyi_fail(rc, "create_unix_server")
                  : eddy_loop_create_server(loop, out, path, "", factory, arg, &local);
}
