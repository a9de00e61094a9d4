/* errors.c: the last-error record: of the current task, of the loop outside a task, of the thread without a loop.
 * Touches nothing else. Written by failures only; the first one is kept until an await succeeds. */
#include "core/task/task.h"

static _Thread_local eddy_error thread_error;

eddy_error *eddyi_error_record(void)
{
    eddy_task *task = eddyi_current_task();
    return task != NULL ? &task->error : &thread_error;
}

/* Outside a task nothing awaits, so there each failure is a first one. */
static bool may_replace(void)
{
    eddy_task *task = eddyi_current_task();
    return task == NULL || task->error.code == 0 || task->error_settled;
}

int eddyi_fail_because(int code, int os_error, const char *operation, const char *message)
{
    eddy_error *record = eddyi_error_record();
    if (may_replace()) {
        *record =
            (eddy_error){.code = code, .os_error = os_error, .operation = operation, .message = message};
        eddy_task *task = eddyi_current_task();
        if (task != NULL)
            task->error_settled = false;
    }
    return code;
}

int eddyi_fail_system(int code, int os_error, const char *operation)
{
    return eddyi_fail_because(code, os_error, operation, NULL);
}

eddy_error *eddyi_fail_detail(int code, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    eddy_error *record = eddyi_error_record();
    *record = (eddy_error){.code = code, .operation = operation};
    if (task != NULL)
        task->error_settled = false;
    return record;
}

int eddyi_fail(int code, const char *operation)
{
    return eddyi_fail_system(code, 0, operation);
}

int eddyi_fail_with(eddy_future *future, int code)
{
    eddy_error detail;
    if (!may_replace())
        return code;
    (void)eddy_future_exception(future, &detail);
    (void)eddyi_fail_system(code, detail.os_error, detail.operation);
    *eddyi_error_record() = detail;
    return code;
}

const eddy_error *eddy_last_error(void)
{
    static const eddy_error none;
    const eddy_error *record = eddyi_error_record();
    return record->code != 0 ? record : &none;
}

void eddy_error_clear(void)
{
    *eddyi_error_record() = (eddy_error){0};
}
