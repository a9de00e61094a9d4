/* per_backend_families.c: D7: machines that lack a family: IPv6 switched off, no IPv4, only a link-local address, no network at all, and a file of
 * hosts that changes. Touches the public API; namespaces of the network and of the file system, each test in a new one of its own. Skipped where
 * those cannot be made: nothing outside this process is changed. */
#include "support/support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

/* ---- worlds ---- */

static const char *reason; /* why there can be none; NULL: there can */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* In our own view of the file system `place` is a new file, which has no other name. */
static bool replace_file(const char *place)
{
    char path[] = "/tmp/eddy-file-XXXXXX";
    int fd = mkstemp(path);
    bool done = fd >= 0 && mount(path, place, NULL, MS_BIND, NULL) == 0;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return done;
}

/* Names are in /etc/hosts and nowhere else. */
static bool replace_names(void)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !replace_file("/etc/hosts") ||
        !replace_file("/etc/nsswitch.conf"))
        return false;
    write_file("/etc/nsswitch.conf", "hosts: files\n");
    return true;
}

static void look_whether_worlds_can_be_made(void)
{
    if (support_is_simulated())
        reason = "the simulated network has no families to lack";
    else if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 &&
             unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0)
        reason = "no namespace of the network can be made";
    else if (!replace_names())
        reason = "/etc/hosts and /etc/nsswitch.conf cannot be replaced in a namespace";
    else if (access("/proc/sys/net/ipv6/conf/all/disable_ipv6", W_OK) != 0)
        reason = "IPv6 cannot be switched off in a namespace, or is not there";
}

enum world {
    NOTHING, /* no address at all */
    BOTH,
    NO_IPV6,   /* switched off */
    NO_IPV4,   /* no address of it */
    LINK_LOCAL /* the only address */
};

static void change_loopback_ipv6(bool add, const char *text, unsigned prefix)
{
    struct in6_ifreq change = {.ifr6_prefixlen = prefix, .ifr6_ifindex = (int)if_nametoindex("lo")};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET6, text, &change.ifr6_addr), 1);
    assert_int_equal(add ? ioctl(fd, SIOCSIFADDR, &change) : ioctl(fd, SIOCDIFADDR, &change), 0);
    close(fd);
}

/* The kernel looks for others with that address first, by itself: until then nobody can bind to it. */
static void wait_for_link_local(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex("lo")};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET6, "fe80::1", &address.sin6_addr), 1);
    while (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
        assert_int_equal(sched_yield(), 0);
    close(fd);
}

