/* suite_contexts.c: context variables, tokens and contexts as objects, as Python's contextvars has them.
 * Touches the public API and the injection table. Every value that has a release is released exactly once. */
#include "colors.h"
#include "suite.h"

#include "core/base/inject.h"

/* ---- variables and tokens ---- */

TASK_TEST(context_variable_has_its_default_until_it_is_set)
{
    void *found = arg;
    assert_string_equal(color(), "none");
    assert_false(eddy_context_get(NULL, &found, &color_var));
    assert_ptr_equal(found, arg);
    set_color("red");
    assert_string_equal(color(), "red");
    assert_true(eddy_context_get(NULL, &found, &color_var));
    assert_string_equal(found, "red");
    assert_int_equal(eddy_context_var_set(NULL, NULL, arg), EDDY_EINVAL);
    return 0;
}

TASK_TEST(context_reset_puts_back_what_was_before)
{
    eddy_context_token first, second;
    void *old = NULL;
    (void)arg;
    assert_int_equal(eddy_context_var_set(&color_var, &first, "red"), 0);
    assert_int_equal(eddy_context_var_set(&color_var, &second, "blue"), 0);
    assert_false(eddy_context_token_old_value(&first, &old));
    assert_true(eddy_context_token_old_value(&second, &old));
    assert_string_equal(old, "red");
    assert_int_equal(eddy_context_var_reset(&color_var, &second), 0);
    assert_string_equal(color(), "red");
    assert_int_equal(eddy_context_var_reset(&color_var, &first), 0);
    assert_false(eddy_context_get(NULL, NULL, &color_var));
    assert_false(eddy_context_token_old_value(&second, &old));
    return 0;
}

/* As Python does: each token goes back to its own "before". */
TASK_TEST(context_reset_in_another_order_goes_back_to_each_tokens_own_before)
{
    eddy_context_token first, second, of_size;
    (void)arg;
    assert_int_equal(eddy_context_var_set(&color_var, &first, "red"), 0);
    assert_int_equal(eddy_context_var_set(&color_var, &second, "blue"), 0);
    assert_int_equal(eddy_context_var_set(&size_var, &of_size, "large"), 0);
    assert_int_equal(eddy_context_var_reset(&color_var, &first), 0);
    assert_string_equal(color(), "none");
    assert_string_equal(eddy_context_var_get(&size_var), "large");
    assert_int_equal(eddy_context_var_reset(&color_var, &second), 0);
    assert_string_equal(color(), "red");
    assert_int_equal(eddy_context_var_reset(&size_var, &of_size), 0);
    assert_string_equal(color(), "red");
    assert_ptr_equal(eddy_context_var_get(&size_var), NULL);
    return 0;
}

static int reset_color(void *token)
{
    return eddy_context_var_reset(&color_var, token);
}

