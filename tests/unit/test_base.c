/* test_base.c: error names and numbers, checked sizes, the allocator seam, and the injection table.
 * Touches core/base. Every test leaves the default allocator and a stopped injection behind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <eddy/error.h>
#include "core/base/calls.h"
#include "core/base/list.h"
#include "core/base/memory.h"

/* ---- errors ---- */

typedef struct entry {
    const char *name, *text;
    int number;
} entry;

static const entry entries[] = {
#define ENTRY(name, number, text) {"EDDY_" #name, text, number},
    EDDY_ERROR_MAP(ENTRY)
#undef ENTRY
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

static void error_names_and_numbers_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < ENTRIES; i++) {
        assert_true(entries[i].number < 0 && entries[i].number > EDDY_EUSER);
        for (int j = 0; j < i; j++) {
            assert_int_not_equal(entries[i].number, entries[j].number);
            assert_string_not_equal(entries[i].name, entries[j].name);
        }
    }
}

static void error_names_and_texts_are_those_of_the_list(void **state)
{
    (void)state;
    for (int i = 0; i < ENTRIES; i++) {
        assert_string_equal(eddy_error_name(entries[i].number), entries[i].name);
        assert_string_equal(eddy_strerror(entries[i].number), entries[i].text);
        assert_null(strchr(entries[i].text, '\n'));
    }
}

static void error_numbers_never_change(void **state)
{
    (void)state;
    assert_int_equal(EDDY_ECANCELED, -1);
    assert_int_equal(EDDY_ETIMEDOUT, -2);
    assert_int_equal(EDDY_EINTERRUPTED, -6);
    assert_int_equal(EDDY_ECLOSED, -8);
    assert_int_equal(EDDY_EOVERFLOW, -18);
    assert_int_equal(EDDY_EINVAL, -100);
    assert_int_equal(EDDY_ENOMEM, -101);
    assert_int_equal(EDDY_EADDRINUSE, -110);
    assert_int_equal(EDDY_ECONNREFUSED, -113);
    assert_int_equal(EDDY_ECONNRESET, -114);
    assert_int_equal(EDDY_EPIPE, -116);
    assert_int_equal(EDDY_EAGAIN, -130);
    assert_int_equal(EDDY_ESYSTEM, -135);
    assert_int_equal(EDDY_ENOHOST, -200);
    assert_int_equal(EDDY_EUSER, -10000);
}

static void numbers_that_are_no_code_of_eddy_have_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(eddy_error_name(EDDY_EUSER), "EDDY_EUSER");
    assert_string_equal(eddy_error_name(INT32_MIN), "EDDY_EUSER");
    assert_string_equal(eddy_error_name(-9999), "EDDY_E?");
    assert_string_equal(eddy_error_name(0), "EDDY_E?");
    assert_string_equal(eddy_strerror(EDDY_EUSER), "application error");
    assert_string_equal(eddy_strerror(-9999), "unknown error");
    assert_string_equal(eddy_strerror(0), "success");
    assert_string_equal(eddy_strerror(17), "success");
}

/* ---- sizes ---- */

static void fault_M4_size_arithmetic_finds_every_overflow(void **state)
{
    const size_t root = (size_t)1 << (sizeof(size_t) * 4);
    size_t out = 77;
    (void)state;
    assert_true(eddyi_multiply(&out, root - 1, root + 1) && out == SIZE_MAX);
    assert_true(eddyi_multiply(&out, SIZE_MAX, 1) && out == SIZE_MAX);
    assert_true(eddyi_multiply(&out, SIZE_MAX, 0) && out == 0);
    assert_true(eddyi_multiply(&out, 0, SIZE_MAX) && out == 0);
    assert_true(eddyi_add(&out, SIZE_MAX - 1, 1) && out == SIZE_MAX);
    assert_true(eddyi_add(&out, 0, 0) && out == 0);
    out = 77;
    assert_false(eddyi_multiply(&out, root, root));
    assert_false(eddyi_multiply(&out, SIZE_MAX, 2));
    assert_false(eddyi_multiply(&out, SIZE_MAX / 2 + 1, 2));
    assert_false(eddyi_add(&out, SIZE_MAX, 1));
    assert_false(eddyi_add(&out, SIZE_MAX, SIZE_MAX));
    assert_int_equal(out, 77); /* written on success only */
}

