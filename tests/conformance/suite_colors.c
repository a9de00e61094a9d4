/* suite_colors.c: the variables of colors.h.
 * Touches the public API and cmocka. */
#include "colors.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_int released;
static char seen[256];
static int seen_count;

static void count_release(void *value)
{
    (void)value;
    atomic_fetch_add(&released, 1);
}

const eddy_context_var color_var = EDDY_CONTEXT_VAR("color", "none");
const eddy_context_var size_var = EDDY_CONTEXT_VAR("size", NULL);
const eddy_context_var owned_var = {.name = "owned", .release = count_release};

const char *color(void)
{
    return eddy_context_var_get(&color_var);
}

void set_color(const char *value)
{
    assert_int_equal(eddy_context_var_set(&color_var, NULL, (void *)(uintptr_t)value), 0);
}

int paint(void *value)
{
    set_color(value);
    return 0;
}

int owned_released(void)
{
    return atomic_load(&released);
}

void see_color(void *unused)
{
    size_t length = strlen(seen);
    (void)unused;
    (void)snprintf(seen + length, sizeof seen - length, " %s", color());
    seen_count++;
    set_color("seen");
}

void see_color_when_done(eddy_future *future, void *unused)
{
    (void)future;
    see_color(unused);
}

void await_colors(int count)
{
    while (seen_count < count)
        assert_int_equal(eddy_sleep(0.001), 0);
}

const char *colors_seen(void)
{
    static char copy[sizeof seen];
    memcpy(copy, seen, sizeof seen);
    seen[0] = '\0';
    seen_count = 0;
    return copy;
}
