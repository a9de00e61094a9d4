/* test_piped.c: inputs of the program eddy that come from a pipe or a file, its options, its hooks, and `eddy run`.
 * Touches the program, pipes and temporary files. */
#include "terminal.h"

#include <fcntl.h>

static const char *const nothing[] = {NULL};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_run(const char *const *arguments, const char *const *settings, const char *input,
                       int status, const char *shown, const char *complaint)
{
    char *out, *errors;
    int got = run_piped(arguments, settings, input, &out, &errors);
    if (got != status || strcmp(out, shown) != 0 || strstr(errors, complaint) == NULL)
        print_error("status %d\n%s---- errors:\n%s\n", got, out, errors);
    assert_string_equal(out, shown);
    assert_non_null(strstr(errors, complaint));
    if (complaint[0] == '\0')
        assert_string_equal(errors, "");
    assert_int_equal(got, status);
    free(out);
    free(errors);
}

static void piped_inputs_run_without_prompts(void **state)
{
    (void)state;
    expect_run(nothing, nothing,
               "int x = 20;\nint twice(int n)\n{\n    return 2 * n;\n}\nx++;\ntwice(x)\n\"end\"", 0,
               "42\n\"end\"\n", "");
}

static void failing_input_does_not_end_the_session(void **state)
{
    (void)state;
    expect_run(nothing, nothing, "1\nnonsense here\n\n2\nint f(\n", 0, "1\n2\n", "<stdin>:2: error: ");
}

static void exit_status_is_what_an_input_exits_with(void **state)
{
    (void)state;
    expect_run(nothing, nothing, "exit(3)\n4\n", 3, "", "");
    expect_run(nothing, nothing, "", 0, "", "");
}

static void what_an_input_returns_ends_only_the_input(void **state)
{
    (void)state;
    expect_run(nothing, nothing, "puts(\"a\"); if (1) return -1; puts(\"b\");\nreturn -6;\n5\n", 0, "a\n5\n",
               "");
}

static void system_that_refuses_is_told_and_the_session_goes_on(void **state)
{
    (void)state;
    expect_run(WORDS("--compiler=cc"), WORDS("TMPDIR=/nonexistent"), "1\n\n", 0, "",
               "cannot be compiled: permission denied");
}

static void piped_inputs_may_await(void **state)
{
    (void)state;
    expect_run(
        nothing, nothing,
        "int say(void *name) { int rc = eddy_sleep(0.01); puts(name); return rc; }\n"
        "eddy_task *both[2];\n"
        "for (int i = 0; i < 2; i++) eddy_create_task(&both[i], say, i == 0 ? \"one\" : \"two\", NULL);\n"
        "eddy_gather(NULL, both, 2)\n"
        "for (int i = 0; i < 2; i++) eddy_task_release(both[i]);\n",
        0, "one\ntwo\n0\n", "");
}

static void values_that_are_not_constant_are_computed(void **state)
{
    (void)state;
    expect_run(nothing, nothing,
               "const char *const word = strchr(\"a=b\", '=');\nword\n"
               "const int size = (int)strlen(word) + 1, twice = 2 * size;\ntwice\n"
               "volatile double half = strlen(word) / 4.0;\nhalf\n"
               "struct pair { int a, b; } pair = {size, twice};\npair.a + pair.b\n"
               "int three[3] = {size, size + 1, size + 2};\nthree[2]\n"
               "int constants[] = {1, 2, 3, 4};\nsizeof constants / sizeof constants[0]\n"
               "char text[8] = \"abc\"; text[0] = 'x'; text\n"
               "enum color { RED, GREEN } color = GREEN;\ncolor\n"
               "struct { int x; } nameless = {5};\nnameless.x\n"
               "int (*compare)(const char *, const char *) = strcmp;\ncompare(\"a\", \"a\")\n",
               0, "\"=b\"\n6\n0.5\n9\n5\n4\n\"xbc\"\n1\n5\n0\n", "");
}

static void every_name_is_free_for_the_user(void **state)
{
    (void)state;
    expect_run(nothing, nothing,
               "int sync = 3;\ndouble wait = 0.5;\nint fork(void) { return sync; }\nfork()\nwait\n", 0,
               "3\n0.5\n", "");
}

static void structures_macros_and_includes_may_come_anew(void **state)
{
    (void)state;
    expect_run(nothing, nothing,
               "#define SIZE 2\nstruct s { int a[SIZE]; };\n#define SIZE 3\nstruct s { int b[SIZE]; };\n"
               "sizeof(struct s) / sizeof(int)\n"
               "typedef int number; number f(number n) { return n; }\ntypedef struct { int n; } number; "
               "number g = {4};\ng.n\n"
               "#include <ctype.h>\ntoupper('a')\n",
               0, "3\n4\n65\n", "");
}

