/* openssl_wire.c: where OpenSSL finds what came from the wire and leaves what goes to it: two rows of bytes, no I/O.
 * Touches openssl.h. A row that cannot grow is remembered, for OpenSSL does not hand that reason on. */
#include "core/tls/openssl.h"

#include <string.h>

static int wire_read(BIO *bio, char *data, size_t size, size_t *taken)
{
    eddy_tls_object *object = BIO_get_data(bio);
    size_t there = eddyi_bytes_size(&object->incoming);
    BIO_clear_retry_flags(bio);
    *taken = size < there ? size : there;
    if (*taken == 0) {
        if (!object->input_ended)
            BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(data, object->incoming.data + object->incoming.start, *taken);
    eddyi_bytes_consume(&object->allocator, &object->incoming, *taken);
    return 1;
}

static int wire_write(BIO *bio, const char *data, size_t size, size_t *taken)
{
    eddy_tls_object *object = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *taken = 0;
    if (eddyi_bytes_append(&object->allocator, object->outgoing, data, size) < 0) {
        object->out_of_memory = true;
        return 0;
    }
    *taken = size;
    return 1;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
    const eddy_tls_object *object = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return object->input_ended && eddyi_bytes_size(&object->incoming) == 0;
    case BIO_CTRL_PENDING:
        return (long)eddyi_bytes_size(&object->incoming);
    default:
        return 0;
    }
}

/* One method for all, made once and kept to the end of the process, as OpenSSL's own are. */
static BIO_METHOD *wire_method(void)
{
    static _Atomic(BIO_METHOD *) made;
    BIO_METHOD *method = atomic_load(&made);
    if (method != NULL)
        return method;
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "eddy");
    if (method == NULL)
        return NULL;
    BIO_METHOD *earlier = NULL;
    if (BIO_meth_set_read_ex(method, wire_read) != 1 || BIO_meth_set_write_ex(method, wire_write) != 1 ||
        BIO_meth_set_ctrl(method, wire_control) != 1 ||
        !atomic_compare_exchange_strong(&made, &earlier, method)) {
        BIO_meth_free(method);
        return earlier; /* another thread was first; NULL when that was not the reason */
    }
    return method;
}

int eddyi_openssl_attach_wire(eddy_tls_object *object)
{
    BIO_METHOD *method = wire_method();
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio == NULL)
        return EDDY_ENOMEM;
    BIO_set_data(bio, object);
    BIO_set_init(bio, 1);
    SSL_set_bio(object->ssl, bio, bio);
    return 0;
}

/* ---- the rows ---- */

int eddyi_tls_room(eddy_tls_object *object, size_t size, char **data, size_t *room)
{
    int rc = eddyi_bytes_reserve(&object->allocator, &object->incoming, size);
    if (rc < 0)
        return rc;
    *data = object->incoming.data + object->incoming.end;
    *room = object->incoming.capacity - object->incoming.end;
    return 0;
}

void eddyi_tls_fed(eddy_tls_object *object, size_t size)
{
    object->incoming.end += size;
}

int eddyi_tls_feed(eddy_tls_object *object, const void *data, size_t size)
{
    return eddyi_bytes_append(&object->allocator, &object->incoming, data, size);
}

void eddyi_tls_feed_end(eddy_tls_object *object)
{
    object->input_ended = true;
}

bool eddyi_tls_fed_end(const eddy_tls_object *object)
{
    return object->input_ended;
}

void eddyi_tls_rest(eddy_tls_object *object)
{
    if (eddyi_bytes_size(&object->incoming) == 0)
        eddyi_bytes_free(&object->allocator, &object->incoming);
}