/* ---- the allocator seam ---- */

typedef struct tally {
    int allocated, reallocated, released;
} tally;

static void *tally_allocate(void *context, size_t size)
{
    ((tally *)context)->allocated++;
    return malloc(size);
}

static void *tally_reallocate(void *context, void *block, size_t size)
{
    ((tally *)context)->reallocated++;
    return realloc(block, size);
}

static void tally_release(void *context, void *block)
{
    ((tally *)context)->released++;
    free(block);
}

static void the_allocator_that_was_set_is_used_with_its_context(void **state)
{
    tally counts = {0};
    eddy_allocator allocator = {tally_allocate, tally_reallocate, tally_release, &counts};
    (void)state;
    assert_int_equal(eddy_set_allocator(&allocator), 0);
    allocator.allocate = NULL; /* it was copied */
    const eddy_allocator *in_use = eddyi_default_allocator();
    unsigned char *block = eddyi_allocate_zero(in_use, 100);
    assert_non_null(block);
    for (int i = 0; i < 100; i++)
        assert_int_equal(block[i], 0);
    block = eddyi_reallocate(in_use, block, 200);
    assert_non_null(block);
    eddyi_release(in_use, block);
    eddyi_release(in_use, NULL);
    assert_int_equal(counts.allocated, 1);
    assert_int_equal(counts.reallocated, 1);
    assert_int_equal(counts.released, 1);
    assert_int_equal(eddy_set_allocator(NULL), 0);
    block = eddyi_allocate(eddyi_default_allocator(), 0);
    assert_non_null(block); /* an empty block is a block */
    eddyi_release(eddyi_default_allocator(), block);
    assert_int_equal(counts.allocated, 1);
}

static void an_allocator_that_lacks_a_function_is_refused(void **state)
{
    tally counts = {0};
    const eddy_allocator whole = {tally_allocate, tally_reallocate, tally_release, &counts};
    eddy_allocator lacking = whole;
    (void)state;
    lacking.allocate = NULL;
    assert_int_equal(eddy_set_allocator(&lacking), EDDY_EINVAL);
    lacking = whole;
    lacking.reallocate = NULL;
    assert_int_equal(eddy_set_allocator(&lacking), EDDY_EINVAL);
    lacking = whole;
    lacking.release = NULL;
    assert_int_equal(eddy_set_allocator(&lacking), EDDY_EINVAL);
    assert_ptr_not_equal(eddyi_default_allocator()->context, &counts);
}

static void the_allocator_cannot_change_while_loops_are_alive(void **state)
{
    tally counts = {0};
    const eddy_allocator allocator = {tally_allocate, tally_reallocate, tally_release, &counts};
    (void)state;
    eddyi_loops_alive_add(2);
    assert_int_equal(eddy_set_allocator(&allocator), EDDY_EBUSY);
    eddyi_loops_alive_add(-1);
    assert_int_equal(eddy_set_allocator(&allocator), EDDY_EBUSY);
    assert_ptr_not_equal(eddyi_default_allocator()->context, &counts);
    eddyi_loops_alive_add(-1);
    assert_int_equal(eddy_set_allocator(&allocator), 0);
    assert_int_equal(eddy_set_allocator(NULL), 0);
}

/* ---- injection ---- */

/* One call of a kind, as EDDYI_CALL makes it; the answer is 0 or the error it was told. */
static int call(enum eddyi_inject_call kind)
{
    int error = 0;
    return eddyi_inject_fails(kind, &error) ? error : 0;
}

static void fault_M1_the_kth_call_fails_once(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 3};
    (void)state;
    eddyi_inject_start(&plan);
    for (int i = 1; i <= 10; i++)
        assert_int_equal(call(EDDYI_INJECT_memory) != 0, i == 3);
    assert_int_equal(eddyi_inject_count(), 10);
    assert_int_equal(eddyi_inject_failures(), 1);
    eddyi_inject_stop();
}

static void fault_M2_the_kth_call_and_all_after_it_fail(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 4, .fail_after_too = true};
    (void)state;
    eddyi_inject_start(&plan);
    for (int i = 1; i <= 10; i++)
        assert_int_equal(call(EDDYI_INJECT_memory) != 0, i >= 4);
    assert_int_equal(eddyi_inject_failures(), 7);
    eddyi_inject_stop();
}

