/* generator.h: asyncio's asynchronous generators: a body that hands out one value after another and may await between them.
 * The body runs as part of the task that asks for the next value, on a stack of its own. */
#ifndef EDDY_GENERATOR_H
#define EDDY_GENERATOR_H

#include <eddy/config.h>
#include <eddy/error.h>

EDDY_BEGIN

/* `async for` in C; a loop that is left early closes what it iterated over:
 *
 *     while ((rc = eddy_generator_next(generator, &value)) > 0) {
 *         ...
 *     }
 *     rc = eddy_generator_aclosing(generator, rc);
 *     eddy_generator_release(generator);
 */

typedef struct eddy_generator_options {
    size_t size;
    const char *name;           /* for reports: a literal or longer-lived than the generator; NULL: none */
    size_t stack_size;          /* as in eddy_task_options */
    bool stack_without_signals; /* as in eddy_task_options */
    eddy_callback_fn release;   /* runs once with arg when the body has ended, also when it never began */
} eddy_generator_options;

EDDY_API void eddy_generator_options_init(eddy_generator_options *options);

/**
 * Make a generator on the running loop. Its body fn(arg) begins with the first eddy_generator_next.
 *
 * In the body the current task is the consumer's: its cancels, timeouts and error record. What the body defers runs when the
 * body ends. A negative return is an error, told once to the consumer; any other ends the iteration.
 *
 * asyncio   agen
 * takes     options: NULL for the defaults; arg: yours, given to fn
 * returns   0 and a reference in *out, which eddy_generator_release gives back
 * errors    EDDY_ENOLOOP · EDDY_ENOMEM (arg stays yours, release does not run) · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_generator_create(eddy_generator **out, eddy_coro_fn fn, void *arg,
                                              const eddy_generator_options *options);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_generator *eddy_generator_retain(eddy_generator *generator);

/**
 * Give a reference back; NULL is fine. A generator whose last reference goes while its body is at a yield is closed by the loop,
 * in a task of its own that needs no memory; an error is reported as of a task that nobody awaited.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_generator_release(eddy_generator *generator);

/**
 * The next value. A cancel of the caller is delivered at the body's await.
 *
 * Leaving the iteration early does not close the generator: eddy_generator_aclosing does.
 *
 * asyncio   anext, agen.__anext__
 * suspends  as the body does
 * takes     out: NULL, or gets what the body yielded: the body's, valid until it goes on unless the two agree on more
 * returns   1 and a value; 0 the body has ended, and again 0 afterwards
 * errors    EDDY_EBUSY it is running already · EDDY_ENOTASK · EDDY_EWRONGLOOP · EDDY_EINVAL · the body's own, once
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_generator_next(eddy_generator *generator, void **out);

/**
 * The next value, with one for the body: what its yield gives.
 *
 * asyncio   agen.asend
 * suspends  as the body does
 * takes     value: yours; out: as in eddy_generator_next
 * returns   as eddy_generator_next
 * errors    EDDY_EINVALIDSTATE the body has not begun and value is not NULL · as eddy_generator_next
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_generator_asend(eddy_generator *generator, void *value, void **out);

/**
 * The next value, with an error for the body: its yield fails with that. A body that has not begun never will.
 *
 * asyncio   agen.athrow
 * suspends  as the body does
 * takes     code: below 0; out: as in eddy_generator_next
 * returns   as eddy_generator_next
 * errors    code itself, unless the body deals with it · as eddy_generator_next
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_generator_athrow(eddy_generator *generator, int code, void **out);

/**
 * End the body: its yield fails with EDDY_EGENERATOREXIT and it cleans up. Idempotent.
 *
 * asyncio   agen.aclose
 * suspends  as the body's clean-up does
 * returns   0 when the body has ended, with EDDY_EGENERATOREXIT or without an error
 * errors    EDDY_EINVALIDSTATE the body yielded again, and stays there · EDDY_EBUSY · EDDY_ENOTASK · EDDY_EWRONGLOOP ·
 *           EDDY_EINVAL · the body's own
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_generator_aclose(eddy_generator *generator);

/**
 * The end of a block that iterates: close the generator whatever the block came to.
 *
 * asyncio   contextlib.aclosing
 * suspends  as eddy_generator_aclose
 * takes     body_result: what the block came to
 * returns   body_result
 * errors    as eddy_generator_aclose, in place of body_result
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_generator_aclosing(eddy_generator *generator, int body_result);

/**
 * In a body: hand a value to the consumer and wait until it asks for the next one.
 *
 * Not an await: a cancel of the consumer is not delivered here. The body may go on in another task than before.
 *
 * asyncio   agen.yield
 * suspends  always; the consumer goes on at once
 * takes     value: valid until this returns, or as the two agreed; sent: NULL, or gets the value of eddy_generator_asend, else NULL
 * returns   0
 * errors    EDDY_EGENERATOREXIT it is being closed: clean up and return · what eddy_generator_athrow threw ·
 *           EDDY_EINVALIDSTATE not in the body of a generator
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_generator_yield(void *value, void **sent);

/**
 * The name that it was made with, "" for none. Never NULL.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API const char *eddy_generator_name(const eddy_generator *generator);

/**
 * Whether its body is on its way: some task is in eddy_generator_next.
 *
 * asyncio   agen.ag_running
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_generator_running(const eddy_generator *generator);

/**
 * Close every generator whose body is at a yield, all at the same time, and wait for them. Needs no memory.
 *
 * An error of one is reported to the exception handler and does not stop the rest. Afterwards a body that begins is reported.
 *
 * asyncio   loop.shutdown_asyncgens
 * suspends  while one is not closed
 * returns   0
 * errors    EDDY_ECANCELED those that were being closed were cancelled and waited for · EDDY_ENOTASK · EDDY_EWRONGLOOP ·
 *           EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_loop_shutdown_asyncgens(eddy_loop *loop);

EDDY_END

#endif
