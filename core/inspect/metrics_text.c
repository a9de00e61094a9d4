/* metrics_text.c: a loop's metrics as OpenMetrics text (OpenMetrics 1.0, "Text format").
 * Touches metrics.h and text.h. A family is told once, with its samples together; a counter's sample ends in _total, times are in seconds. */
#include <string.h>

#include "core/inspect/inspect.h"
#include "core/inspect/metrics.h"
#include "core/inspect/text.h"

#define NANOSECONDS UINT64_C(1000000000)

typedef struct family {
    const char *name; /* without the unit */
    const char *help; /* without quotes and line ends */
    size_t at;        /* in eddy_loop_metrics */
    bool is_gauge, is_time;
} family;

#define COUNT(member)    offsetof(eddy_loop_metrics, member), false, false
#define NOW(member)      offsetof(eddy_loop_metrics, member), true, false
#define TIME(member)     offsetof(eddy_loop_metrics, member), false, true
#define TIME_NOW(member) offsetof(eddy_loop_metrics, member), true, true

static const family families[] = {
    {"iterations", "Turns of the loop.", COUNT(iterations)},
    {"callbacks", "Callbacks that ran.", COUNT(callbacks)},
    {"task_steps", "Times that a task ran until it waited, gave way or ended.", COUNT(task_steps)},
    {"tasks_created", "Tasks that were made.", COUNT(tasks_created)},
    {"tasks", "Tasks that have not ended.", NOW(tasks_alive)},
    {"ready", "Callbacks and steps of tasks in the ready queue.", NOW(ready)},
    {"timers", "Timers that are pending.", NOW(timers_pending)},
    {"timers_fired", "Timers that fired.", COUNT(timers_fired)},
    {"lag", "How long after their deadlines timers fired.", TIME(lag_total_ns)},
    {"lag_last", "How late the most late timer was when some fired last.", TIME_NOW(lag_last_ns)},
    {"lag_max", "How late the most late timer was.", TIME_NOW(lag_max_ns)},
    {"busy", "Time in which the loop ran things.", TIME(busy_total_ns)},
    {"busy_last", "From one look at the backend to the next, last.", TIME_NOW(busy_last_ns)},
    {"busy_max", "From one look at the backend to the next, at most.", TIME_NOW(busy_max_ns)},
    {"idle", "Time in the backend when nothing was ready.", TIME(idle_total_ns)},
    {"polls", "Times that the backend was asked.", COUNT(polls)},
    {"events", "Events that the backend told.", COUNT(events)},
    {"operations", "Operations that were begun.", COUNT(operations)},
    {"operations_pending", "Operations that are under way.", NOW(operations_pending)},
};

/* ---- one line ---- */

static void write_label(eddyi_text *text, const char *label, const char *value)
{
    eddyi_text_add(text, "%s=\"", label);
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\n')
            eddyi_text_add(text, "\\n");
        else
            eddyi_text_add(text, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
    }
    eddyi_text_add(text, "\"");
}

/* "{loop="name",label="value"}", of which either may be missing. */
static void write_labels(eddyi_text *text, const char *loop, const char *label, const char *value)
{
    if (loop == NULL && label == NULL)
        return;
    eddyi_text_add(text, "{");
    if (loop != NULL)
        write_label(text, "loop", loop);
    if (loop != NULL && label != NULL)
        eddyi_text_add(text, ",");
    if (label != NULL)
        write_label(text, label, value);
    eddyi_text_add(text, "}");
}

static void write_head(eddyi_text *text, const char *name, const char *type, const char *unit,
                       const char *help)
{
    const char *separator = unit[0] != '\0' ? "_" : "";
    eddyi_text_add(text, "# TYPE eddy_loop%s%s%s %s\n", name, separator, unit, type);
    if (unit[0] != '\0')
        eddyi_text_add(text, "# UNIT eddy_loop%s%s%s %s\n", name, separator, unit, unit);
    eddyi_text_add(text, "# HELP eddy_loop%s%s%s %s\n", name, separator, unit, help);
}

/* ---- families ---- */

static void write_info(eddyi_text *text, const eddy_loop *loop, const char *name)
{
    write_head(text, "", "info", "", "What the loop is.");
    eddyi_text_add(text, "eddy_loop_info");
    write_labels(text, name, "backend", eddy_loop_backend_name(loop));
    eddyi_text_add(text, " 1\n");
}

static void write_family(eddyi_text *text, const family *self, const eddy_loop_metrics *metrics,
                         const char *name)
{
    char full[64];
    uint64_t value;
    (void)snprintf(full, sizeof full, "_%s", self->name);
    write_head(text, full, self->is_gauge ? "gauge" : "counter", self->is_time ? "seconds" : "", self->help);
    memcpy(&value, (const char *)metrics + self->at, sizeof value);
    eddyi_text_add(text, "eddy_loop%s%s%s", full, self->is_time ? "_seconds" : "",
                   self->is_gauge ? "" : "_total");
    write_labels(text, name, NULL, NULL);
    if (self->is_time)
        eddyi_text_add(text, " %llu.%09llu\n", (unsigned long long)(value / NANOSECONDS),
                       (unsigned long long)(value % NANOSECONDS));
    else
        eddyi_text_add(text, " %llu\n", (unsigned long long)value);
}

static void write_system_calls(eddyi_text *text, const eddy_loop *loop, const char *name)
{
    write_head(text, "_system_calls", "counter", "", "System calls by the thread of the loop while it ran.");
    for (int i = 0; i < EDDYI_INJECT_CALLS; i++) {
        if (loop->metrics.calls[i] == 0)
            continue;
        eddyi_text_add(text, "eddy_loop_system_calls_total");
        write_labels(text, name, "call", eddyi_call_name((enum eddyi_inject_call)i));
        eddyi_text_add(text, " %llu\n", (unsigned long long)loop->metrics.calls[i]);
    }
}

/* 0, or why there is none. The text is the caller's to free, also then. */
static int format(eddyi_text *text, eddy_loop *loop, const char *name)
{
    eddy_loop_metrics metrics;
    int rc = eddyi_loop_reachable(loop);
    eddyi_text_init(text, &loop->allocator);
    if (rc < 0)
        return rc;
    eddyi_metrics_take(loop, &metrics);
    write_info(text, loop, name);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        write_family(text, &families[i], &metrics, name);
    write_system_calls(text, loop, name);
    eddyi_text_add(text, "# EOF\n");
    return text->cut ? EDDY_ENOMEM : 0;
}

ptrdiff_t eddy_loop_format_metrics(eddy_loop *loop, char *buffer, size_t size, const char *name)
{
    eddyi_text text;
    if (loop == NULL || (buffer == NULL && size > 0))
        return eddyi_fail(EDDY_EINVAL, "format_metrics");
    int rc = format(&text, loop, name);
    ptrdiff_t length = (ptrdiff_t)text.size;
    if (rc == 0 && size > 0)
        (void)snprintf(buffer, size, "%s", eddyi_text_get(&text));
    eddyi_text_free(&text);
    return rc < 0 ? eddyi_fail(rc, "format_metrics") : length;
}

int eddy_loop_print_metrics(eddy_loop *loop, FILE *file, const char *name)
{
    eddyi_text text;
    if (loop == NULL)
        return eddyi_fail(EDDY_EINVAL, "print_metrics");
    int rc = eddyi_text_put(&text, format(&text, loop, name), file != NULL ? file : stdout);
    return rc < 0 ? eddyi_fail(rc, "print_metrics") : 0;
}
