/* openssl_session.c: the sessions that a client's context remembers, by the name of the server.
 * Touches openssl.h. Only sessions of verified names are kept; the mutex guards them, for loops of several threads may use one context. */
#include "core/tls/openssl.h"

#include <string.h>

enum { MOST_SESSIONS = 64 };

typedef struct remembered {
    eddyi_list link;
    SSL_SESSION *session;
    char name[];
} remembered;

static void forget(eddy_tls_context *context, remembered *r)
{
    eddyi_list_remove(&r->link);
    context->session_count--;
    SSL_SESSION_free(r->session);
    eddyi_release(&context->allocator, r);
}

static void forget_oldest(eddy_tls_context *context)
{
    forget(context, EDDYI_LIST_ITEM(context->sessions.previous, remembered, link));
}

/* OpenSSL has a new session: 1 takes it over, 0 does not want it. */
static int new_session(SSL *ssl, SSL_SESSION *session)
{
    const eddy_tls_object *object = SSL_get_app_data(ssl);
    if (object == NULL || !object->context->check_hostname)
        return 0;
    eddy_tls_context *context = object->context;
    size_t size = strlen(object->name) + 1;
    remembered *r = eddyi_allocate(&context->allocator, sizeof *r + size);
    if (r == NULL)
        return 0;
    memcpy(r->name, object->name, size);
    r->session = session;
    eddyi_mutex_lock(&context->mutex);
    eddyi_list_append(context->sessions.next, &r->link); /* before the first */
    if (++context->session_count > MOST_SESSIONS)
        forget_oldest(context);
    eddyi_mutex_unlock(&context->mutex);
    return 1;
}

void eddyi_openssl_keep_sessions(eddy_tls_context *context)
{
    SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context->ssl, new_session);
}

void eddyi_openssl_forget_sessions(eddy_tls_context *context)
{
    while (!eddyi_list_empty(&context->sessions))
        forget_oldest(context);
}

static remembered *find(eddy_tls_context *context, const char *name)
{
    for (eddyi_list *link = context->sessions.next; link != &context->sessions; link = link->next) {
        remembered *r = EDDYI_LIST_ITEM(link, remembered, link);
        if (strcmp(r->name, name) == 0)
            return r;
    }
    return NULL;
}

/* A ticket of TLS 1.3 is used once, so that nobody can tell two connections to be from one client (RFC 8446, C.4). */
static bool used_once(const SSL_SESSION *session)
{
    return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

void eddyi_openssl_resume(eddy_tls_object *object)
{
    eddy_tls_context *context = object->context;
    if (!context->check_hostname)
        return;
    eddyi_mutex_lock(&context->mutex);
    remembered *r = find(context, object->name);
    if (r != NULL) {
        (void)SSL_set_session(object->ssl, r->session); /* if that fails there is a full handshake */
        if (used_once(r->session))
            forget(context, r);
    }
    eddyi_mutex_unlock(&context->mutex);
}

void eddyi_openssl_hand_out(eddy_tls_context *context, const SSL_SESSION *session)
{
    if (!used_once(session))
        return;
    eddyi_mutex_lock(&context->mutex);
    eddyi_list_each (link, &context->sessions) {
        remembered *r = EDDYI_LIST_ITEM(link, remembered, link);
        if (r->session == session) {
            forget(context, r);
            break;
        }
    }
    eddyi_mutex_unlock(&context->mutex);
}
