/* test_input.c: when an input is complete, what its pieces are, and the C text that is made of it.
 * Touches the files of tools/eddy/ that do this, and memory alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "declaration.h"
#include "input.h"
#include "unit.h"

/* ---- whether it is complete ---- */

static enum input_state state_of(const char *typed)
{
    input from;
    input_read(&from, typed);
    enum input_state state = from.state;
    assert_false(from.failed);
    input_free(&from);
    return state;
}

static void expect_states(const char *const *inputs, enum input_state state)
{
    for (; *inputs != NULL; inputs++)
        if (state_of(*inputs) != state) {
            print_error("%s: %d\n", *inputs, (int)state_of(*inputs));
            fail();
        }
}

static void blank_inputs_are_blank(void **state)
{
    (void)state;
    expect_states((const char *const[]){"", "\n", "  \t\n", "/* nothing */", "// nothing\n", NULL},
                  INPUT_BLANK);
}

static void complete_inputs_are_complete(void **state)
{
    (void)state;
    expect_states((const char *const[]){"1 + 2",
                                        "x;",
                                        "int x = f()",
                                        "int x;",
                                        "int a[] = {1, 2};",
                                        "f(\"(\")",
                                        "'('",
                                        "'\\''",
                                        "\"\\\"\"",
                                        "if (x) { f(); }",
                                        "int f(void) { return 1; }",
                                        "#define A(x) (x",
                                        "#if 1\nint x;\n#endif",
                                        "do f(); while (x);",
                                        "struct p { int x; };",
                                        "x /* ( */",
                                        "f(x) // {",
                                        "a * f(3)",
                                        "return 1",
                                        ")",
                                        "}",
                                        "1.5e-3",
                                        "size_t n",
                                        "int f(void);",
                                        NULL},
                  INPUT_COMPLETE);
}

static void open_inputs_want_more(void **state)
{
    (void)state;
    expect_states((const char *const[]){"f(", "int a[] = {", "int f(void)\n{", "a[", "\"begun", "'",
                                        "/* begun", "x + \\", "x + \\\n", "#if 1", "#ifdef A\n#if B\n#endif",
                                        "f(\"a)", "#define A \\", "{", NULL},
                  INPUT_OPEN);
}

static void headers_want_a_body(void **state)
{
    (void)state;
    expect_states((const char *const[]){"if (x)", "for (;;)", "while (x)", "switch (x)", "else", "do",
                                        "do { f(); }", "if (a) for (;;)", "int f(void)",
                                        "static char *name(int a, char b)", "point *f()",
                                        "eddy_task *make(void *arg)", "int f(int a)\n", NULL},
                  INPUT_HEADER);
}

/* ---- its pieces ---- */

static void expect_pieces(const char *typed, const char *kinds)
{
    static const char letters[] = "#fds"; /* by enum piece_kind */
    char found[32] = "";
    input from;
    input_read(&from, typed);
    assert_true(from.count < sizeof found);
    for (size_t i = 0; i < from.count; i++)
        found[i] = letters[from.pieces[i].kind];
    if (strcmp(found, kinds) != 0)
        print_error("%s\n", typed);
    assert_string_equal(found, kinds);
    input_free(&from);
}

static void pieces_are_what_they_look_like(void **state)
{
    (void)state;
    expect_pieces("int x = 1; x++; x", "dss");
    expect_pieces("#include <a.h>\nint f(void) { return 1; } f();", "#fs");
    expect_pieces("struct p { int x; } v = {1}; v.x", "ds");
    expect_pieces("typedef int number; number n; number *p = &n;", "ddd");
    expect_pieces("a * b;", "d");
    expect_pieces("a * b + c;", "s");
    expect_pieces("a = (struct p){1}; b;", "ss");
    expect_pieces("int a[] = {1, 2}, b; f(a);", "ds");
    expect_pieces("if (x) { f(); } else g(); int y;", "ssd");
    expect_pieces("point make(int x) { return (point){x}; } point p = make(1);", "fd");
    expect_pieces("again: f(); goto again;", "sss");
    expect_pieces("for (int i = 0; i < 3; i++) f(i);", "s");
    expect_pieces("return 1;", "s");
    expect_pieces("sizeof x", "s");
    expect_pieces("#if 1\nint x;\n#else\nint y;\n#endif\nz", "#s");
}

