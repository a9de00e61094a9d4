/* connect.c: from a name to a connected stream.
 * Touches the resolver and race.h. Whatever happens, only the descriptor that is returned stays open. */
#include "core/net/connect.h"
#include "core/net/race.h"
#include "core/net/secure.h"
#include "core/net/stream_inside.h"

void eddy_connect_options_init(eddy_connect_options *options)
{
    if (options != NULL)
        *options = (eddy_connect_options){.size = sizeof *options};
}

enum { FIRST_FAMILY_COUNT = 1 };
static const uint64_t attempt_delay = 250000000; /* RFC 8305, section 8 */

/* One call, on its task's stack. The loop shuts it when it closes in the middle, for then the call never returns. */
typedef struct connecting {
    eddyi_closable closable;
    eddy_loop *loop;
    const eddy_connect_options *options;
    eddyi_resolution *remote, *local; /* local: NULL is any */
    eddyi_race race;
} connecting;

static void give_back(connecting *c)
{
    eddyi_resolution_free(c->remote);
    eddyi_resolution_free(c->local);
}

static void shut(eddyi_closable *closable)
{
    connecting *c = EDDYI_CONTAINER(closable, connecting, closable);
    eddyi_race_shut(&c->race);
    give_back(c);
}

static int resolve_both(connecting *c, const char *host, const char *service)
{
    const eddy_connect_options *options = c->options;
    enum eddyi_family family = (enum eddyi_family)options->family;
    int rc = eddyi_resolve_await(c->loop, &c->remote, host, service, family, 0);
    if (rc < 0 || (options->local_host == NULL && options->local_service == NULL))
        return rc;
    return eddyi_resolve_await(c->loop, &c->local, options->local_host, options->local_service, family,
                               EDDYI_RESOLVE_PASSIVE);
}

static int delay_of(const eddy_connect_options *options, uint64_t *delay)
{
    *delay = attempt_delay;
    return options->happy_eyeballs_delay != 0 ? eddyi_delay(options->happy_eyeballs_delay, delay) : 0;
}

/* One after the other is asyncio's way, and then in the resolver's order. */
static size_t interleave_of(const eddy_connect_options *options, uint64_t delay)
{
    if (options->interleave < 0 || (options->interleave == 0 && delay == UINT64_MAX))
        return 0;
    return options->interleave > 0 ? (size_t)options->interleave : FIRST_FAMILY_COUNT;
}

int eddyi_connect(eddy_fd *out, const char *host, const char *service, const eddy_connect_options *options,
                  const char *operation)
{
    static const eddy_connect_options defaults = {.size = sizeof defaults};
    uint64_t delay;
    connecting c = {.closable = {.shut = shut},
                    .loop = eddyi_current_task()->future.loop,
                    .options = options != NULL ? options : &defaults,
                    .race = {.winner = -1}};
    if (delay_of(c.options, &delay) < 0)
        return eddyi_fail(EDDY_EINVAL, operation);
    c.race.loop = c.loop;
    eddyi_timer_init(&c.race.stagger, NULL);
    eddyi_list_append(&c.loop->closables, &c.closable.link);
    int rc = resolve_both(&c, host, service);
    if (rc < 0) {
        eddyi_fail(rc, operation);
    } else {
        eddyi_race_init(&c.race, c.loop, c.remote, c.local, delay, interleave_of(c.options, delay));
        rc = eddyi_race_run(&c.race);
    }
    eddyi_list_remove(&c.closable.link);
    give_back(&c);
    if (rc == 0)
        *out = c.race.winner;
    return rc;
}

static eddyi_stream_settings settings_of(const eddy_connect_options *options)
{
    eddyi_stream_settings settings = {0};
    if (options != NULL)
        settings = (eddyi_stream_settings){.limit = options->limit,
                                           .channel = {.marks = {options->high_water, options->low_water},
                                                       .close_timeout = options->close_timeout}};
    return settings;
}

eddyi_secure_settings eddyi_connect_secure(const char *host, const eddy_connect_options *options)
{
    if (options == NULL)
        return (eddyi_secure_settings){0};
    return (eddyi_secure_settings){options->tls,
                                   host,
                                   options->server_hostname,
                                   options->handshake_timeout,
                                   options->shutdown_timeout,
                                   options->session};
}

int eddyi_connect_check(const eddy_connect_options *options, const eddyi_secure_settings *secure,
                        bool server_side)
{
    if (options != NULL && eddyi_bad_limit(options->close_timeout))
        return EDDY_EINVAL;
    return eddyi_secure_check(secure, server_side);
}

static int secure_stream(eddy_stream *stream, const eddyi_secure_settings *settings, const char *operation)
{
    int rc = eddyi_secure_start(&stream->channel, settings);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    return eddyi_secure_await(&stream->channel, stream, eddyi_stream_let_go, operation);
}

int eddy_open_connection(eddy_stream **out, const char *host, const char *service,
                         const eddy_connect_options *options)
{
    static const char operation[] = "open_connection";
    eddyi_stream_settings settings = settings_of(options);
    eddyi_secure_settings secure = eddyi_connect_secure(host, options);
    eddy_stream *stream;
    eddy_fd fd;
    if (out == NULL || service == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (eddyi_current_task() == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    eddy_loop *loop = eddyi_current_task()->future.loop;
    settings.channel.marks = eddyi_secure_marks(settings.channel.marks, &secure);
    int rc = eddyi_connect_check(options, &secure, false);
    if (rc < 0)
        return eddyi_fail(rc, operation);
    rc = eddyi_connect(&fd, host, service, options, operation);
    if (rc < 0)
        return rc;
    rc = eddyi_stream_create(loop, &stream, fd, &settings);
    if (rc < 0) {
        (void)loop->net->close(loop->backend, fd);
        return eddyi_fail(rc, operation);
    }
    if (secure.context != NULL)
        rc = secure_stream(stream, &secure, operation);
    if (rc == 0)
        *out = stream;
    else
        eddy_stream_release(stream); /* it was lost, and tells its peer why */
    return rc;
}

int eddy_open_connection_fd(eddy_stream **out, eddy_fd fd, const eddy_connect_options *options)
{
    static const char operation[] = "open_connection";
    eddyi_stream_settings settings = settings_of(options);
    eddy_loop *loop = eddy_get_running_loop();
    if (out == NULL || eddyi_bad_limit(settings.channel.close_timeout))
        return eddyi_fail(EDDY_EINVAL, operation);
    if (loop == NULL)
        return eddyi_fail(EDDY_ENOLOOP, operation);
    int rc = eddyi_check_stream_socket(loop, fd);
    if (rc == 0)
        rc = eddyi_stream_create(loop, out, fd, &settings);
    return rc < 0 ? eddyi_fail(rc == EDDY_EEXIST ? EDDY_EBUSY : rc, operation) : 0;
}