TASK_TEST(context_token_works_once_for_its_variable_in_its_context)
{
    eddy_context_token token, never = {.state = 0};
    eddy_context *other;
    (void)arg;
    assert_int_equal(eddy_context_var_set(&color_var, &token, "red"), 0);
    assert_int_equal(eddy_context_var_reset(&size_var, &token), EDDY_EINVAL);
    assert_int_equal(eddy_context_var_reset(&color_var, &never), EDDY_EINVAL);
    assert_int_equal(eddy_context_var_reset(&color_var, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_copy_context(&other), 0);
    assert_int_equal(eddy_context_run(other, reset_color, &token), EDDY_EINVAL);
    eddy_context_release(other);
    assert_int_equal(eddy_context_var_reset(&color_var, &token), 0);
    assert_int_equal(eddy_context_var_reset(&color_var, &token), EDDY_EINVALIDSTATE);
    eddy_context_token_release(&token);
    eddy_context_token_release(&never);
    return 0;
}

TASK_TEST(context_token_that_is_released_leaves_the_value)
{
    eddy_context_token token;
    int before = owned_released();
    (void)arg;
    assert_int_equal(eddy_context_var_set(&owned_var, NULL, "first"), 0);
    assert_int_equal(eddy_context_var_set(&owned_var, &token, "second"), 0);
    assert_int_equal(owned_released(), before);
    eddy_context_token_release(&token);
    assert_int_equal(owned_released(), before + 1);
    assert_string_equal(eddy_context_var_get(&owned_var), "second");
    assert_int_equal(eddy_context_var_reset(&owned_var, &token), EDDY_EINVALIDSTATE);
    return 0;
}

static void fail_all_memory(void)
{
    eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    eddyi_inject_start(&plan);
}

/* Going back in order is clean-up, also when a copy was taken meanwhile. */
TASK_TEST(context_reset_in_order_needs_no_memory)
{
    eddy_context_token first, second;
    eddy_context *copy;
    (void)arg;
    assert_int_equal(eddy_context_var_set(&color_var, &first, "red"), 0);
    assert_int_equal(eddy_context_var_set(&size_var, &second, "large"), 0);
    assert_int_equal(eddy_copy_context(&copy), 0);
    fail_all_memory();
    int rc = eddy_context_var_reset(&size_var, &second);
    if (rc == 0)
        rc = eddy_context_var_reset(&color_var, &first);
    eddyi_inject_stop();
    assert_int_equal(rc, 0);
    assert_string_equal(color(), "none");
    assert_true(eddy_context_get(copy, NULL, &color_var));
    eddy_context_release(copy);
    return 0;
}

TASK_TEST(context_set_and_reset_without_memory_change_nothing)
{
    eddy_context_token token, other = {.state = 0};
    eddy_context *copy;
    (void)arg;
    assert_int_equal(eddy_context_var_set(&color_var, &token, "red"), 0);
    assert_int_equal(eddy_context_var_set(&size_var, NULL, "large"), 0);
    assert_int_equal(eddy_copy_context(&copy), 0);
    int released = owned_released();
    fail_all_memory();
    int set = eddy_context_var_set(&owned_var, NULL, "value");
    int set_with_token = eddy_context_var_set(&owned_var, &other, "value");
    int reset = eddy_context_var_reset(&color_var, &token); /* others share it, and another was set since */
    eddyi_inject_stop();
    assert_int_equal(set, EDDY_ENOMEM);
    assert_int_equal(set_with_token, EDDY_ENOMEM);
    assert_int_equal(other.state, 0);
    assert_int_equal(reset, EDDY_ENOMEM);
    assert_int_equal(owned_released(), released);
    assert_string_equal(color(), "red");
    assert_int_equal(eddy_context_var_reset(&color_var, &token), 0);
    assert_string_equal(color(), "none");
    eddy_context_release(copy);
    return 0;
}

TASK_TEST(context_value_is_released_once_by_the_last_context_that_holds_it)
{
    eddy_context *copy;
    int before = owned_released();
    (void)arg;
    assert_int_equal(eddy_context_var_set(&owned_var, NULL, "first"), 0);
    assert_int_equal(eddy_copy_context(&copy), 0);
    assert_int_equal(eddy_context_var_set(&owned_var, NULL, "second"), 0);
    assert_int_equal(owned_released(), before);
    eddy_context_release(copy);
    assert_int_equal(owned_released(), before + 1);
    assert_int_equal(eddy_context_var_set(&owned_var, NULL, "third"), 0);
    assert_int_equal(owned_released(), before + 2);
    return 0;
}

/* ---- contexts ---- */

TASK_TEST(context_copies_go_their_own_ways)
{
    eddy_context *first, *second, *empty;
    void *found;
    (void)arg;
    set_color("red");
    assert_int_equal(eddy_copy_context(&first), 0);
    set_color("blue");
    assert_int_equal(eddy_context_copy(first, &second), 0);
    assert_int_equal(eddy_context_run(first, paint, "green"), 0);
    assert_string_equal(color(), "blue");
    assert_true(eddy_context_get(first, &found, &color_var));
    assert_string_equal(found, "green");
    assert_true(eddy_context_get(second, &found, &color_var));
    assert_string_equal(found, "red");
    assert_int_equal(eddy_context_create(&empty), 0);
    assert_int_equal(eddy_context_items(empty, NULL, 0), 0);
    assert_int_equal(eddy_context_copy(NULL, &second), EDDY_EINVAL);
    assert_int_equal(eddy_copy_context(NULL), EDDY_EINVAL);
    eddy_context_release(first);
    eddy_context_release(second);
    eddy_context_release(empty);
    eddy_context_release(NULL);
    return 0;
}

static int enter_again(void *context)
{
    return eddy_context_run(context, paint, "never");
}

static int enter_between(void *arg)
{
    eddy_context **contexts = arg; /* we are in the first */
    return eddy_context_run(contexts[1], enter_again, contexts[0]);
}

TASK_TEST(context_that_is_entered_cannot_be_entered_again)
{
    eddy_context *contexts[2], *own;
    (void)arg;
    assert_int_equal(eddy_copy_context(&contexts[0]), 0);
    assert_int_equal(eddy_copy_context(&contexts[1]), 0);
    assert_int_equal(eddy_context_run(contexts[0], enter_again, contexts[0]), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_context_run(contexts[0], enter_between, contexts), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_task_get_context(eddy_current_task(), &own), 0);
    assert_int_equal(eddy_context_run(own, paint, "never"), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_context_run(contexts[0], enter_again, own), EDDY_EINVALIDSTATE);
    assert_int_equal(eddy_context_run(contexts[0], paint, "now"), 0);
    assert_int_equal(eddy_context_run(NULL, paint, "never"), EDDY_EINVAL);
    assert_string_equal(color(), "none");
    eddy_context_release(contexts[0]);
    eddy_context_release(contexts[1]);
    eddy_context_release(own);
    return 0;
}

static int paint_over_awaits(void *letters)
{
    for (const char *letter = letters; *letter != '\0'; letter++) {
        set_color(letter);
        int rc = eddy_sleep(0);
        if (rc < 0)
            return rc;
        assert_ptr_equal(color(), letter);
    }
    return 0;
}

static int run_in_copy(void *letters)
{
    eddy_context *copy;
    assert_int_equal(eddy_copy_context(&copy), 0);
    int rc = eddy_context_run(copy, paint_over_awaits, letters);
    assert_string_equal(color(), "outside");
    eddy_context_release(copy);
    return rc;
}

TASK_TEST(context_run_may_await_and_other_tasks_keep_their_own)
{
    eddy_task *tasks[2];
    (void)arg;
    set_color("outside");
    assert_int_equal(eddy_create_task(&tasks[0], run_in_copy, "abcdef", NULL), 0);
    assert_int_equal(eddy_create_task(&tasks[1], run_in_copy, "uvwxyz", NULL), 0);
    assert_int_equal(eddy_gather(NULL, tasks, 2), 0);
    assert_string_equal(color(), "outside");
    eddy_task_release(tasks[0]);
    eddy_task_release(tasks[1]);
    return 0;
}

enum { MANY = 200 };

/* What a context should hold, against what it holds, through sets, copies and resets in a mixed order. */
TASK_TEST(context_holds_many_variables_whatever_their_order)
{
    static eddy_context_var vars[MANY];
    const char *expected[MANY] = {NULL};
    eddy_context_item items[MANY];
    eddy_context *copies[MANY];
    size_t set = 0;
    (void)arg;
    for (size_t i = 0; i < MANY; i++) {
        size_t chosen = (i * 77) % MANY; /* each once */
        set += expected[chosen] == NULL;
        expected[chosen] = &"abcdefgh"[i % 8];
        assert_int_equal(eddy_context_var_set(&vars[chosen], NULL, (void *)(uintptr_t)expected[chosen]), 0);
        assert_int_equal(eddy_copy_context(&copies[i]), 0);
        assert_int_equal(eddy_context_items(NULL, NULL, 0), set);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(eddy_context_var_get(&vars[i]), expected[i]);
    assert_int_equal(eddy_context_items(copies[MANY / 2], items, MANY), MANY / 2 + 1);
    for (size_t i = 0; i <= MANY / 2; i++)
        assert_ptr_equal(items[i].value, expected[items[i].var - vars]);
    for (size_t i = 0; i < MANY; i++)
        eddy_context_release(copies[i]);
    return 0;
}

static eddy_context_var chain_var;

/* A release that sets the variable again: once. */
static void set_again(void *value)
{
    if (strcmp(value, "first") == 0)
        assert_int_equal(eddy_context_var_set(&color_var, NULL, "from a release"), 0);
}

TASK_TEST(context_release_of_a_value_may_set_variables)
{
    (void)arg;
    chain_var.release = set_again;
    assert_int_equal(eddy_context_var_set(&chain_var, NULL, "first"), 0);
    assert_int_equal(eddy_context_var_set(&chain_var, NULL, "second"), 0);
    assert_string_equal(color(), "from a release");
    assert_string_equal(eddy_context_var_get(&chain_var), "second");
    return 0;
}

int suite_contexts(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_variable_has_its_default_until_it_is_set),
        cmocka_unit_test(context_reset_puts_back_what_was_before),
        cmocka_unit_test(context_reset_in_another_order_goes_back_to_each_tokens_own_before),
        cmocka_unit_test(context_token_works_once_for_its_variable_in_its_context),
        cmocka_unit_test(context_token_that_is_released_leaves_the_value),
        cmocka_unit_test(context_reset_in_order_needs_no_memory),
        cmocka_unit_test(context_set_and_reset_without_memory_change_nothing),
        cmocka_unit_test(context_value_is_released_once_by_the_last_context_that_holds_it),
        cmocka_unit_test(context_copies_go_their_own_ways),
        cmocka_unit_test(context_that_is_entered_cannot_be_entered_again),
        cmocka_unit_test(context_run_may_await_and_other_tasks_keep_their_own),
        cmocka_unit_test(context_holds_many_variables_whatever_their_order),
        cmocka_unit_test(context_release_of_a_value_may_set_variables),
    };
    return cmocka_run_group_tests_name("contexts", tests, NULL, NULL);
}