static bool is_value(const char *typed)
{
    input from;
    input_read(&from, typed);
    bool is = input_value(&from) != NULL;
    input_free(&from);
    return is;
}

static void only_what_lacks_its_semicolon_may_be_a_value(void **state)
{
    (void)state;
    assert_true(is_value("x"));
    assert_true(is_value("int y; x"));
    assert_true(is_value("a * b"));
    assert_true(is_value("sizeof x"));
    assert_false(is_value("x;"));
    assert_false(is_value("int x"));
    assert_false(is_value("if (x) { }"));
    assert_false(is_value("return x"));
    assert_false(is_value(""));
}

/* ---- declarations ---- */

static void expect_names(const char *typed, const char *names)
{
    char found[256] = "";
    input from;
    declaration what;
    input_read(&from, typed);
    declaration_read(&what, &from.tokens, &from.pieces[0]);
    for (size_t i = 0; i < what.count; i++) {
        const declarator *one = &what.names[i];
        const token *name = &from.tokens.items[one->name];
        size_t size = strlen(found);
        (void)snprintf(found + size, sizeof found - size, "%.*s%s%s%s%s ", (int)name->size,
                       typed + name->start, one->function ? "()" : "", one->pointer ? "*" : "",
                       one->unsized < one->end ? "[]" : "", one->value < one->value_end ? "=" : "");
    }
    assert_string_equal(found, names);
    input_free(&from);
}

static void declarations_are_taken_apart(void **state)
{
    (void)state;
    expect_names("int a;", "a ");
    expect_names("int a = 1, *b = &a, c[3];", "a= b*= c ");
    expect_names("unsigned long long int n = f(1, 2), m;", "n= m ");
    expect_names("const char *const names[] = {\"a\", \"b\"};", "names*[]= ");
    expect_names("int (*callback)(int, int) = add;", "callback*= ");
    expect_names("struct p { int x, y; } here, *there;", "here there* ");
    expect_names("size_t n = sizeof(int[3]);", "n= ");
    expect_names("eddy_task *make(void *arg), *task;", "make()* task* ");
    expect_names("static inline int f(int a, int b) { return a == b; }", "f() ");
    expect_names("__typeof__(x) y = x;", "y= ");
    expect_names("struct point;", "");
    expect_names("enum { A, B = 2 };", "");
}

/* ---- units ---- */

static void *no_symbol(const char *label, void *arg)
{
    (void)label;
    (void)arg;
    return NULL;
}

static void *three(const char *label, void *arg)
{
    static unsigned long count = 3;
    (void)arg;
    assert_string_equal(label, "eddy_count_0_a");
    return &count;
}

/* The text of a unit from its first line that is not always the same. The caller frees it. */
static char *make(const known *before, const char *typed, bool value, bool at_run_time, unit *made)
{
    input from;
    unit_form form = {.file = "<test>", .line = 1, .value = value, .at_run_time = at_run_time};
    input_read(&from, typed);
    assert_true(unit_make(made, before, &from, &form));
    input_free(&from);
    const char *begins = strstr(text_string(&made->source), " };\n");
    assert_non_null(begins);
    char *copy = strdup(begins + 4);
    assert_non_null(copy);
    return copy;
}

static void expect_unit(known *before, const char *typed, bool at_run_time, const char *expected)
{
    unit made;
    char *found = make(before, typed, false, at_run_time, &made);
    assert_string_equal(found, expected);
    assert_true(known_learn(before, &made, no_symbol, NULL));
    unit_free(&made);
    free(found);
}

#define BEGIN      "int eddy_input(const struct eddy_show *eddy_show)\n{\n(void)eddy_show;\n"
#define ITEM(line) "#line " line " \"<session>\"\n"
#define END        "return 0;\n}\n"

