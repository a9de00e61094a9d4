/* test_prompt.c: the prompt of the program eddy, typed at through a terminal.
 * Touches a pseudo-terminal and the program. Each test runs with the line editor, where the program has one, and without. */
#include "terminal.h"

static const char *const no_options[] = {NULL};
static const char *const with_editor[] = {NULL};
static const char *const without_editor[] = {"EDDY_BASIC_REPL=1", NULL};

static const char *const *settings_of(void **state)
{
    return *state != NULL ? *state : with_editor;
}

static void start(terminal *at, void **state)
{
    terminal_start(at, no_options, settings_of(state));
    terminal_expect(at, ">>> #include <eddy.h>\n");
}

static void expect_answer(terminal *at, const char *input, const char *shown)
{
    char line[256];
    (void)snprintf(line, sizeof line, "\n%s\n", shown);
    terminal_enter(at, input);
    terminal_expect(at, line);
}

static void values_are_shown_by_their_types(void **state)
{
    terminal at;
    start(&at, state);
    expect_answer(&at, "1 + 2", "3");
    expect_answer(&at, "7.0 / 2", "3.5");
    expect_answer(&at, "2.0", "2.0");
    expect_answer(&at, "\"a\\tb\"", "\"a\\tb\"");
    expect_answer(&at, "1 == 1.0 ? (bool)1 : (bool)0", "1"); /* C makes an int of it */
    expect_answer(&at, "(bool)7", "true");
    expect_answer(&at, "(char)65", "'A'");
    expect_answer(&at, "(void *)0", "NULL");
    expect_answer(&at, "18446744073709551615u", "18446744073709551615");
    terminal_leave(&at);
}

static void calls_may_await(void **state)
{
    terminal at;
    start(&at, state);
    expect_answer(&at, "eddy_sleep(0.01)", "0");
    expect_answer(&at, "eddy_sleep(0.0 / 0.0)", "-100 EDDY_EINVAL (invalid argument)");
    terminal_leave(&at);
}

static void what_is_declared_stays(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "int count = 2, *where = &count;");
    terminal_enter(&at, "struct point { int x, y; } here = {3, 4};");
    terminal_enter(&at, "typedef struct point point;");
    terminal_enter(&at, "static int twice(int n) { return 2 * n; }");
    terminal_enter(&at, "point there = {twice(count), here.y};");
    terminal_enter(&at, "count = 21;");
    expect_answer(&at, "twice(*where)", "42");
    expect_answer(&at, "there.x + there.y", "8");
    expect_answer(&at, "sizeof there == sizeof(point)", "1");
    terminal_leave(&at);
}

static void names_may_be_declared_anew(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "int it = 1;");
    terminal_enter(&at, "int get(void) { return it; }");
    terminal_enter(&at, "const char *it = \"other\";");
    expect_answer(&at, "it", "\"other\"");
    expect_answer(&at, "get()", "1"); /* it was compiled with the old one */
    terminal_enter(&at, "int get(void) { return 2; }");
    expect_answer(&at, "get()", "2");
    terminal_leave(&at);
}

static void blocks_go_over_lines(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "int sum(int n)");
    terminal_expect(&at, "... ");
    terminal_type(&at, "{\n");
    terminal_expect(&at, "... ");
    terminal_type(&at, "int all = 0; for (int i = 1; i <= n; i++)\n");
    terminal_expect(&at, "... ");
    terminal_type(&at, "all += i;\n");
    terminal_expect(&at, "... ");
    terminal_type(&at, "return all; }\n");
    terminal_enter(&at, "sum(\\");
    terminal_expect(&at, "... ");
    terminal_type(&at, "4)\n");
    terminal_expect(&at, "\n10\n");
    terminal_leave(&at);
}

static void interrupt_cancels_what_is_awaited(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "puts(\"it sleeps\"); eddy_sleep(1000)");
    terminal_expect(&at, "\nit sleeps\n");
    terminal_type(&at, "\003");
    terminal_expect(&at, "KeyboardInterrupt\n");
    expect_answer(&at, "5", "5");
    terminal_enter(&at, "int told; told = (puts(\"again\"), eddy_sleep(1000));");
    terminal_expect(&at, "\nagain\n");
    terminal_type(&at, "\003");
    terminal_expect(&at, "KeyboardInterrupt\n");
    expect_answer(&at, "eddy_error_name(told)", "\"EDDY_ECANCELED\"");
    terminal_leave(&at);
}

static void interrupt_at_the_prompt_forgets_the_line(void **state)
{
    terminal at;
    start(&at, state);
    terminal_expect(&at, ">>> ");
    terminal_type(&at, "\003");
    terminal_expect(&at, "KeyboardInterrupt\n");
    terminal_enter(&at, "int half(");
    terminal_expect(&at, "... ");
    terminal_type(&at, "nonsense");
    terminal_expect(&at, "nonsense");
    terminal_type(&at, "\003");
    terminal_expect(&at, "KeyboardInterrupt\n");
    expect_answer(&at, "6", "6");
    terminal_leave(&at);
}

static void input_that_does_not_heed_its_cancel_is_given_up(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "int rc, stop = 0; while (!stop) { puts(\"around\"); rc = eddy_sleep(1000); }");
    terminal_expect(&at, "\naround\n");
    terminal_type(&at, "\003");
    terminal_expect(&at, "around\n");
    terminal_type(&at, "\003");
    terminal_expect(&at, "does not heed");
    expect_answer(&at, "stop = 1", "1");
    terminal_leave(&at);
}

