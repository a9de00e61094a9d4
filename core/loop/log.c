/* log.c: the sink of all that eddy has to say, and the level of what it says.
 * Touches standard error; nothing else prints but eddy_exit_status, for a program that ends, and a stack found overflown. The sink is set while no loop is
 * there, so it needs no lock. */
#include "core/loop/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/base/memory.h"
#include "core/task/task.h"

enum { LONGEST = 1024 };

static void write_to_standard_error(const eddy_log_record *record, void *arg)
{
    (void)arg;
    fprintf(stderr, "eddy: %s\n%s", record->message, record->text != NULL ? record->text : "");
}

static eddy_log_fn sink = write_to_standard_error;
static void *sink_arg;
static atomic_int level_told = EDDY_LOG_WARNING;

int eddy_set_log(eddy_log_fn fn, void *arg)
{
    if (eddyi_loops_are_alive())
        return eddyi_fail(EDDY_EBUSY, "set_log");
    sink = fn != NULL ? fn : write_to_standard_error;
    sink_arg = arg;
    return 0;
}

int eddy_set_log_level(eddy_log_level least)
{
    if ((int)least < EDDY_LOG_DEBUG || (int)least > EDDY_LOG_NOTHING)
        return eddyi_fail(EDDY_EINVAL, "set_log_level");
    atomic_store(&level_told, (int)least);
    return 0;
}

eddy_log_level eddy_get_log_level(void)
{
    return (eddy_log_level)atomic_load(&level_told);
}

bool eddyi_logs(eddy_log_level level)
{
    return (int)level >= atomic_load_explicit(&level_told, memory_order_relaxed);
}

void eddyi_log(eddy_log_level level, eddy_loop *loop, const char *text, const char *message, ...)
{
    char line[LONGEST];
    va_list arguments;
    if (!eddyi_logs(level))
        return;
    va_start(arguments, message);
    (void)vsnprintf(line, sizeof line, message, arguments);
    va_end(arguments);
    eddy_log_record record = {
        .size = sizeof record, .level = level, .message = line, .text = text, .loop = loop};
    EDDYI_ALLOW_MEMORY(); /* it is user code, also while a loop closes */
    sink(&record, sink_arg);
    EDDYI_FORBID_MEMORY();
}
