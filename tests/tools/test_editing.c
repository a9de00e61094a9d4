/* test_editing.c: the prompt of the program eddy with its line editor: cursor keys, history, many bytes to a character.
 * Touches a pseudo-terminal, the program, and a file for the history. */
#include "terminal.h"

static const char *const no_options[] = {NULL}, *const no_settings[] = {NULL};

static void lines_are_edited(void **state)
{
    terminal at;
    (void)state;
    terminal_start(&at, no_options, no_settings);
    terminal_expect(&at, "#include <eddy.h>\n");
    terminal_expect(&at, ">>> ");
    terminal_type(&at, "13\033[D" /* left */ "2\001" /* to the begin */ "1 + \n");
    terminal_expect(&at, "\n124\n");
    terminal_leave(&at);
}

static void history_comes_back(void **state)
{
    terminal at;
    (void)state;
    terminal_start(&at, no_options, no_settings);
    terminal_expect(&at, "#include <eddy.h>\n");
    terminal_enter(&at, "int x = 40;");
    terminal_enter(&at, "x += 1");
    terminal_expect(&at, "\n41\n");
    terminal_enter(&at, "\033[A"); /* up */
    terminal_expect(&at, "\n42\n");
    terminal_enter(&at, "\033[A\033[A\033[B"); /* up, up, down */
    terminal_expect(&at, "\n43\n");
    terminal_leave(&at);
}

static void history_outlives_the_program(void **state)
{
    char path[] = "/tmp/eddy-history-XXXXXX", setting[64];
    const char *const settings[] = {setting, NULL};
    terminal at;
    (void)state;
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    (void)close(descriptor);
    (void)snprintf(setting, sizeof setting, "EDDY_HISTORY=%s", path);
    terminal_start(&at, no_options, settings);
    terminal_expect(&at, "#include <eddy.h>\n");
    terminal_enter(&at, "6 * 111");
    terminal_expect(&at, "\n666\n");
    terminal_leave(&at);
    terminal_start(&at, no_options, settings);
    terminal_expect(&at, "#include <eddy.h>\n");
    terminal_enter(&at, "\033[A");
    terminal_expect(&at, "\n666\n");
    terminal_leave(&at);
    assert_int_equal(unlink(path), 0);
}

static void characters_of_many_bytes_are_one(void **state)
{
    static const char *const utf8[] = {"LC_ALL=C.UTF-8", NULL};
    terminal at;
    (void)state;
    terminal_start(&at, no_options, utf8);
    terminal_expect(&at, "#include <eddy.h>\n");
    terminal_enter(&at,
                   "strlen(\"\303\251\342\202\254\177\") + 5"); /* the last one is taken back, as a whole */
    terminal_expect(&at, "\n7\n");
    terminal_leave(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_edited),
        cmocka_unit_test(history_comes_back),
        cmocka_unit_test(history_outlives_the_program),
        cmocka_unit_test(characters_of_many_bytes_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
