/* test_audit.c: hooks that hear of events: their order, what they are given, what they forbid, how many there may be.
 * Touches the public API. Hooks cannot be taken back, so the tests of this program stand in one order and each leaves its hooks behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <eddy.h>

static char heard[256];       /* "name:event " ... */
static const char *forbidden; /* the event that the hook `second` does not allow */
static const void *detail_heard;

static int hear(const char *event, const void *detail, void *name)
{
    size_t size = strlen(heard);
    (void)snprintf(heard + size, sizeof heard - size, "%s:%s ", (const char *)name, event);
    detail_heard = detail;
    return forbidden != NULL && strcmp(name, "second") == 0 && strcmp(event, forbidden) == 0 ? EDDY_EPERM : 0;
}

static char first_name[] = "first", second_name[] = "second", third_name[] = "third";

static void event_without_hooks_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(eddy_audit("something", NULL), 0);
}

static void hooks_hear_in_the_order_in_which_they_came(void **state)
{
    int detail = 1;
    (void)state;
    assert_int_equal(eddy_audit_add_hook(hear, first_name), 0);
    assert_string_equal(heard, ""); /* there was none that could have heard of it */
    assert_int_equal(eddy_audit_add_hook(hear, second_name), 0);
    assert_string_equal(heard, "first:eddy.add_audit_hook ");
    heard[0] = '\0';
    assert_int_equal(eddy_audit("something", &detail), 0);
    assert_string_equal(heard, "first:something second:something ");
    assert_ptr_equal(detail_heard, &detail);
}

static void hook_that_forbids_is_the_last_to_hear(void **state)
{
    (void)state;
    assert_int_equal(eddy_audit_add_hook(hear, third_name), 0);
    heard[0] = '\0';
    forbidden = "something";
    assert_int_equal(eddy_audit("something", NULL), EDDY_EPERM);
    assert_string_equal(heard, "first:something second:something ");
    assert_int_equal(eddy_audit("else", NULL), 0);
}

static void hook_may_forbid_other_hooks(void **state)
{
    (void)state;
    forbidden = "eddy.add_audit_hook";
    assert_int_equal(eddy_audit_add_hook(hear, first_name), EDDY_EPERM);
    forbidden = NULL;
    heard[0] = '\0';
    assert_int_equal(eddy_audit("x", NULL), 0);
    assert_string_equal(heard, "first:x second:x third:x ");
}

static int say_nothing(const char *event, const void *detail, void *count)
{
    (void)event;
    (void)detail;
    ++*(int *)count;
    return 0;
}

static void hooks_beyond_sixteen_are_refused(void **state)
{
    int count = 0;
    (void)state;
    assert_int_equal(eddy_audit_add_hook(NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_audit(NULL, NULL), EDDY_EINVAL);
    for (int i = 3; i < 16; i++)
        assert_int_equal(eddy_audit_add_hook(say_nothing, &count), 0);
    assert_int_equal(eddy_audit_add_hook(say_nothing, &count), EDDY_EOVERFLOW);
    count = 0;
    assert_int_equal(eddy_audit("x", NULL), 0);
    assert_int_equal(count, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_without_hooks_is_allowed),
        cmocka_unit_test(hooks_hear_in_the_order_in_which_they_came),
        cmocka_unit_test(hook_that_forbids_is_the_last_to_hear),
        cmocka_unit_test(hook_may_forbid_other_hooks),
        cmocka_unit_test(hooks_beyond_sixteen_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
