/* test_processes.c: children on Windows: what they are given is what they get, nothing else is inherited, and their end is noticed.
 * Touches seam 2 and this program as a child. */
#include "windows/child.h"

#include <shellapi.h>

/* ---- the child ---- */

/* Each argument with the zero behind it, as the C library made it of the command line. */
static int tell_arguments(void)
{
    int count;
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    for (int i = 2; i < count; i++) {
        char text[4096];
        DWORD written;
        int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, text, sizeof text, NULL, NULL);
        if (!WriteFile(out, text, (DWORD)size, &written, NULL))
            return 2;
    }
    LocalFree(wide);
    return 7;
}

/* Whether the handle, whose number is the argument, is one here. */
static int look_at_handle(const char *number)
{
    DWORD flags;
    return GetHandleInformation((HANDLE)(intptr_t)strtoll(number, NULL, 10), &flags) ? 1 : 0;
}

static int be_child(int argc, char **argv)
{
    if (strcmp(argv[1], "--arguments") == 0)
        return tell_arguments();
    if (strcmp(argv[1], "--handle") == 0 && argc > 2)
        return look_at_handle(argv[2]);
    if (strcmp(argv[1], "--environment") == 0) {
        const char *value = getenv("EDDY_CHILD");
        return printf("%s", value != NULL ? value : "(none)") > 0 ? 0 : 1;
    }
    Sleep(INFINITE);
    return 0;
}

/* ---- arguments ---- */

static void expect_round_trip(const char *const *given, size_t count)
{
    const char *arguments[12] = {child_self(), "--arguments"};
    told got;
    char expected[16 * 1024];
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        arguments[2 + i] = given[i];
        memcpy(expected + size, given[i], strlen(given[i]) + 1);
        size += strlen(given[i]) + 1;
    }
    assert_int_equal(child_run(&got, arguments, NULL), 0);
    assert_int_equal(got.returncode, 7);
    assert_int_equal(got.size, size);
    assert_memory_equal(got.text, expected, size);
}