static void allocations_fail_as_planned_and_a_block_stays_what_it_was(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 2, .fail_after_too = true};
    const eddy_allocator *allocator = eddyi_default_allocator();
    (void)state;
    eddyi_inject_start(&plan);
    char *block = eddyi_allocate(allocator, 4);
    assert_non_null(block);
    memcpy(block, "abc", 4);
    assert_null(eddyi_reallocate(allocator, block, 1000));
    assert_null(eddyi_allocate(allocator, 1));
    assert_null(eddyi_allocate_zero(allocator, 1));
    assert_string_equal(block, "abc");
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_memory), 4);
    eddyi_inject_stop();
    eddyi_release(allocator, block);
}

static void only_the_chosen_calls_take_part(void **state)
{
    const eddyi_inject_plan plan = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_recv, .os_error = EINTR};
    (void)state;
    eddyi_inject_start(&plan);
    assert_int_equal(call(EDDYI_INJECT_memory), 0);
    assert_int_equal(call(EDDYI_INJECT_send), 0);
    assert_int_equal(call(EDDYI_INJECT_recv), EINTR);
    assert_int_equal(eddyi_inject_count(), 1);
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_send), 1); /* counted, whatever the plan */
    assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_recv), 1);
    eddyi_inject_stop();
}

static void each_call_has_a_name_and_a_usual_error(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .fail_after_too = true};
    (void)state;
    eddyi_inject_start(&plan);
    for (int kind = 0; kind < EDDYI_INJECT_CALLS; kind++) {
        assert_true(call((enum eddyi_inject_call)kind) > 0);
        assert_true(strlen(eddyi_call_name((enum eddyi_inject_call)kind)) > 0);
    }
    assert_int_equal(call(EDDYI_INJECT_accept4), EMFILE);
    assert_int_equal(call(EDDYI_INJECT_connect), ECONNREFUSED);
    assert_int_equal(call(EDDYI_INJECT_recv), ECONNRESET);
    assert_int_equal(call(EDDYI_INJECT_mmap), ENOMEM);
    assert_string_equal(eddyi_call_name(EDDYI_INJECT_memory), "memory");
    assert_string_equal(eddyi_call_name(EDDYI_INJECT_epoll_ctl), "epoll_ctl");
    assert_string_equal(eddyi_call_name(EDDYI_INJECT_CALLS), "?");
    eddyi_inject_stop();
}

static uint64_t percent_pattern(uint64_t seed, uint32_t percent)
{
    const eddyi_inject_plan plan = {.percent = percent, .seed = seed};
    uint64_t pattern = 0;
    eddyi_inject_start(&plan);
    for (int i = 0; i < 64; i++)
        pattern = pattern << 1 | (call(EDDYI_INJECT_recv) != 0);
    eddyi_inject_stop();
    return pattern;
}

static void a_percentage_fails_the_same_calls_for_the_same_seed(void **state)
{
    (void)state;
    assert_int_equal(percent_pattern(7, 30), percent_pattern(7, 30));
    assert_int_not_equal(percent_pattern(7, 30), percent_pattern(8, 30));
    assert_int_equal(percent_pattern(7, 100), UINT64_MAX);
}

static void a_percentage_is_about_met(void **state)
{
    const eddyi_inject_plan plan = {.percent = 30, .seed = 12345};
    (void)state;
    eddyi_inject_start(&plan);
    for (int i = 0; i < 10000; i++)
        (void)call(EDDYI_INJECT_recv);
    assert_in_range(eddyi_inject_failures(), 2800, 3200);
    eddyi_inject_stop();
}

static void counting_alone_fails_nothing_and_starts_at_zero(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        eddyi_inject_start(NULL);
        for (int i = 0; i < 5; i++)
            assert_int_equal(call(EDDYI_INJECT_read), 0);
        assert_int_equal(eddyi_inject_count(), 5);
        assert_int_equal(eddyi_inject_count_of(EDDYI_INJECT_read), 5);
        assert_int_equal(eddyi_inject_failures(), 0);
        eddyi_inject_stop();
        assert_int_equal(call(EDDYI_INJECT_read), 0);
        assert_int_equal(eddyi_inject_count(), 5); /* stopped: nothing is counted */
    }
}

