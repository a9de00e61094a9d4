/* config.h: what every other public header needs: version, visibility, and the marks on declarations.
 * Touches nothing. The only public header that looks at the compiler. */
#ifndef EDDY_CONFIG_H
#define EDDY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0
#define EDDY_VERSION       "0.1.0"

#ifdef __cplusplus
#define EDDY_BEGIN extern "C" {
#define EDDY_END   }
#else
#define EDDY_BEGIN
#define EDDY_END
#endif

#if defined(_WIN32) && defined(EDDY_SHARED)
#ifdef EDDY_BUILDING
#define EDDY_EXPORT __declspec(dllexport)
#else
#define EDDY_EXPORT __declspec(dllimport)
#endif
#elif defined(__GNUC__) && defined(EDDY_BUILDING)
#define EDDY_EXPORT __attribute__((visibility("default")))
#else
#define EDDY_EXPORT
#endif

#if defined(__GNUC__)
#define EDDY_CHECK __attribute__((warn_unused_result))
#elif defined(_MSC_VER)
#define EDDY_CHECK _Check_return_
#else
#define EDDY_CHECK
#endif

#define EDDY_API EDDY_EXPORT
/* The call may suspend the task that makes it, and its result must be looked at. */
#define EDDY_AWAIT EDDY_EXPORT EDDY_CHECK

/* EDDY_OPTIONS(eddy_task_options, .name = "fetch"): a pointer to options with the given members set, every
 * other one at its default. Lives until the end of the enclosing block. C only; C++ uses the _init functions. */
#define EDDY_OPTIONS(type, ...) (&(type){.size = sizeof(type), __VA_ARGS__})

EDDY_BEGIN

typedef struct eddy_loop eddy_loop;
typedef struct eddy_handle eddy_handle;
typedef struct eddy_future eddy_future;
typedef struct eddy_task eddy_task;
typedef struct eddy_context eddy_context;
typedef struct eddy_runner eddy_runner;
typedef struct eddy_stream eddy_stream;
typedef struct eddy_server eddy_server;
typedef struct eddy_transport eddy_transport;
typedef struct eddy_protocol eddy_protocol;

/* A descriptor of the operating system: a file descriptor, SOCKET or HANDLE. -1 is none. */
typedef intptr_t eddy_fd;

/* The body of a task. A negative return is the error that awaiting it reports, >= 0 its result. */
typedef int (*eddy_coro_fn)(void *arg);
/* A plain callback: runs on the loop, must not await. */
typedef void (*eddy_callback_fn)(void *arg);
/* A done callback of a future. */
typedef void (*eddy_done_fn)(eddy_future *future, void *arg);

/* Bytes that belong to somebody else; each function that gives one says for how long it stays valid. */
typedef struct eddy_view {
    const char *data;
    size_t size;
} eddy_view;

EDDY_END

#endif