static void variables_are_defined_once_and_declared_later(void **state)
{
    known all = {0};
    (void)state;
    expect_unit(&all, "static int x = 1;", false,
                "#line 1 \"<test>\"\nextern int x __asm__(\"eddy_input_0_x\");\n__typeof__(x) x =\n#line 1 "
                "\"<test>\"\n1;\n" BEGIN END);
    expect_unit(&all, "x++;", false,
                ITEM("1000") "extern int x __asm__(\"eddy_input_0_x\");\n" BEGIN
                             "#line 1 \"<test>\"\nx++;\n" END);
    expect_unit(
        &all, "char *x;", false,
        "#line 1 \"<test>\"\nextern char * x __asm__(\"eddy_input_2_x\");\n__typeof__(x) x;\n" BEGIN END);
    expect_unit(&all, "x", false,
                ITEM("1000") "extern char * x __asm__(\"eddy_input_2_x\");\n" BEGIN
                             "#line 1 \"<test>\"\nx;\n" END);
    known_free(&all);
}

static void values_at_run_time_are_set_where_they_stand(void **state)
{
    known all = {0};
    (void)state;
    expect_unit(&all, "f();\nconst int n = f();", true,
                "#line 2 \"<test>\"\nextern int n __asm__(\"eddy_input_0_n\");\n__typeof__(n) n;\n" BEGIN
                "#line 1 \"<test>\"\nf();\n{ __typeof__(n) eddy_value =\n#line 2 \"<test>\"\nf();"
                " memcpy((void *)&n, (const void *)&eddy_value, sizeof eddy_value); }\n" END);
    known_free(&all);
}

static void functions_and_types_are_known_later(void **state)
{
    known all = {0};
    (void)state;
    expect_unit(&all, "#define ONE 1", false, "#undef ONE\n#line 1 \"<test>\"\n#define ONE 1\n" BEGIN END);
    expect_unit(&all, "static int f(int a)\n{ return a; }", false,
                ITEM("1000") "#undef ONE\n#define ONE 1\n"
                             "#line 1 \"<test>\"\nextern int f ( int a ) __asm__(\"eddy_input_1_f\");\n"
                             "#line 1 \"<test>\"\nint f(int a)\n{ return a; }\n" BEGIN END);
    expect_unit(&all, "struct p { int x; } v;", false,
                ITEM("1000") "#undef ONE\n#define ONE 1\n" ITEM(
                    "2000") "extern int f ( int a ) __asm__(\"eddy_input_1_f\");\n"
                            "#line 1 \"<test>\"\nstruct p { int x; };\n"
                            "#line 1 \"<test>\"\nextern struct p v "
                            "__asm__(\"eddy_input_2_v\");\n__typeof__(v) v;\n" BEGIN END);
    expect_unit(&all, "", false,
                ITEM("1000") "#undef ONE\n#define ONE 1\n" ITEM(
                    "2000") "extern int f ( int a ) "
                            "__asm__(\"eddy_input_1_f\");\n" ITEM("3000") "struct p { int x; "
                                                                          "};\n" ITEM("4000") "exte"
                                                                                              "rn "
                                                                                              "stru"
                                                                                              "ct "
                                                                                              "p v "
                                                                                              "__"
                                                                                              "asm_"
                                                                                              "_("
                                                                                              "\"ed"
                                                                                              "dy_"
                                                                                              "inpu"
                                                                                              "t_2_"
                                                                                              "v\")"
                                                                                              ";"
                                                                                              "\n" BEGIN END);
    known_free(&all);
}

static void arrays_get_their_size_from_their_value(void **state)
{
    known all = {0};
    unit made;
    (void)state;
    free(make(&all, "int a[] = {1, 2, 3};", false, false, &made));
    assert_true(known_learn(&all, &made, three, NULL));
    unit_free(&made);
    assert_int_equal(all.count, 1);
    assert_string_equal(all.items[0].text, "extern int a [3] __asm__(\"eddy_input_0_a\");\n");
    known_free(&all);
}