static void transfers_are_limited_only_while_a_plan_says_so(void **state)
{
    const eddyi_inject_plan plan = {.most_bytes = 3};
    (void)state;
    assert_int_equal(eddyi_inject_most_bytes(), UINT32_MAX);
    eddyi_inject_start(&plan);
    assert_int_equal(eddyi_inject_most_bytes(), 3);
    assert_int_equal(call(EDDYI_INJECT_recv), 0);
    eddyi_inject_stop();
    assert_int_equal(eddyi_inject_most_bytes(), UINT32_MAX);
}

static void fault_M3_an_allocation_in_a_forbidden_section_is_counted(void **state)
{
    const eddy_allocator *allocator = eddyi_default_allocator();
    (void)state;
    eddyi_inject_start(NULL);
    eddyi_release(allocator, eddyi_allocate(allocator, 1));
    assert_int_equal(eddyi_inject_forbidden_count(), 0);
    EDDYI_FORBID_MEMORY();
    EDDYI_FORBID_MEMORY(); /* nests */
    assert_int_equal(call(EDDYI_INJECT_recv), 0);
    assert_int_equal(eddyi_inject_forbidden_count(), 0);
    EDDYI_ALLOW_MEMORY();
    eddyi_release(allocator, eddyi_allocate(allocator, 1));
    assert_int_equal(eddyi_inject_forbidden_count(), 1);
    EDDYI_ALLOW_MEMORY();
    eddyi_release(allocator, eddyi_allocate(allocator, 1));
    assert_int_equal(eddyi_inject_forbidden_count(), 1);
    eddyi_inject_stop();
}

/* ---- the list ---- */

static void a_list_keeps_its_order_and_unlinked_nodes_point_at_themselves(void **state)
{
    eddyi_list list, other, nodes[4];
    int i = 0;
    (void)state;
    eddyi_list_init(&list);
    eddyi_list_init(&other);
    assert_true(eddyi_list_empty(&list));
    assert_null(eddyi_list_take(&list));
    for (int n = 0; n < 4; n++)
        eddyi_list_append(n < 2 ? &list : &other, &nodes[n]);
    eddyi_list_move_all(&list, &other);
    eddyi_list_move_all(&list, &other); /* nothing is left to move */
    assert_true(eddyi_list_empty(&other));
    eddyi_list_each (node, &list) {
        assert_ptr_equal(node, &nodes[i]);
        i++;
    }
    assert_int_equal(i, 4);
    eddyi_list_remove(&nodes[1]);
    eddyi_list_remove(&nodes[1]); /* harmless */
    assert_ptr_equal(nodes[1].next, &nodes[1]);
    assert_ptr_equal(eddyi_list_take(&list), &nodes[0]);
    assert_ptr_equal(eddyi_list_take(&list), &nodes[2]);
    assert_ptr_equal(eddyi_list_take(&list), &nodes[3]);
    assert_true(eddyi_list_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_names_and_numbers_are_unique),
        cmocka_unit_test(error_names_and_texts_are_those_of_the_list),
        cmocka_unit_test(error_numbers_never_change),
        cmocka_unit_test(numbers_that_are_no_code_of_eddy_have_a_text_too),
        cmocka_unit_test(fault_M4_size_arithmetic_finds_every_overflow),
        cmocka_unit_test(the_allocator_that_was_set_is_used_with_its_context),
        cmocka_unit_test(an_allocator_that_lacks_a_function_is_refused),
        cmocka_unit_test(the_allocator_cannot_change_while_loops_are_alive),
        cmocka_unit_test(fault_M1_the_kth_call_fails_once),
        cmocka_unit_test(fault_M2_the_kth_call_and_all_after_it_fail),
        cmocka_unit_test(allocations_fail_as_planned_and_a_block_stays_what_it_was),
        cmocka_unit_test(only_the_chosen_calls_take_part),
        cmocka_unit_test(each_call_has_a_name_and_a_usual_error),
        cmocka_unit_test(a_percentage_fails_the_same_calls_for_the_same_seed),
        cmocka_unit_test(a_percentage_is_about_met),
        cmocka_unit_test(counting_alone_fails_nothing_and_starts_at_zero),
        cmocka_unit_test(transfers_are_limited_only_while_a_plan_says_so),
        cmocka_unit_test(fault_M3_an_allocation_in_a_forbidden_section_is_counted),
        cmocka_unit_test(a_list_keeps_its_order_and_unlinked_nodes_point_at_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
