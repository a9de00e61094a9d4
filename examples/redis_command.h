/* redis_command.h: a Redis command that a task awaits, over hiredis's callbacks.
 * Touches eddy_hiredis.h. hiredis calls back once for each command, also when the connection is lost; a cancelled await leaves its call to that.
 * hiredis frees a connection that failed by itself: `context` is NULL from then on. */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include <stdarg.h>
#include <stdio.h>

#include "eddy_hiredis.h"

typedef struct redis {
    redisAsyncContext *context; /* NULL: not connected any more */
} redis;

/* What a command's sender makes of the reply, which is there during the call only. < 0 is what the command comes to. */
typedef int (*redis_take_fn)(const redisReply *reply, void *arg);

typedef struct redis_call {
    eddy_future *future;
    redis_take_fn take;
    void *arg;
    bool answered, abandoned;
} redis_call;

static inline void redis_lost(const redisAsyncContext *context, int status)
{
    (void)status;
    if (context->data != NULL)
        ((redis *)context->data)->context = NULL;
}

static inline void redis_connected(const redisAsyncContext *context, int status)
{
    if (status != REDIS_OK)
        redis_lost(context, status);
}

/* Begin to connect; that it failed is told to the first command. */
static inline int redis_connect(redis *self, int port)
{
    self->context = NULL;
    redisAsyncContext *context = redisAsyncConnect("127.0.0.1", port);
    int rc = context == NULL ? EDDY_ENOMEM : context->err ? EDDY_ECONNREFUSED : 0;
    if (rc == 0)
        rc = eddy_hiredis_attach(context, eddy_get_running_loop());
    if (rc < 0) {
        if (context != NULL)
            redisAsyncFree(context);
        return rc;
    }
    context->data = self;
    (void)redisAsyncSetConnectCallback(context, redis_connected);
    (void)redisAsyncSetDisconnectCallback(context, redis_lost);
    self->context = context;
    return 0;
}

static inline void redis_close(redis *self)
{
    redisAsyncContext *context = self->context;
    self->context = NULL;
    if (context == NULL)
        return;
    context->data = NULL;
    redisAsyncFree(context);
}

static inline int redis_result_of(const redis_call *call, const redisReply *reply)
{
    if (reply == NULL)
        return EDDY_ECONNRESET;
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)fprintf(stderr, "redis: %s\n", reply->str);
        return EDDY_EPROTO;
    }
    return call->take != NULL ? call->take(reply, call->arg) : 0;
}

static inline void redis_replied(redisAsyncContext *context, void *reply, void *data)
{
    redis_call *call = data;
    (void)context;
    if (call->abandoned) {
        free(call);
        return;
    }
    int rc = redis_result_of(call, reply);
    call->answered = true;
    (void)(rc < 0 ? eddy_future_set_exception(call->future, rc) : eddy_future_set_result(call->future, rc));
}

static inline int redis_await(redis_call *call)
{
    int result = 0;
    eddy_future *future = call->future;
    int rc = eddy_await_future(future, &result);
    if (call->answered)
        free(call);
    else
        call->abandoned = true;
    eddy_future_release(future);
    return rc < 0 ? rc : result;
}

/* Send a command and wait for its reply. Several tasks may do so on one connection: their commands are pipelined. */
static inline int redis_command(redis *self, redis_take_fn take, void *arg, const char *format, ...)
{
    va_list list;
    if (self->context == NULL)
        return EDDY_ECONNRESET;
    redis_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return EDDY_ENOMEM;
    call->take = take;
    call->arg = arg;
    int rc = eddy_loop_create_future(eddy_get_running_loop(), &call->future);
    if (rc < 0) {
        free(call);
        return rc;
    }
    va_start(list, format);
    rc = redisvAsyncCommand(self->context, redis_replied, call, format, list);
    va_end(list);
    if (rc == REDIS_OK)
        return redis_await(call);
    eddy_future_release(call->future);
    free(call);
    return EDDY_ECLOSED;
}

#endif