static void what_newer_declarations_made_wrong_is_forgotten(void **state)
{
    known all = {0};
    (void)state;
    expect_unit(
        &all, "int x;", false,
        "#line 1 \"<test>\"\nextern int x __asm__(\"eddy_input_0_x\");\n__typeof__(x) x;\n" BEGIN END);
    assert_false(known_forget_wrong(
        &all, "<test>:1: error: what\n<session>:1000: warning: what\n<session>:9000: error: what\n"));
    assert_int_equal(all.count, 1);
    assert_true(known_forget_wrong(&all, "In file:\n<session>:1001: error: what\n"));
    assert_int_equal(all.count, 0);
    known_free(&all);
}

static void strings_may_go_over_lines(void **state)
{
    known all = {0};
    (void)state;
    expect_unit(&all, "puts(\"a\nb\");", false, BEGIN "#line 1 \"<test>\"\nputs(\"a\\n\\\nb\");\n" END);
    known_free(&all);
}

static void value_is_given_to_the_way_of_its_type(void **state)
{
    known all = {0};
    unit made;
    (void)state;
    char *found = make(&all, "f(); x + 1", true, false, &made);
    assert_non_null(strstr(
        found, "#line 1 \"<test>\"\nf();\n#line 1 \"<test>\"\n_Generic((x + 1), int: eddy_show->whole, "));
    assert_non_null(strstr(found, "default: eddy_show->pointer))((x + 1));\n" END));
    unit_free(&made);
    free(found);
    found = make(&all, "eddy_f((1))", true, false, &made);
    assert_non_null(strstr(found, "_Generic((eddy_f((1))), int: eddy_show->code, "));
    unit_free(&made);
    free(found);
    found = make(&all, "eddy_f(1) + eddy_f(2)", true, false, &made);
    assert_non_null(strstr(found, "int: eddy_show->whole, "));
    unit_free(&made);
    free(found);
}

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

enum { RANDOM_INPUTS = 20000 };

static void whatever_is_typed_becomes_some_text(void **state)
{
    static const char *const words[] = {
        "int",     "x",      "*",     "(",      ")",    "[",      "]",      "{",      "}",    ";",  ",",
        "=",       "struct", "p",     "if",     "else", "do",     "\"",     "'",      "#",    "\n", "\\",
        "typedef", "extern", "const", "1",      "1.e+", ":",      "static", "typeof", "enum", "/*", "//",
        "*/",      "?",      " ",     "return", "#if",  "#endif", "\n#",    "\303",   "."};
    uint64_t random = 88172645463325252u;
    size_t by_state[4] = {0};
    (void)state;
    for (int i = 0; i < RANDOM_INPUTS; i++) {
        char typed[256] = "";
        size_t size = 0, count = next_random(&random) % 24;
        known all = {0};
        for (size_t n = 0; n < count; n++)
            size += (size_t)snprintf(typed + size, sizeof typed - size, "%s%s",
                                     words[next_random(&random) % (sizeof words / sizeof words[0])],
                                     next_random(&random) % 2 == 0 ? " " : "");
        by_state[state_of(typed)]++;
        for (int form = 0; form < 4; form++) {
            unit made;
            free(make(&all, typed, form % 2 == 1, form / 2 == 1, &made));
            assert_true(known_learn(&all, &made, no_symbol, NULL));
            unit_free(&made);
        }
        known_free(&all);
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(by_state[i] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_inputs_are_blank),
        cmocka_unit_test(complete_inputs_are_complete),
        cmocka_unit_test(open_inputs_want_more),
        cmocka_unit_test(headers_want_a_body),
        cmocka_unit_test(pieces_are_what_they_look_like),
        cmocka_unit_test(only_what_lacks_its_semicolon_may_be_a_value),
        cmocka_unit_test(declarations_are_taken_apart),
        cmocka_unit_test(variables_are_defined_once_and_declared_later),
        cmocka_unit_test(values_at_run_time_are_set_where_they_stand),
        cmocka_unit_test(functions_and_types_are_known_later),
        cmocka_unit_test(arrays_get_their_size_from_their_value),
        cmocka_unit_test(what_newer_declarations_made_wrong_is_forgotten),
        cmocka_unit_test(strings_may_go_over_lines),
        cmocka_unit_test(value_is_given_to_the_way_of_its_type),
        cmocka_unit_test(whatever_is_typed_becomes_some_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
