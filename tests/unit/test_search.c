/* test_search.c: the first separator in a row of bytes (rules M1-M3 of asyncio's inventory).
 * Touches search.c alone; compared with a search that tries everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/net/search.h"

enum { MOST = 4 };

static size_t views(eddy_view *out, const char *const *separators)
{
    size_t count = 0;
    for (; separators[count] != NULL; count++)
        out[count] = (eddy_view){separators[count], strlen(separators[count])};
    return count;
}

static void expect(const char *data, const char *const *separators, int start, int end)
{
    eddy_view each[MOST];
    eddyi_match match;
    size_t from = 0, count = views(each, separators);
    bool found = eddyi_search(&match, data, strlen(data), each, count, &from);
    assert_true(found == (start >= 0));
    if (!found)
        return;
    assert_int_equal(match.start, start);
    assert_int_equal(match.end, end);
}

#define SEPARATORS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void rule_M1_match_that_ends_first_wins(void **state)
{
    (void)state;
    expect("ABCDEFG", SEPARATORS("DEF", "BCDE"), 1, 5);
    expect("ABCDEFG", SEPARATORS("BCDE", "DEF"), 1, 5);
    expect("a\r\nb\n", SEPARATORS("\n", "\r\n"), 2, 3); /* two that end together: the shorter one */
    expect("a\r\nb\n", SEPARATORS("\r\n", "\n"), 2, 3);
    expect("aab", SEPARATORS("ab"), 1, 3);
    expect("x", SEPARATORS("x", "xy"), 0, 1);
    expect("", SEPARATORS("x"), -1, -1);
    expect("xx", SEPARATORS("xxx", "y"), -1, -1);
}

/* As it is read: a few more bytes each time, each search going on where the one before ended. */
static void same_answer_however_the_bytes_come(void **state)
{
    static const char letters[] = "ab#";
    uint32_t random = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char data[24], text[MOST][5];
        eddy_view each[MOST];
        size_t size = sizeof data, from = 0, best = SIZE_MAX;
        for (size_t i = 0; i < size; i++) {
            random = random * 1103515245u + 12345u;
            data[i] = letters[(random >> 16) % 3];
        }
        random = random * 1103515245u + 12345u;
        size_t count = 1 + (random >> 16) % MOST;
        for (size_t i = 0; i < count; i++) {
            random = random * 1103515245u + 12345u;
            each[i] = (eddy_view){text[i], 1 + (random >> 16) % 5};
            for (size_t k = 0; k < each[i].size; k++) {
                random = random * 1103515245u + 12345u;
                text[i][k] = letters[(random >> 16) % 3];
            }
        }
        for (size_t end = 1; end <= size && best == SIZE_MAX; end++)
            for (size_t i = 0; i < count; i++)
                if (each[i].size <= end && memcmp(data + end - each[i].size, each[i].data, each[i].size) == 0)
                    best = end;
        eddyi_match match = {0, SIZE_MAX};
        for (size_t there = 1; there <= size; there += 1 + there % 3)
            if (eddyi_search(&match, data, there, each, count, &from))
                break;
        if (match.end == SIZE_MAX && !eddyi_search(&match, data, size, each, count, &from))
            match.end = SIZE_MAX;
        assert_int_equal(match.end, best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_M1_match_that_ends_first_wins),
        cmocka_unit_test(same_answer_however_the_bytes_come),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
