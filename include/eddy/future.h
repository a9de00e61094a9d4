/* future.h: a result that will be there once: value, error, or cancelled.
 * asyncio's Future. Refcounted; done callbacks and awaiting tasks are queued, never called inline. */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include <eddy/config.h>
#include <eddy/context.h>
#include <eddy/error.h>

EDDY_BEGIN

/**
 * Make a pending future.
 *
 * asyncio   loop.create_future
 * returns   0 and a reference in *out, which eddy_future_release gives back
 * errors    EDDY_ENOMEM · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API EDDY_CHECK int eddy_loop_create_future(eddy_loop *loop, eddy_future **out);

/**
 * One more reference.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API eddy_future *eddy_future_retain(eddy_future *future);

/**
 * Give a reference back; NULL is fine. The last one reports an error that nobody looked at.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void eddy_future_release(eddy_future *future);

/**
 * Finish it with a result.
 *
 * asyncio   Future.set_result
 * takes     result: 0 or more
 * errors    EDDY_EINVALIDSTATE done already, or a task · EDDY_EINVAL result < 0
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_set_result(eddy_future *future, int result);

/**
 * Finish it with result 0 and a pointer.
 *
 * asyncio   Future.set_result
 * takes     value: readable by eddy_future_value; release: NULL, or called with it when the future goes. Owned only on success
 * errors    EDDY_EINVALIDSTATE
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_set_value(eddy_future *future, void *value, eddy_callback_fn release);

/**
 * Finish it with an error.
 *
 * asyncio   Future.set_exception
 * takes     code: < 0
 * errors    EDDY_EINVALIDSTATE · EDDY_EINVAL code >= 0 or EDDY_ECANCELED (use cancel)
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_set_exception(eddy_future *future, int code);

/**
 * Cancel it.
 *
 * asyncio   Future.cancel
 * returns   false when it was done already
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_future_cancel(eddy_future *future);

/**
 * Cancel it with a message, which travels in the error record of each awaiter.
 *
 * asyncio   Future.cancel
 * takes     message: a literal or longer-lived than every record of it
 * returns   false when it was done already
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_future_cancel_with_message(eddy_future *future, const char *message);

/**
 * Whether it ended cancelled.
 *
 * asyncio   Future.cancelled
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_future_cancelled(const eddy_future *future);

/**
 * Whether it has ended in any way.
 *
 * asyncio   Future.done
 * thread    the loop's
 * since     0.1
 */
EDDY_API bool eddy_future_done(const eddy_future *future);

/**
 * What it came to: result, error, or EDDY_ECANCELED. Never waits. The error counts as looked at.
 *
 * asyncio   Future.result
 * errors    EDDY_EINVALIDSTATE still pending · the future's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_result(eddy_future *future);

/**
 * Its error, 0 when it has a result. Never waits. The error counts as looked at.
 *
 * asyncio   Future.exception
 * takes     detail: NULL, or gets a copy of the error's record
 * errors    EDDY_EINVALIDSTATE still pending · the future's own
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_exception(eddy_future *future, eddy_error *detail);

/**
 * The pointer of eddy_future_set_value, NULL when there is none.
 *
 * thread    the loop's
 * since     0.1
 */
EDDY_API void *eddy_future_value(const eddy_future *future);

/**
 * Its loop. Not a new reference.
 *
 * asyncio   Future.get_loop
 * thread    any
 * since     0.1
 */
EDDY_API eddy_loop *eddy_future_get_loop(const eddy_future *future);

/**
 * Call back when it is done: queued in order of registration, at once if it is done already.
 *
 * asyncio   Future.add_done_callback
 * errors    EDDY_ENOMEM · EDDY_ECLOSED · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_add_done_callback(eddy_future *future, eddy_done_fn fn, void *arg);

/**
 * The same in that context, which is used itself.
 *
 * asyncio   Future.add_done_callback with context
 * takes     context: NULL is a copy of the current one
 * errors    as eddy_future_add_done_callback
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_add_done_callback_in_context(eddy_future *future, eddy_done_fn fn, void *arg,
                                                      eddy_context *context);

/**
 * Remove every registration of that pair that is not queued yet.
 *
 * asyncio   Future.remove_done_callback
 * returns   how many were removed
 * thread    the loop's
 * since     0.1
 */
EDDY_API int eddy_future_remove_done_callback(eddy_future *future, eddy_done_fn fn, void *arg);

/**
 * Wait until it is done. Cancelling the awaiting task cancels the future.
 *
 * asyncio   await future
 * suspends  while it is pending
 * takes     outcome: NULL, or gets the future's result or error
 * returns   with outcome: 0, or how the waiting failed; without: the future's result or error, or how the waiting failed
 * errors    EDDY_ECANCELED · EDDY_ENOTASK · EDDY_EWRONGLOOP · EDDY_EDEADLK a task awaits itself or a cycle · EDDY_EINVAL
 * thread    the loop's
 * since     0.1
 */
EDDY_AWAIT int eddy_await_future(eddy_future *future, int *outcome);

EDDY_END

#endif