static void includes_libraries_and_definitions_work(void **state)
{
    char folder[] = "/tmp/eddy-headers-XXXXXX", path[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/ours.h", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("#define OURS 11\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    expect_run(
        WORDS("-I", folder, "-l", "m", "-DTEN=10", "-D", "UNIT"), nothing,
        "#include <math.h>\n#include \"ours.h\"\nvolatile double two = 2;\npow(two, TEN)\nOURS\nUNIT\n", 0,
        "1024.0\n11\n1\n", "");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void what_is_asked_wrongly_is_answered_with_the_usage(void **state)
{
    (void)state;
    expect_run(WORDS("-x"), nothing, "", 2, "", "usage: eddy ");
    expect_run(WORDS("-l"), nothing, "", 2, "", "usage: eddy ");
    expect_run(WORDS("run"), nothing, "", 2, "", "usage: eddy ");
    expect_run(WORDS("walk"), nothing, "", 2, "", "usage: eddy ");
    expect_run(WORDS("--compiler=none"), nothing, "", 1, "", "no compiler none");
    expect_run(WORDS("--compiler=cc"), WORDS("CC=/nonexistent/cc"), "1\n", 0, "",
               "/nonexistent/cc cannot be started");
}

/* ---- start-up file and hooks ---- */

static void with_startup(const char *startup, const char *input, int status, const char *shown,
                         const char *complaint)
{
    char path[] = "/tmp/eddy-startup-XXXXXX", setting[64];
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, startup, strlen(startup)), strlen(startup));
    (void)close(descriptor);
    (void)snprintf(setting, sizeof setting, "EDDY_STARTUP=%s", path);
    expect_run(nothing, WORDS(setting), input, status, shown, complaint);
    assert_int_equal(unlink(path), 0);
}

static void startup_file_comes_first(void **state)
{
    (void)state;
    with_startup("int answer = 42;\n", "answer\n", 0, "42\n", "");
}

static void startup_file_that_fails_is_told_and_the_session_goes_on(void **state)
{
    (void)state;
    with_startup("int before = 1;\nnonsense here\nint after = 2;\n", "before + after\n", 0, "3\n",
                 ":2: error: ");
    expect_run(nothing, WORDS("EDDY_STARTUP=/nonexistent/file"), "5\n", 0, "5\n",
               "/nonexistent/file: no such file");
}

#define HOOK(answer)                                                                                         \
    "int hook(const char *event, const void *detail, void *arg)\n"                                           \
    "{\n    printf(\"%s %s\\n\", event, (char *)arg);\n    return " answer ";\n}\n"                          \
    "if (eddy_audit_add_hook(hook, \"heard\") < 0) exit(9);\n"

static void hooks_hear_that_standard_input_is_run(void **state)
{
    (void)state;
    with_startup(HOOK("0"), "5\n", 0, "eddy.run_stdin heard\n5\n", "");
}

static void hooks_may_forbid_it(void **state)
{
    (void)state;
    with_startup(HOOK("EDDY_EPERM"), "5\n", 1, "eddy.run_stdin heard\n", "not permitted");
}

/* ---- eddy run ---- */

static void hello_runs(void **state)
{
    (void)state;
    expect_run(WORDS("run", EDDY_SOURCE "/examples/hello.c"), nothing, "", 0, "hello\nworld\n", "");
}

static void run_file(const char *code, const char *const *more, int status, const char *shown,
                     const char *complaint)
{
    char path[] = "/tmp/eddy-program-XXXXXX.c";
    const char *arguments[8] = {"run", path};
    for (size_t i = 2; i < 7 && *more != NULL; i++)
        arguments[i] = *more++;
    int descriptor = mkstemps(path, 2);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, code, strlen(code)), strlen(code));
    (void)close(descriptor);
    expect_run(arguments, nothing, "", status, shown, complaint);
    assert_int_equal(unlink(path), 0);
}

static void file_gets_its_arguments_and_gives_its_status(void **state)
{
    (void)state;
    run_file("#include <stdio.h>\nint main(int argc, char **argv)\n"
             "{ for (int i = 1; i < argc; i++) puts(argv[i]); return 40 + argc; }\n",
             WORDS("-l", "two words"), 43, "-l\ntwo words\n", "");
}

static void file_may_have_functions_for_its_end(void **state)
{
    (void)state;
    run_file("#include <stdio.h>\n#include <stdlib.h>\nstatic void bye(void) { puts(\"bye\"); }\n"
             "int main(void) { return atexit(bye); }\n",
             nothing, 0, "bye\n", "");
}

static void file_that_is_wrong_or_not_there_is_told(void **state)
{
    (void)state;
    run_file("int main(void) {\nreturn wrong;\n}\n", nothing, 1, "", ".c:2: error: ");
    run_file("int other = 1;\n", nothing, 1, "", "has no main()");
    expect_run(WORDS("run", "/nonexistent.c"), nothing, "", 1, "", "/nonexistent.c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(piped_inputs_run_without_prompts),
        cmocka_unit_test(failing_input_does_not_end_the_session),
        cmocka_unit_test(exit_status_is_what_an_input_exits_with),
        cmocka_unit_test(what_an_input_returns_ends_only_the_input),
        cmocka_unit_test(system_that_refuses_is_told_and_the_session_goes_on),
        cmocka_unit_test(piped_inputs_may_await),
        cmocka_unit_test(values_that_are_not_constant_are_computed),
        cmocka_unit_test(every_name_is_free_for_the_user),
        cmocka_unit_test(structures_macros_and_includes_may_come_anew),
        cmocka_unit_test(includes_libraries_and_definitions_work),
        cmocka_unit_test(what_is_asked_wrongly_is_answered_with_the_usage),
        cmocka_unit_test(startup_file_comes_first),
        cmocka_unit_test(startup_file_that_fails_is_told_and_the_session_goes_on),
        cmocka_unit_test(hooks_hear_that_standard_input_is_run),
        cmocka_unit_test(hooks_may_forbid_it),
        cmocka_unit_test(hello_runs),
        cmocka_unit_test(file_gets_its_arguments_and_gives_its_status),
        cmocka_unit_test(file_may_have_functions_for_its_end),
        cmocka_unit_test(file_that_is_wrong_or_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
