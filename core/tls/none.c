/* none.c: a build without TLS: every call is there and says so.
 * Touches nothing. No context can be made, so no connection ever gets far enough to need the engine. */
#include "core/task/task.h"
#include "core/tls/tls.h"

void eddy_tls_context_options_init(eddy_tls_context_options *options)
{
    if (options != NULL)
        *options = (eddy_tls_context_options){.size = sizeof *options};
}

void eddy_tls_options_init(eddy_tls_options *options)
{
    if (options != NULL)
        *options = (eddy_tls_options){.size = sizeof *options};
}

static int none(const char *operation)
{
    return eddyi_fail(EDDY_ENOSYS, operation);
}

int eddy_tls_context_create(eddy_tls_context **out, const eddy_tls_context_options *options)
{
    (void)out;
    (void)options;
    return none("create_default_context");
}

eddy_tls_context *eddy_tls_context_retain(eddy_tls_context *context)
{
    return context;
}

void eddy_tls_context_release(eddy_tls_context *context)
{
    (void)context;
}

int eddy_tls_context_load_cert_chain(eddy_tls_context *context, const char *certfile, const char *keyfile,
                                     const char *password)
{
    (void)context;
    (void)certfile;
    (void)keyfile;
    (void)password;
    return none("load_cert_chain");
}

int eddy_tls_context_load_verify_locations(eddy_tls_context *context, const char *cafile, const char *capath,
                                           const char *cadata)
{
    (void)context;
    (void)cafile;
    (void)capath;
    (void)cadata;
    return none("load_verify_locations");
}

int eddy_tls_context_load_default_certs(eddy_tls_context *context)
{
    (void)context;
    return none("load_default_certs");
}

int eddy_tls_context_set_alpn_protocols(eddy_tls_context *context, const char *const *names, size_t count)
{
    (void)context;
    (void)names;
    (void)count;
    return none("set_alpn_protocols");
}

int eddy_tls_context_set_ciphers(eddy_tls_context *context, const char *ciphers)
{
    (void)context;
    (void)ciphers;
    return none("set_ciphers");
}

int eddy_tls_context_set_servername_callback(eddy_tls_context *context, eddy_tls_servername_fn fn, void *arg)
{
    (void)context;
    (void)fn;
    (void)arg;
    return none("sni_callback");
}

int eddy_tls_context_set_keylog_callback(eddy_tls_context *context, eddy_tls_keylog_fn fn, void *arg)
{
    (void)context;
    (void)fn;
    (void)arg;
    return none("keylog_filename");
}

void *eddy_tls_context_native(eddy_tls_context *context)
{
    (void)context;
    return NULL;
}

void *eddy_tls_object_native(const eddy_tls_object *object)
{
    (void)object;
    return NULL;
}

const char *eddy_tls_object_version(const eddy_tls_object *object)
{
    (void)object;
    return NULL;
}

const char *eddy_tls_object_cipher(const eddy_tls_object *object)
{
    (void)object;
    return NULL;
}

int eddy_tls_object_selected_alpn_protocol(const eddy_tls_object *object, char *text, size_t size)
{
    (void)object;
    (void)text;
    (void)size;
    return none("selected_alpn_protocol");
}

bool eddy_tls_object_session_reused(const eddy_tls_object *object)
{
    (void)object;
    return false;
}

int eddy_tls_object_session(const eddy_tls_object *object, eddy_tls_session **out)
{
    (void)object;
    (void)out;
    return none("session");
}

eddy_tls_session *eddy_tls_session_retain(eddy_tls_session *session)
{
    return session;
}

void eddy_tls_session_release(eddy_tls_session *session)
{
    (void)session;
}

int eddy_tls_session_save(const eddy_tls_session *session, void *data, size_t size)
{
    (void)session;
    (void)data;
    (void)size;
    return none("session_save");
}

int eddy_tls_session_load(eddy_tls_session **out, eddy_tls_context *context, const void *data, size_t size)
{
    (void)out;
    (void)context;
    (void)data;
    (void)size;
    return none("session_load");
}

int eddy_tls_object_peer_certificate(const eddy_tls_object *object, eddy_tls_certificate_field field,
                                     char *text, size_t size)
{
    (void)object;
    (void)field;
    (void)text;
    (void)size;
    return none("getpeercert");
}

int eddy_tls_object_peer_certificate_der(const eddy_tls_object *object, void *data, size_t size)
{
    (void)object;
    (void)data;
    (void)size;
    return none("getpeercert");
}

/* ---- the engine ---- */

int eddyi_tls_create(eddy_tls_object **out, const eddy_allocator *allocator, eddy_tls_context *context,
                     const char *host, const char *server_hostname, const eddy_tls_session *session,
                     eddyi_bytes *outgoing)
{
    (void)out;
    (void)allocator;
    (void)context;
    (void)host;
    (void)server_hostname;
    (void)session;
    (void)outgoing;
    return EDDY_ENOSYS;
}

void eddyi_tls_free(eddy_tls_object *object)
{
    (void)object;
}

bool eddyi_tls_available(void)
{
    return false;
}

bool eddyi_tls_is_server(const eddy_tls_context *context)
{
    (void)context;
    return false;
}

bool eddyi_tls_can_serve(const eddy_tls_context *context)
{
    (void)context;
    return false;
}

int eddyi_tls_room(eddy_tls_object *object, size_t size, char **data, size_t *room)
{
    (void)object;
    (void)size;
    (void)data;
    (void)room;
    return EDDY_ENOSYS;
}

void eddyi_tls_fed(eddy_tls_object *object, size_t size)
{
    (void)object;
    (void)size;
}

int eddyi_tls_feed(eddy_tls_object *object, const void *data, size_t size)
{
    (void)object;
    (void)data;
    (void)size;
    return EDDY_ENOSYS;
}

void eddyi_tls_feed_end(eddy_tls_object *object)
{
    (void)object;
}

bool eddyi_tls_fed_end(const eddy_tls_object *object)
{
    (void)object;
    return true;
}

void eddyi_tls_rest(eddy_tls_object *object)
{
    (void)object;
}

int eddyi_tls_handshake(eddy_tls_object *object)
{
    (void)object;
    return EDDY_ENOSYS;
}

int64_t eddyi_tls_read(eddy_tls_object *object, void *data, size_t size)
{
    (void)object;
    (void)data;
    (void)size;
    return EDDY_ENOSYS;
}

int64_t eddyi_tls_write(eddy_tls_object *object, const void *data, size_t size)
{
    (void)object;
    (void)data;
    (void)size;
    return EDDY_ENOSYS;
}

void eddyi_tls_shutdown(eddy_tls_object *object)
{
    (void)object;
}

bool eddyi_tls_has_input(const eddy_tls_object *object)
{
    (void)object;
    return false;
}

bool eddyi_tls_peer_ended(const eddy_tls_object *object)
{
    (void)object;
    return true;
}

eddyi_tls_failure eddyi_tls_failed(const eddy_tls_object *object)
{
    (void)object;
    return (eddyi_tls_failure){EDDY_ENOSYS, NULL};
}
