/* openssl_held.c: sessions that the program holds: taken from a connection, written down, read, and given to the next connection.
 * Touches openssl.h. Each is a copy of its own, bound to the context and the name that vouched for it; nothing else makes it go on. */
#include "core/tls/openssl.h"

#include <limits.h>
#include <string.h>

/* What is written: the mark, whether the name was checked, the name after its length, and OpenSSL's own form. */
enum { MARK = 5, HEAD = MARK + 2 };
static const unsigned char mark[MARK] = {'e', 'd', 'd', 'y', 1};

static bool is_checked(const eddy_tls_context *context)
{
    return context->check_hostname;
}

/* Takes the SSL_SESSION over, on success only. */
static int make(eddy_tls_session **out, eddy_tls_context *context, const char *name, size_t size,
                SSL_SESSION *ssl)
{
    eddy_tls_session *session = eddyi_allocate(&context->allocator, sizeof *session + size + 1);
    if (session == NULL)
        return EDDY_ENOMEM;
    session->allocator = context->allocator;
    atomic_init(&session->references, 1);
    session->context = eddy_tls_context_retain(context);
    session->ssl = ssl;
    if (size > 0)
        memcpy(session->name, name, size);
    session->name[size] = '\0';
    *out = session;
    return 0;
}

int eddy_tls_object_session(const eddy_tls_object *object, eddy_tls_session **out)
{
    static const char operation[] = "session";
    if (object == NULL || out == NULL || object->context->server_side)
        return eddyi_fail(EDDY_EINVAL, operation);
    SSL_SESSION *newest = SSL_get_session(object->ssl);
    if (!object->secured || newest == NULL || SSL_SESSION_is_resumable(newest) != 1)
        return eddyi_fail(EDDY_ENOENT, operation);
    SSL_SESSION *copy = SSL_SESSION_dup(newest);
    int rc = EDDY_ENOMEM;
    if (copy != NULL)
        rc = make(out, object->context, object->name, object->name != NULL ? strlen(object->name) : 0, copy);
    if (rc == 0)
        eddyi_openssl_hand_out(object->context, newest);
    else
        SSL_SESSION_free(copy);
    ERR_clear_error();
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

int eddyi_openssl_go_on(eddy_tls_object *object, const eddy_tls_session *session)
{
    const char *name = object->name != NULL ? object->name : "";
    if (session->context != object->context || strcmp(session->name, name) != 0)
        return EDDY_EINVAL;
    SSL_SESSION *copy = SSL_SESSION_dup(session->ssl);
    bool good = copy != NULL && SSL_set_session(object->ssl, copy) == 1;
    SSL_SESSION_free(copy);
    if (!good)
        return EDDY_ENOMEM;
    bool must_verify = SSL_get_verify_mode(object->ssl) != SSL_VERIFY_NONE;
    return must_verify && SSL_get_verify_result(object->ssl) != X509_V_OK ? EDDY_EINVAL : 0;
}

eddy_tls_session *eddy_tls_session_retain(eddy_tls_session *session)
{
    if (session != NULL)
        atomic_fetch_add(&session->references, 1);
    return session;
}

void eddy_tls_session_release(eddy_tls_session *session)
{
    if (session == NULL || atomic_fetch_sub(&session->references, 1) != 1)
        return;
    eddy_allocator allocator = session->allocator;
    SSL_SESSION_free(session->ssl);
    eddy_tls_context_release(session->context);
    eddyi_release(&allocator, session);
}

/* ---- written down ---- */

int eddy_tls_session_save(const eddy_tls_session *session, void *data, size_t size)
{
    static const char operation[] = "session_save";
    if (session == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    size_t named = strlen(session->name);
    int length = i2d_SSL_SESSION(session->ssl, NULL);
    if (length <= 0 || (size_t)length > INT_MAX - HEAD - named)
        return eddyi_fail(EDDY_ENOMEM, operation);
    size_t whole = HEAD + named + (size_t)length;
    if (data == NULL)
        return (int)whole;
    if (whole > size)
        return eddyi_fail(EDDY_EINVAL, operation);
    unsigned char *at = data;
    memcpy(at, mark, MARK);
    at[MARK] = is_checked(session->context);
    at[MARK + 1] = (unsigned char)named;
    memcpy(at + HEAD, session->name, named);
    at += HEAD + named;
    return i2d_SSL_SESSION(session->ssl, &at) == length ? (int)whole : eddyi_fail(EDDY_ENOMEM, operation);
}

/* A context that verifies takes only what one that verified as much has found good. */
static bool suits(const eddy_tls_context *context, const unsigned char *data, size_t size)
{
    return size >= HEAD && memcmp(data, mark, MARK) == 0 && data[MARK] == is_checked(context) &&
           data[MARK + 1] <= size - HEAD && memchr(data + HEAD, '\0', data[MARK + 1]) == NULL;
}

int eddy_tls_session_load(eddy_tls_session **out, eddy_tls_context *context, const void *data, size_t size)
{
    static const char operation[] = "session_load";
    const unsigned char *whole = data;
    if (out == NULL || context == NULL || context->server_side || data == NULL || size > INT_MAX ||
        !suits(context, whole, size))
        return eddyi_fail(EDDY_EINVAL, operation);
    size_t named = whole[MARK + 1];
    const unsigned char *at = whole + HEAD + named, *end = whole + size;
    ERR_clear_error();
    SSL_SESSION *ssl = d2i_SSL_SESSION(NULL, &at, (long)(end - at));
    int rc = ssl != NULL ? 0 : eddyi_openssl_failure(EDDY_EINVAL).code;
    if (rc == 0 && (at != end || SSL_SESSION_is_resumable(ssl) != 1))
        rc = EDDY_EINVAL;
    if (rc == 0)
        rc = make(out, context, (const char *)whole + HEAD, named, ssl);
    if (rc < 0)
        SSL_SESSION_free(ssl);
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}
