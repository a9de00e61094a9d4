/* eddy_hiredis.h: the adapter by which hiredis's asynchronous contexts run on an eddy loop: copy it into a program of yours.
 * Touches the public API and hiredis. hiredis frees the adapter by `cleanup`, which may come from within one of its own callbacks. */
#ifndef EDDY_HIREDIS_H
#define EDDY_HIREDIS_H

#include <stdlib.h>

#include <eddy.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

typedef struct eddy_hiredis {
    redisAsyncContext *context;
    eddy_loop *loop;
    eddy_fd fd;
    eddy_handle *timer;
} eddy_hiredis;

static inline void eddy_hiredis_readable(void *arg)
{
    redisAsyncHandleRead(((eddy_hiredis *)arg)->context);
}

static inline void eddy_hiredis_writable(void *arg)
{
    redisAsyncHandleWrite(((eddy_hiredis *)arg)->context);
}

static inline void eddy_hiredis_add_read(void *arg)
{
    eddy_hiredis *self = arg;
    (void)eddy_loop_add_reader(self->loop, self->fd, eddy_hiredis_readable, self);
}

static inline void eddy_hiredis_del_read(void *arg)
{
    eddy_hiredis *self = arg;
    (void)eddy_loop_remove_reader(self->loop, self->fd);
}

static inline void eddy_hiredis_add_write(void *arg)
{
    eddy_hiredis *self = arg;
    (void)eddy_loop_add_writer(self->loop, self->fd, eddy_hiredis_writable, self);
}

static inline void eddy_hiredis_del_write(void *arg)
{
    eddy_hiredis *self = arg;
    (void)eddy_loop_remove_writer(self->loop, self->fd);
}

static inline void eddy_hiredis_drop_timer(eddy_hiredis *self)
{
    if (self->timer != NULL)
        eddy_handle_cancel(self->timer);
    eddy_handle_release(self->timer);
    self->timer = NULL;
}

static inline void eddy_hiredis_cleanup(void *arg)
{
    eddy_hiredis *self = arg;
    eddy_hiredis_del_read(self);
    eddy_hiredis_del_write(self);
    eddy_hiredis_drop_timer(self);
    free(self);
}

#if HIREDIS_MAJOR >= 1 /* before that it has no limits of time of its own */
static inline void eddy_hiredis_timed_out(void *arg)
{
    redisAsyncHandleTimeout(((eddy_hiredis *)arg)->context);
}

static inline void eddy_hiredis_schedule_timer(void *arg, struct timeval after)
{
    eddy_hiredis *self = arg;
    double seconds = (double)after.tv_sec + (double)after.tv_usec / 1e6;
    eddy_hiredis_drop_timer(self);
    (void)eddy_loop_call_later(self->loop, &self->timer, seconds, eddy_hiredis_timed_out, self);
}
#endif

/* Have the loop drive that context: 0, EDDY_EBUSY when one drives it already, EDDY_ENOMEM. */
static inline int eddy_hiredis_attach(redisAsyncContext *context, eddy_loop *loop)
{
    if (context->ev.data != NULL)
        return EDDY_EBUSY;
    eddy_hiredis *self = malloc(sizeof *self);
    if (self == NULL)
        return EDDY_ENOMEM;
    *self = (eddy_hiredis){.context = context, .loop = loop, .fd = context->c.fd};
    context->ev.data = self;
    context->ev.addRead = eddy_hiredis_add_read;
    context->ev.delRead = eddy_hiredis_del_read;
    context->ev.addWrite = eddy_hiredis_add_write;
    context->ev.delWrite = eddy_hiredis_del_write;
    context->ev.cleanup = eddy_hiredis_cleanup;
#if HIREDIS_MAJOR >= 1
    context->ev.scheduleTimer = eddy_hiredis_schedule_timer;
#endif
    return 0;
}

#endif
