/* test_interleave.c: the order in which addresses are tried (RFC 8305, section 4).
 * Touches interleave.c alone. Expected orders are those that asyncio's _interleave_addrinfos gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/net/interleave.h"

/* Families as letters; what comes out is each address as its place in the input. */
static void expect(const char *families, size_t first_count, const char *order)
{
    uint8_t got[64], in[64];
    char text[65] = "";
    size_t count = strlen(families);
    memcpy(in, families, count);
    eddyi_interleave(got, in, count, first_count);
    for (size_t i = 0; i < count; i++)
        text[i] = (char)('0' + got[i]);
    text[count] = '\0';
    assert_string_equal(text, order);
}

static void resolvers_order_is_kept_without_a_count(void **state)
{
    (void)state;
    expect("AABB", 0, "0123");
    expect("", 0, "");
    expect("", 1, "");
}

static void families_take_turns(void **state)
{
    (void)state;
    expect("AAABB", 1, "03142");
    expect("ABBB", 1, "0123");
    expect("ABBA", 1, "0132");
    expect("BAAB", 1, "0132");
    expect("AAAA", 1, "0123");
    expect("A", 1, "0");
}

static void three_families_take_turns_in_the_order_of_their_first(void **state)
{
    (void)state;
    expect("ABCABC", 1, "012345");
    expect("AABBCC", 1, "024135");
    expect("AACBCB", 1, "023145");
}

static void first_family_has_a_lead(void **state)
{
    (void)state;
    expect("AAAABB", 2, "014253");
    expect("AAAABB", 3, "012435");
    expect("AABB", 9, "0123");
    expect("BBAAAA", 2, "012345");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolvers_order_is_kept_without_a_count),
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(three_families_take_turns_in_the_order_of_their_first),
        cmocka_unit_test(first_family_has_a_lead),
    };
    return cmocka_run_group_tests_name("interleave", tests, NULL, NULL);
}