static void take_loopback_up(void)
{
    struct ifreq lo = {.ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(lo.ifr_name, "lo", 3);
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
    close(fd);
}

static void take_ipv4_away(void)
{
    struct ifreq lo = {.ifr_addr = {.sa_family = AF_INET}}; /* 0.0.0.0: no address */
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memcpy(lo.ifr_name, "lo", 3);
    assert_int_equal(ioctl(fd, SIOCSIFADDR, &lo), 0);
    close(fd);
}

static void enter(enum world world)
{
    if (reason != NULL) {
        print_message("skipped: %s\n", reason);
        skip();
    }
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    if (world == NO_IPV6)
        write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1\n");
    if (world != NOTHING)
        take_loopback_up();
    if (world == NO_IPV4 || world == LINK_LOCAL)
        take_ipv4_away();
    if (world == LINK_LOCAL) {
        change_loopback_ipv6(true, "fe80::1", 64);
        wait_for_link_local();
        change_loopback_ipv6(false, "::1", 128);
    }
    write_file("/etc/hosts", "127.0.0.1 localhost four\n::1 localhost six\n::1 both\n127.0.0.1 both\n");
}

/* ---- clients and servers ---- */

static int echo(eddy_stream *stream, void *arg)
{
    char buffer[64];
    ptrdiff_t got;
    int rc = 0;
    (void)arg;
    while (rc == 0 && (got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0)
        rc = eddy_stream_write(stream, buffer, (size_t)got);
    return rc;
}

static eddy_server *serve(const char *host)
{
    eddy_server *server;
    assert_int_equal(eddy_start_server(&server, host, NULL, echo, NULL, NULL), 0);
    return server;
}

static const char *port_of(const eddy_server *server, size_t index)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", eddy_server_port(server, index));
    return text;
}

/* Talk to it: 0, or why there is no connection. Attempts go one after the other, so that none is hidden by a faster one. */
static int talk(const char *host, const char *port)
{
    eddy_stream *stream;
    char buffer[4];
    int rc = eddy_open_connection(&stream, host, port,
                                  EDDY_OPTIONS(eddy_connect_options, .happy_eyeballs_delay = INFINITY));
    if (rc < 0)
        return rc;
    assert_int_equal(eddy_stream_write(stream, "ping", 4), 0);
    assert_int_equal(eddy_stream_readexactly(stream, buffer, 4), 4);
    eddy_stream_close(stream);
    eddy_stream_release(stream);
    return 0;
}

static void end(eddy_server *server)
{
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
}

/* Serve there, and talk to its first socket by that name. */
static int serve_and_talk(const char *served, const char *called)
{
    eddy_server *server = serve(served);
    int rc = talk(called, port_of(server, 0));
    end(server);
    return rc;
}

static void in_world(enum world world, eddy_coro_fn body)
{
    enter(world);
    support_run_test(body);
}

/* ---- the tests ---- */

static int without_ipv6(void *arg)
{
    eddy_server *server;
    (void)arg;
    assert_int_equal(serve_and_talk("127.0.0.1", "localhost"), 0);
    assert_int_equal(serve_and_talk("127.0.0.1", "both"), 0); /* what cannot be reached is passed over */
    assert_int_equal(serve_and_talk("four", "both"), 0);
    server = serve("127.0.0.1");
    int rc = talk("six", port_of(server, 0));
    assert_true(rc == EDDY_EADDRNOTAVAIL || rc == EDDY_ENETUNREACH);
    end(server);
    server = NULL;
    rc = eddy_start_server(&server, "::1", NULL, echo, NULL, NULL);
    assert_int_equal(rc, EDDY_EADDRNOTAVAIL);
    assert_null(server);
    server = serve(NULL); /* every address that there is */
    bool reached = false;
    char text[64];
    for (size_t i = 0; eddy_server_name(server, i, text, sizeof text) > 0; i++)
        reached = reached || talk("127.0.0.1", port_of(server, i)) == 0;
    assert_true(reached);
    end(server);
    return 0;
}

static void fault_D7_ipv6_that_is_switched_off_is_passed_over(void **state)
{
    (void)state;
    in_world(NO_IPV6, without_ipv6);
}

static int without_ipv4(void *arg)
{
    (void)arg;
    assert_int_equal(serve_and_talk("::1", "localhost"), 0);
    assert_int_equal(serve_and_talk("six", "both"), 0);
    eddy_server *server = serve("::1");
    int rc = talk("four", port_of(server, 0));
    assert_true(rc == EDDY_EADDRNOTAVAIL || rc == EDDY_ENETUNREACH || rc == EDDY_ECONNREFUSED);
    end(server);
    return 0;
}

static void fault_D7_a_machine_without_ipv4_is_reached(void **state)
{
    (void)state;
    in_world(NO_IPV4, without_ipv4);
}

static int with_link_local(void *arg)
{
    (void)arg;
    assert_int_equal(serve_and_talk("fe80::1%lo", "fe80::1%lo"), 0);
    eddy_server *server = serve("fe80::1%lo");
    assert_true(talk("fe80::1", port_of(server, 0)) < 0); /* on which link? */
    int rc = talk("both", port_of(server, 0));
    assert_true(rc == EDDY_EADDRNOTAVAIL || rc == EDDY_ENETUNREACH || rc == EDDY_ECONNREFUSED);
    end(server);
    return 0;
}

static void fault_D7_a_link_local_address_has_its_link(void **state)
{
    (void)state;
    in_world(LINK_LOCAL, with_link_local);
}

static int without_network(void *arg)
{
    eddy_server *server = NULL;
    (void)arg;
    int rc = talk("both", "9");
    assert_true(rc == EDDY_ENETUNREACH || rc == EDDY_EADDRNOTAVAIL || rc == EDDY_EHOSTUNREACH);
    assert_int_equal(talk("no-such-name.example", "9"), EDDY_ENOHOST);
    rc = eddy_start_server(&server, "::1", NULL, echo, NULL, NULL);
    assert_int_equal(rc, EDDY_EADDRNOTAVAIL);
    assert_null(server);
    return 0;
}

static void fault_D7_no_network_at_all_is_told_at_once(void **state)
{
    (void)state;
    in_world(NOTHING, without_network);
}

static int with_hosts_that_change(void *arg)
{
    (void)arg;
    eddy_server *server = serve("127.0.0.1");
    const char *port = port_of(server, 0);
    assert_int_equal(talk("newcomer", port), EDDY_ENOHOST);
    write_file("/etc/hosts", "127.0.0.1 newcomer\n");
    assert_int_equal(talk("newcomer", port), 0);
    write_file("/etc/hosts", "::1 newcomer\n");
    assert_true(talk("newcomer", port) < 0); /* nobody is there */
    end(server);
    return 0;
}

static void fault_D7_a_file_of_hosts_that_changes_is_read_again(void **state)
{
    (void)state;
    in_world(BOTH, with_hosts_that_change);
}

/* Here the resolver asks nobody, so that even odd names are answered at once. */
static int with_odd_names(void *arg)
{
    static const char *const names[] = {"xn--",
                                        "xn--\x7f",
                                        "xn--a-",
                                        "xn--99zzzz",
                                        "xn--zckzah",
                                        "xn--99999999999999",
                                        "-",
                                        "a-.b",
                                        "1.2.3",
                                        "0x7f.1.2.3.4",
                                        "trailing.",
                                        "[::1]",
                                        "127.0.0.1%lo",
                                        "fe80::1%no-such-link",
                                        "::1%"};
    (void)arg;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_true(talk(names[i], "9") < 0);
    return 0;
}

static void fault_D1_odd_names_are_known_to_nobody(void **state)
{
    (void)state;
    in_world(BOTH, with_odd_names);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_D7_ipv6_that_is_switched_off_is_passed_over),
        cmocka_unit_test(fault_D7_a_machine_without_ipv4_is_reached),
        cmocka_unit_test(fault_D7_a_link_local_address_has_its_link),
        cmocka_unit_test(fault_D7_no_network_at_all_is_told_at_once),
        cmocka_unit_test(fault_D7_a_file_of_hosts_that_changes_is_read_again),
        cmocka_unit_test(fault_D1_odd_names_are_known_to_nobody),
    };
    support_init(argc, argv);
    look_whether_worlds_can_be_made();
    return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
