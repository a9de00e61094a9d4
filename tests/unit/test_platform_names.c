/* test_platform_names.c: names and addresses: what resolves, what is refused, how an address is shown.
 * Touches seam 2. Nothing asks a name server. */
#include "test_attempt_bench.h"

/* ---- names ---- */

static int resolve(const char *host, const char *service, enum eddyi_family family, int flags,
                   eddyi_address *out)
{
    return net->resolve(NULL, host, service, family, EDDYI_SOCKET_STREAM, flags, out, 1);
}

static void numeric_addresses_and_localhost_resolve(void **state)
{
    static const struct {
        const char *host, *service;
        enum eddyi_family family;
        int flags;
        const char *text;
    } rows[] = {
        {"127.0.0.1", "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, "127.0.0.1:80"},
        {"::1", "443", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, "[::1]:443"},
        {"::ffff:1.2.3.4", "1", EDDYI_FAMILY_IPV6, EDDYI_RESOLVE_NUMERIC, "[::ffff:1.2.3.4]:1"},
        {"255.255.255.255", "65535", EDDYI_FAMILY_IPV4, EDDYI_RESOLVE_NUMERIC, "255.255.255.255:65535"},
        {"127.0.0.1", NULL, EDDYI_FAMILY_IPV4, 0, "127.0.0.1:0"},
        {"127.0.0.1", "", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:0"},
        {NULL, "7", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:7"},
        {"", "7", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:7"},
        {NULL, "7", EDDYI_FAMILY_IPV4, EDDYI_RESOLVE_PASSIVE, "0.0.0.0:7"},
        {"", "7", EDDYI_FAMILY_IPV6, EDDYI_RESOLVE_PASSIVE, "[::]:7"},
        {"localhost", "80", EDDYI_FAMILY_IPV4, 0, "127.0.0.1:80"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eddyi_address address;
        char text[100];
        assert_true(resolve(rows[i].host, rows[i].service, rows[i].family, rows[i].flags, &address) >= 1);
        int length = net->format(&address, text, sizeof text);
        assert_int_equal(length, strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        for (size_t size = 0; size <= (size_t)length; size++) /* never cut */
            assert_int_equal(net->format(&address, text, size), EDDY_EINVAL);
    }
}

static void fault_D1_bad_names_are_refused_before_anybody_is_asked(void **state)
{
    static char long_name[300], long_label[100];
    const struct {
        const char *host, *service;
        int flags, expected;
    } rows[] = {
        {long_name, "80", 0, EDDY_ENAMETOOLONG},
        {long_label, "80", 0, EDDY_ENOHOST},
        {"a..example", "80", 0, EDDY_ENOHOST},
        {".example", "80", 0, EDDY_ENOHOST},
        {".", "80", 0, EDDY_ENOHOST},
        {" 127.0.0.1", "80", 0, EDDY_EINVAL},
        {"127.0.0.1 x", "80", 0, EDDY_EINVAL},
        {"two words", "80", 0, EDDY_EINVAL},
        {"line\nbreak", "80", 0, EDDY_EINVAL},
        {"delete\x7f", "80", 0, EDDY_EINVAL},
        {"\x01", "80", 0, EDDY_EINVAL},
        {"localhost", "80", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
        {"256.1.1.1", "80", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
        {"\xff\xfe", "80", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
        {"127.0.0.1", "65536", 0, EDDY_EINVAL},
        {"127.0.0.1", "99999999999999999999999", 0, EDDY_EINVAL},
        {"127.0.0.1", "-1", 0, EDDY_EINVAL},
        {"127.0.0.1", "+80", 0, EDDY_EINVAL},
        {"127.0.0.1", " 80", 0, EDDY_EINVAL},
        {"127.0.0.1", "80 ", 0, EDDY_EINVAL},
        {"127.0.0.1", "no-such-service", 0, EDDY_ENOHOST},
        {"127.0.0.1", "0x50", 0, EDDY_ENOHOST},
        {"127.0.0.1", "http", EDDYI_RESOLVE_NUMERIC, EDDY_ENOHOST},
    };
    (void)state;
    memset(long_name, 'a', 254);
    for (int i = 50; i < 254; i += 50)
        long_name[i] = '.';
    memset(long_label, 'a', 64);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eddyi_address address = {.size = 7};
        int rc = resolve(rows[i].host, rows[i].service, EDDYI_FAMILY_ANY, rows[i].flags, &address);
        if (rc != rows[i].expected)
            print_error("'%s' '%s'\n", rows[i].host, rows[i].service);
        assert_int_equal(rc, rows[i].expected);
        assert_int_equal(address.size, 7);
    }
    /* The longest that may be, with and without the final dot, gets as far as the resolver. */
    long_name[253] = '\0';
    eddyi_address address;
    assert_int_equal(resolve(long_name, "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, &address),
                     EDDY_ENOHOST);
    long_name[253] = '.';
    assert_int_equal(resolve(long_name, "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, &address),
                     EDDY_ENOHOST);
}

static void resolving_fills_no_more_than_there_is_room_for(void **state)
{
    eddyi_address two[2];
    (void)state;
    memset(two, 0, sizeof two);
    int count = net->resolve(NULL, NULL, "7", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM,
                             EDDYI_RESOLVE_NUMERIC | EDDYI_RESOLVE_PASSIVE, two, 1);
    assert_in_range(count, 1, 2); /* one for each family */
    assert_int_not_equal(two[0].size, 0);
    assert_int_equal(two[1].size, 0);
    assert_int_equal(net->resolve(NULL, NULL, "7", EDDYI_FAMILY_ANY, EDDYI_SOCKET_STREAM,
                                  EDDYI_RESOLVE_NUMERIC | EDDYI_RESOLVE_PASSIVE, NULL, 0),
                     count);
}

static void a_resolver_without_memory_is_told(void **state)
{
    const eddyi_inject_plan plan = {.fail_at = 1, .calls = UINT64_C(1) << EDDYI_INJECT_getaddrinfo};
    eddyi_address address = {.size = 7};
    (void)state;
    eddyi_inject_start(&plan);
    assert_int_equal(resolve("127.0.0.1", "80", EDDYI_FAMILY_ANY, EDDYI_RESOLVE_NUMERIC, &address),
                     EDDY_ENOMEM);
    eddyi_inject_stop();
    assert_int_equal(address.size, 7);
}

static void an_address_that_is_none_has_no_family_and_no_text(void **state)
{
    char text[64];
    eddyi_address address;
    (void)state;
    memset(&address, 0x5a, sizeof address);
    for (uint32_t size = 0; size <= 2; size++) {
        address.size = size;
        assert_int_equal(net->family(&address), EDDYI_FAMILY_OTHER);
        assert_int_equal(net->port(&address), -1);
        assert_int_equal(net->format(&address, text, sizeof text), EDDY_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_addresses_and_localhost_resolve),
        cmocka_unit_test(fault_D1_bad_names_are_refused_before_anybody_is_asked),
        cmocka_unit_test(resolving_fills_no_more_than_there_is_room_for),
        cmocka_unit_test(a_resolver_without_memory_is_told),
        cmocka_unit_test(an_address_that_is_none_has_no_family_and_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
