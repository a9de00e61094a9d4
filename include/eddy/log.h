/* log.h: where what eddy has to say goes: one sink for the process, and a level below which it says nothing.
 * asyncio's logger. Without a sink, lines go to standard error; at the default level these are errors that nobody handled, and warnings. */
#ifndef EDDY_LOG_H
#define EDDY_LOG_H

#include <eddy/config.h>

EDDY_BEGIN

typedef enum eddy_log_level {
    EDDY_LOG_DEBUG = 10,
    EDDY_LOG_INFO = 20,
    EDDY_LOG_WARNING = 30,
    EDDY_LOG_ERROR = 40,
    EDDY_LOG_NOTHING = 100 /* to be set only: nothing is so important */
} eddy_log_level;

/* Valid during the call only. */
typedef struct eddy_log_record {
    size_t size;
    eddy_log_level level;
    const char *message; /* one line, without a newline */
    const char *text;    /* more lines, each with its newline; or NULL */
    eddy_loop *loop;     /* that it is about, or NULL */
} eddy_log_record;

typedef void (*eddy_log_fn)(const eddy_log_record *record, void *arg);

/**
 * Set who gets the records, of all loops and threads: in their threads, so several at once. It must not await, nor call eddy back.
 *
 * asyncio   log.logger
 * takes     fn: NULL is standard error again; arg: given to it
 * errors    EDDY_EBUSY a loop is there
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_set_log(eddy_log_fn fn, void *arg);

/**
 * Set the level of what is told: records below it are not even made. EDDY_LOG_WARNING unless set.
 *
 * asyncio   log.logger
 * errors    EDDY_EINVAL
 * thread    any
 * since     0.1
 */
EDDY_API int eddy_set_log_level(eddy_log_level least);

/**
 * The level that is set.
 *
 * asyncio   log.logger
 * thread    any
 * since     0.1
 */
EDDY_API eddy_log_level eddy_get_log_level(void);

EDDY_END

#endif