static void computation_without_end_is_ended_by_three_interrupts(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "puts(\"it spins\"); for (;;) { }");
    terminal_expect(&at, "\nit spins\n");
    do
        terminal_type(&at, "\003"); /* those that come at once are one */
    while (terminal_read(&at));
    assert_int_equal(terminal_end(&at), -1);
}

static void tasks_go_on_while_the_prompt_waits(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at,
                   "int tick(void *name) { for (int i = 0; i < 3; i++) { if (eddy_sleep(0.01) < 0) break; "
                   "printf(\"%s %d\\n\", (char *)name, i); } return 0; }");
    terminal_enter(&at, "eddy_create_task(NULL, tick, \"tick\", NULL);");
    terminal_expect(&at, "tick 0\n");
    terminal_expect(&at, "tick 1\n");
    terminal_expect(&at, "tick 2\n");
    terminal_type(&at, "1 + 1\n");
    terminal_expect(&at, "2\n");
    terminal_leave(&at);
}

static void context_lives_from_input_to_input(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(
        &at,
        "eddy_context_var name = {.name = \"name\"}; int rc = eddy_context_var_set(&name, NULL, \"set\");");
    expect_answer(&at, "(char *)eddy_context_var_get(&name)", "\"set\"");
    terminal_leave(&at);
}

static void errors_are_shown_and_the_prompt_goes_on(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "int x = 1;");
    terminal_enter(&at, "if (x) {");
    terminal_expect(&at, "... ");
    terminal_type(&at, "x = unknown_name; x = 5;\n");
    terminal_expect(&at, "... ");
    terminal_type(&at, "}\n");
    terminal_expect(&at, "<stdin>:2: error: ");
    terminal_expect(&at, "unknown_name");
    expect_answer(&at, "x", "1");
    terminal_enter(&at, "no_such_function(1)");
    terminal_expect(&at, "no_such_function");
    expect_answer(&at, "x + 1", "2");
    terminal_leave(&at);
}

static void leaving_cancels_the_tasks(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at,
                   "int wait(void *name) { int rc = eddy_sleep(1000); printf(\"%s: %s\\n\", (char *)name, "
                   "eddy_error_name(rc)); return rc; }");
    terminal_enter(&at, "eddy_create_task(NULL, wait, \"waiter\", NULL);");
    terminal_expect(&at, ">>> ");
    terminal_type(&at, "\004");
    terminal_expect(&at, "exiting eddy REPL...\n");
    terminal_expect(&at, "waiter: EDDY_ECANCELED\n");
    assert_int_equal(terminal_end(&at), 0);
}

static void end_may_be_typed_ahead(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "puts(\"it sleeps\"); eddy_sleep(0.05)");
    terminal_expect(&at, "\nit sleeps\n");
    terminal_type(&at, "\004");
    terminal_expect(&at, "exiting eddy REPL...\n");
    assert_int_equal(terminal_end(&at), 0);
}

static void exit_ends_with_its_status(void **state)
{
    terminal at;
    start(&at, state);
    terminal_enter(&at, "void bye(void) { puts(\"bye\"); }");
    terminal_enter(&at, "atexit(bye);");
    terminal_enter(&at, "exit(7)");
    terminal_expect(&at, "\nbye\n");
    assert_int_equal(terminal_end(&at), 7);
}

static void quiet_leaves_the_greeting_out(void **state)
{
    static const char *const quiet[] = {"-q", NULL};
    terminal at;
    terminal_start(&at, no_options, settings_of(state));
    terminal_expect(&at, "eddy REPL ");
    terminal_expect(&at, ">>> #include <eddy.h>\n");
    terminal_leave(&at);
    terminal_start(&at, quiet, settings_of(state));
    terminal_expect(&at, ">>> ");
    assert_null(strstr(at.shown, "REPL"));
    terminal_type(&at, "\004");
    assert_int_equal(terminal_end(&at), 0);
}

#define ONCE(name) cmocka_unit_test(name)
#define TWICE(name)                                                                                          \
    cmocka_unit_test(name),                                                                                  \
    {                                                                                                        \
#name "_without_an_editor", name, NULL, NULL, (void *)(uintptr_t)without_editor                      \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TWICE(values_are_shown_by_their_types),
        TWICE(calls_may_await),
        TWICE(what_is_declared_stays),
        TWICE(names_may_be_declared_anew),
        TWICE(blocks_go_over_lines),
        TWICE(interrupt_cancels_what_is_awaited),
        TWICE(interrupt_at_the_prompt_forgets_the_line),
        TWICE(input_that_does_not_heed_its_cancel_is_given_up),
        ONCE(computation_without_end_is_ended_by_three_interrupts),
        TWICE(tasks_go_on_while_the_prompt_waits),
        ONCE(context_lives_from_input_to_input),
        TWICE(errors_are_shown_and_the_prompt_goes_on),
        TWICE(leaving_cancels_the_tasks),
        TWICE(end_may_be_typed_ahead),
        TWICE(exit_ends_with_its_status),
        TWICE(quiet_leaves_the_greeting_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