static void fault_B10_arguments_arrive_as_they_were_given(void **state)
{
    static const char *const one[] = {"plain", "",      "two words", "\"",
                                      "a\\",   "a b\\", "a\\\"b",    "\\\\\\\"\\\\"};
    static const char *const other[] = {
        "\tx", "%PATH%", "&calc", "^\"^", "-", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x80", "a\nb"};
    (void)state;
    expect_round_trip(one, sizeof one / sizeof one[0]);
    expect_round_trip(other, sizeof other / sizeof other[0]);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static void fault_B10_random_arguments_arrive_as_they_were_given(void **state)
{
    static const char letters[] = "\\\\\\\\\"\"\" ab\t'^&|%";
    uint32_t seed = 7;
    (void)state;
    for (int run = 0; run < 25; run++) {
        char texts[10][16];
        const char *given[10];
        for (int i = 0; i < 10; i++) {
            size_t length = next_random(&seed) % 12;
            for (size_t k = 0; k < length; k++)
                texts[i][k] = letters[next_random(&seed) % (sizeof letters - 1)];
            texts[i][length] = '\0';
            given[i] = texts[i];
        }
        expect_round_trip(given, 9);
    }
}

static void fault_B10_scripts_of_the_shell_are_refused(void **state)
{
    static const char *const names[] = {"eddy_test.bat", "./eddy_test.CMD", "eddy_test.bat. . "};
    told got;
    (void)state;
    for (int i = 0; i < 2; i++) {
        FILE *script = fopen(i == 0 ? "eddy_test.bat" : "eddy_test.CMD", "w");
        assert_non_null(script);
        fprintf(script, "@exit 3\n");
        fclose(script);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s%s", strchr(names[i], '/') != NULL ? "" : "./", names[i]);
        const char *arguments[] = {path, "x", NULL};
        int rc = child_run(&got, arguments, NULL);
        assert_true(rc == EDDY_EACCES || (i == 2 && rc == EDDY_ENOENT));
    }
    remove("eddy_test.bat");
    remove("eddy_test.CMD");
}

static void shell_takes_a_command_as_it_is(void **state)
{
    told got;
    const char *arguments[4];
    (void)state;
    eddyi_shell_arguments(arguments, "echo \"one  two\" & exit 5");
    assert_int_equal(child_run(&got, arguments, NULL), 0);
    assert_int_equal(got.returncode, 5);
    assert_non_null(strstr(got.text, "\"one  two\""));
}

static void fault_B1_program_that_is_not_there_is_told_and_leaves_nothing(void **state)
{
    told got;
    const char *nowhere[] = {"eddy-there-is-no-such-program", NULL}, *no_text[] = {"\xff\xfe", NULL};
    eddy_process_options options = {.size = sizeof options, .cwd = "Q:/nowhere"};
    const char *self[] = {child_self(), "--arguments", NULL};
    (void)state;
    assert_int_equal(child_run(&got, nowhere, NULL), EDDY_ENOENT);
    assert_int_equal(child_run(&got, no_text, NULL), EDDY_EINVAL);
    assert_int_equal(child_run(&got, self, &options), EDDY_ENOENT);
    options = (eddy_process_options){.size = sizeof options, .user = &(uint32_t){1}};
    assert_int_equal(child_run(&got, self, &options), EDDY_ENOSYS);
}

/* ---- what it inherits ---- */

static void environment_is_the_one_that_was_given(void **state)
{
    const char *root = getenv("SystemRoot");
    char kept[256];
    snprintf(kept, sizeof kept, "SystemRoot=%s", root != NULL ? root : "C:\\windows");
    const char *const env[] = {"EDDY_CHILD=\xc3\xa4", kept, NULL};
    eddy_process_options options = {.size = sizeof options, .env = env};
    const char *arguments[] = {child_self(), "--environment", NULL};
    told got;
    (void)state;
    assert_int_equal(child_run(&got, arguments, &options), 0);
    assert_true(got.size > 0 && strcmp(got.text, "(none)") != 0);
}

/* An inheritable handle of somebody else's is not passed on, unless it is named. */
static void fault_B8_only_named_handles_are_inherited(void **state)
{
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
    told got;
    char number[32];
    HANDLE event = NULL;
    (void)state;
    for (int i = 0; i < 64; i++) /* a number that no child has by itself */
        event = CreateEventW(&inheritable, TRUE, FALSE, NULL);
    snprintf(number, sizeof number, "%lld", (long long)(intptr_t)event);
    const char *arguments[] = {child_self(), "--handle", number, NULL};
    assert_int_equal(child_run(&got, arguments, NULL), 0);
    assert_int_equal(got.returncode, 0);
    const eddy_fd passed[] = {(eddy_fd)event};
    eddy_process_options options = {.size = sizeof options, .pass_fds = passed, .pass_fd_count = 1};
    assert_int_equal(child_run(&got, arguments, &options), 0);
    assert_int_equal(got.returncode, 1);
}

/* ---- its end ---- */

static eddyi_child start_sleeper(void)
{
    const char *arguments[] = {child_self(), "--sleep", NULL};
    eddy_process_options options = {.size = sizeof options};
    eddyi_spawn what = {
        .program = arguments[0], .arguments = arguments, .options = &options, .standard = {-1, -1, -1}};
    eddyi_child child;
    eddyi_spawn_failure failure;
    assert_int_equal(eddyi_child_spawn(&child, &what, eddyi_default_allocator(), &failure), 0);
    return child;
}

static bool is_readable(eddy_fd fd, int milliseconds)
{
    WSAPOLLFD what = {.fd = (SOCKET)fd, .events = POLLRDNORM};
    return WSAPoll(&what, 1, milliseconds) == 1;
}

static void end_of_a_child_makes_its_descriptor_readable(void **state)
{
    enum { CHILDREN = 20 };
    eddyi_child children[CHILDREN];
    int returncode = 0;
    (void)state;
    for (int i = 0; i < CHILDREN; i++)
        children[i] = start_sleeper();
    for (int i = 0; i < CHILDREN; i++) {
        assert_int_equal(eddyi_child_reap(&children[i], &returncode), 0);
        assert_false(is_readable(children[i].descriptor, 0));
        assert_int_equal(eddyi_child_signal(&children[i], 0), 0);
        assert_int_equal(eddyi_child_signal(&children[i], 12345), EDDY_EINVAL);
        assert_int_equal(eddyi_child_signal(&children[i], i % 2 ? eddyi_signal_kill : eddyi_signal_terminate),
                         0);
        assert_true(is_readable(children[i].descriptor, 20000));
        eddyi_child_close(&children[i]);
        assert_int_equal(eddyi_child_reap(&children[i], &returncode), 1);
        assert_int_equal(returncode, i % 2 ? -9 : -15);
    }
}

static void child_is_killed_and_reaped_at_once(void **state)
{
    int returncode = 0;
    (void)state;
    eddyi_child child = start_sleeper();
    eddyi_child_close(&child); /* nobody waits for it any more */
    assert_true(eddyi_child_kill_and_reap(&child, &returncode));
    assert_int_equal(returncode, -9);
}

/* ---- bells ---- */

static void fault_W6_bell_is_rung_by_nobody_else(void **state)
{
    eddy_fd bell, rogue, thief;
    eddyi_address address;
    (void)state;
    assert_int_equal(eddyi_bell_open(&bell), 0);
    assert_int_equal(eddyi_platform_net.local_address(NULL, bell, &address), 0);
    assert_int_equal(eddyi_platform_net.socket(NULL, &rogue, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM), 0);
    assert_int_equal(sendto((SOCKET)rogue, "x", 1, 0, (const struct sockaddr *)(const void *)address.bytes,
                            (int)address.size),
                     1);
    assert_false(is_readable(bell, 50));
    assert_int_equal(eddyi_platform_net.socket(NULL, &thief, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM), 0);
    assert_int_equal(eddyi_platform_net.bind(NULL, thief, &address), EDDY_EADDRINUSE); /* nor taken over */
    assert_int_equal(eddyi_platform_net.close(NULL, thief), 0);
    for (int i = 0; i < 100; i++) {
        eddyi_bell_ring(bell);
        eddyi_bell_ring(bell);
        assert_true(is_readable(bell, 20000));
        eddyi_bell_silence(bell);
        assert_false(is_readable(bell, 0));
    }
    assert_int_equal(eddyi_platform_net.close(NULL, bell), 0);
    assert_int_equal(eddyi_platform_net.close(NULL, rogue), 0);
}

/* ---- pipes ---- */

static void fault_W7_pipe_has_one_instance_and_one_client(void **state)
{
    eddy_fd ends[2];
    DWORD flags, most = 0;
    wchar_t name[512];
    (void)state;
    for (int ours = 0; ours < 2; ours++) {
        struct {
            FILE_NAME_INFO info;
            wchar_t room[256];
        } found;
        assert_int_equal(eddyi_pipe_create(ends, ours), 0);
        assert_true(GetNamedPipeInfo((HANDLE)ends[ours], &flags, NULL, NULL, &most));
        assert_int_equal(most, 1);
        if (GetFileInformationByHandleEx((HANDLE)ends[ours], FileNameInfo, &found, sizeof found)) {
            _snwprintf(name, 512, L"\\\\.\\pipe%.*ls", (int)(found.info.FileNameLength / 2),
                       found.info.FileName);
            assert_true(CreateFileW(name, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
                        INVALID_HANDLE_VALUE);
            assert_true(CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 512, 512, 0, NULL) ==
                        INVALID_HANDLE_VALUE);
        }
        for (int i = 0; i < 2; i++) {
            DWORD inherited;
            assert_true(GetHandleInformation((HANDLE)ends[i], &inherited));
            assert_false(inherited & HANDLE_FLAG_INHERIT);
            assert_int_equal(eddyi_platform_net.close(NULL, ends[i]), 0);
        }
    }
}

static void pipe_tells_that_its_reader_is_gone(void **state)
{
    eddy_fd ends[2];
    bool changed;
    (void)state;
    assert_int_equal(eddyi_pipe_create(ends, 1), 0);
    assert_int_equal(eddyi_pipe_adopt(ends[1], &changed), EDDYI_PIPE_PLAIN);
    assert_false(eddyi_pipe_reader_gone(ends[1]));
    assert_int_equal(eddyi_platform_net.close(NULL, ends[0]), 0);
    assert_true(eddyi_pipe_reader_gone(ends[1]));
    assert_int_equal(eddyi_platform_net.close(NULL, ends[1]), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_B10_arguments_arrive_as_they_were_given),
        cmocka_unit_test(fault_B10_random_arguments_arrive_as_they_were_given),
        cmocka_unit_test(fault_B10_scripts_of_the_shell_are_refused),
        cmocka_unit_test(shell_takes_a_command_as_it_is),
        cmocka_unit_test(fault_B1_program_that_is_not_there_is_told_and_leaves_nothing),
        cmocka_unit_test(environment_is_the_one_that_was_given),
        cmocka_unit_test(fault_B8_only_named_handles_are_inherited),
        cmocka_unit_test(end_of_a_child_makes_its_descriptor_readable),
        cmocka_unit_test(child_is_killed_and_reaped_at_once),
        cmocka_unit_test(fault_W6_bell_is_rung_by_nobody_else),
        cmocka_unit_test(fault_W7_pipe_has_one_instance_and_one_client),
        cmocka_unit_test(pipe_tells_that_its_reader_is_gone),
    };
    if (argc > 1)
        return be_child(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
