/* server_settings.c: what a server's options say of each of its connections.
 * Touches the options only. Options that make no sense are refused before anything is opened. */
#include "core/net/server_inside.h"

int eddyi_server_check(const eddy_server_options *options)
{
    if (options == NULL)
        return 0;
    if (eddyi_bad_limit(options->close_timeout))
        return EDDY_EINVAL;
    eddyi_secure_settings settings = {.context = options->tls,
                                      .handshake_timeout = options->handshake_timeout,
                                      .shutdown_timeout = options->shutdown_timeout};
    return eddyi_secure_check(&settings, true);
}

eddyi_secure_settings eddyi_server_secure(const eddy_server *server)
{
    return (eddyi_secure_settings){.context = server->options.tls,
                                   .handshake_timeout = server->options.handshake_timeout,
                                   .shutdown_timeout = server->options.shutdown_timeout};
}

eddyi_channel_settings eddyi_server_channel(const eddy_server *server)
{
    const eddy_server_options *options = &server->options;
    eddyi_secure_settings secure = eddyi_server_secure(server);
    eddyi_marks marks = {options->high_water, options->low_water};
    return (eddyi_channel_settings){
        .marks = eddyi_secure_marks(marks, &secure), .close_timeout = options->close_timeout, .fresh = true};
}
