/* suite_local.c: local (UNIX) sockets: asyncio's 13.3, and odd paths (F9).
 * Touches the public API, passed descriptors (F8), and a folder of its own in /tmp that it removes. */
#include "recorder.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct folder {
    char name[64];
    char path[96];
} folder;

static void folder_open(folder *f)
{
    snprintf(f->name, sizeof f->name, "/tmp/eddy_local_XXXXXX");
    assert_non_null(mkdtemp(f->name));
    snprintf(f->path, sizeof f->path, "%s/socket", f->name);
}

static void folder_close(folder *f)
{
    (void)unlink(f->path);
    assert_int_equal(rmdir(f->name), 0);
}

static bool exists(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

static int echo(eddy_stream *stream, void *arg)
{
    char buffer[512];
    ptrdiff_t got;
    (void)arg;
    while ((got = eddy_stream_read(stream, buffer, sizeof buffer)) > 0) {
        int rc = eddy_stream_write(stream, buffer, (size_t)got);
        if (rc < 0)
            return rc;
    }
    return (int)got;
}

static eddy_server *serve(const char *path)
{
    eddy_server *server;
    assert_int_equal(eddy_start_unix_server(&server, path, echo, NULL, NULL), 0);
    return server;
}

static void stop(eddy_server *server)
{
    eddy_server_close(server);
    assert_int_equal(eddy_server_wait_closed(server), 0);
    eddy_server_release(server);
}

static void talk(const char *path)
{
    char in[5];
    eddy_stream *stream;
    assert_int_equal(eddy_open_unix_connection(&stream, path, NULL), 0);
    assert_int_equal(eddy_stream_write(stream, "hello", 5), 0);
    assert_int_equal(eddy_stream_readexactly(stream, in, 5), 5);
    assert_memory_equal(in, "hello", 5);
    eddy_stream_close(stream);
    eddy_stream_release(stream);
}

static int bound_socket(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

#define SKIP_SIMULATED()                                                                                     \
    if (support_is_simulated()) /* local_sockets_that_are_not_there */                                       \
    return support_skip("its network has no local sockets")

/* F8: nobody asked for descriptors, so those that a peer passes are closed by the system, and the bytes beside them come as ever. */
static void pass_descriptors(int to, const void *bytes, size_t size)
{
    int passed[3] = {to, to, to};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof passed)];
    } control = {0};
    struct iovec data = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof passed);
    memcpy(CMSG_DATA(header), passed, sizeof passed);
    assert_int_equal(sendmsg(to, &message, 0), (ssize_t)size);
}

TASK_TEST(fault_F8_descriptors_that_a_peer_passes_are_not_kept)
{
    char in[5];
    int ends[2];
    eddy_stream *stream;
    (void)arg;
    SKIP_SIMULATED();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(eddy_open_connection_fd(&stream, ends[0], NULL), 0);
    int before = support_open_descriptors();
    for (int i = 0; i < 20; i++) {
        pass_descriptors(ends[1], "hello", 5);
        assert_int_equal(eddy_stream_readexactly(stream, in, 5), 5);
        assert_memory_equal(in, "hello", 5);
    }
    assert_int_equal(support_open_descriptors(), before);
    eddy_stream_release(stream);
    close(ends[1]);
    return 0;
}

TASK_TEST(fault_F8_descriptors_passed_in_a_datagram_are_not_kept)
{
    char in[8];
    int ends[2];
    eddy_datagram *datagram;
    (void)arg;
    SKIP_SIMULATED();
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    eddy_fd own = ends[0];
    assert_int_equal(eddy_open_datagram(&datagram, EDDY_OPTIONS(eddy_datagram_options, .sock = &own)), 0);
    int before = support_open_descriptors();
    for (int i = 0; i < 20; i++) {
        pass_descriptors(ends[1], "hello", 5);
        assert_int_equal(eddy_datagram_receive(datagram, in, sizeof in, NULL), 5);
        assert_memory_equal(in, "hello", 5);
    }
    assert_int_equal(support_open_descriptors(), before);
    eddy_datagram_release(datagram);
    close(ends[1]);
    return 0;
}

TASK_TEST(local_streams_talk_and_the_file_goes_with_the_server)
{
    folder f;
    char name[128];
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    eddy_server *server = serve(f.path);
    assert_true(eddy_server_name(server, 0, name, sizeof name) > 0);
    assert_string_equal(name, f.path);
    talk(f.path);
    talk(f.path);
    assert_true(exists(f.path));
    stop(server);
    assert_false(exists(f.path));
    folder_close(&f);
    return 0;
}

TASK_TEST(local_transports_talk)
{
    folder f;
    static recorder_pair pair;
    eddy_loop *loop = eddy_get_running_loop();
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    recorder_init(&pair.client, false);
    recorder_init(&pair.peer, false);
    pair.peer.echoes = true;
    assert_int_equal(
        eddy_loop_create_unix_server(loop, &pair.server, f.path, recorder_factory, &pair.peer, NULL), 0);
    assert_int_equal(
        eddy_loop_create_unix_connection(loop, NULL, f.path, recorder_factory, &pair.client, NULL), 0);
    recorder_wait(&pair.peer, 'M');
    assert_int_equal(eddy_transport_write(pair.client.transport, "ping", 4), 0);
    recorder_wait_data(&pair.client, 4);
    assert_memory_equal(pair.client.data, "ping", 4);
    recorder_pair_close(&pair);
    assert_false(exists(f.path));
    folder_close(&f);
    return 0;
}

TASK_TEST(local_stale_socket_is_removed_first)
{
    folder f;
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    close(bound_socket(f.path));
    assert_true(exists(f.path));
    eddy_server *server = serve(f.path);
    talk(f.path);
    stop(server);
    folder_close(&f);
    return 0;
}

TASK_TEST(local_path_that_is_in_use_stays_as_it_is)
{
    folder f;
    eddy_server *server, *second;
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    server = serve(f.path);
    assert_int_equal(eddy_start_unix_server(&second, f.path, echo, NULL, NULL), EDDY_EADDRINUSE);
    talk(f.path); /* the first one goes on */
    stop(server);
    int fd = open(f.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, "data", 4) == 4);
    close(fd);
    assert_int_equal(eddy_start_unix_server(&second, f.path, echo, NULL, NULL), EDDY_EADDRINUSE);
    struct stat found;
    assert_int_equal(stat(f.path, &found), 0);
    assert_int_equal(found.st_size, 4);
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(symlink("/nowhere/at/all", f.path), 0); /* not followed, not removed */
    assert_int_equal(eddy_start_unix_server(&second, f.path, echo, NULL, NULL), EDDY_EADDRINUSE);
    assert_true(exists(f.path));
    folder_close(&f);
    return 0;
}

TASK_TEST(local_file_of_another_is_left_at_close)
{
    folder f;
    eddy_server *server;
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    server = serve(f.path);
    assert_int_equal(unlink(f.path), 0);
    int other = bound_socket(f.path); /* another inode at the same path */
    stop(server);
    assert_true(exists(f.path));
    close(other);
    assert_int_equal(unlink(f.path), 0);
    assert_int_equal(eddy_start_unix_server(&server, f.path, echo, NULL,
                                            EDDY_OPTIONS(eddy_server_options, .keep_socket_file = true)),
                     0);
    stop(server);
    assert_true(exists(f.path));
    folder_close(&f);
    return 0;
}

TASK_TEST(local_abstract_name_has_no_file)
{
    char name[64], text[64];
    (void)arg;
    SKIP_SIMULATED();
    snprintf(name, sizeof name, "@eddy-test-%d", (int)getpid());
    eddy_server *server = serve(name);
    assert_int_equal(eddy_server_name(server, 0, text, sizeof text), strlen(name));
    assert_string_equal(text, name);
    talk(name);
    assert_false(exists(name));
    stop(server);
    eddy_stream *stream;
    assert_int_equal(eddy_open_unix_connection(&stream, name, NULL), EDDY_ECONNREFUSED);
    return 0;
}

TASK_TEST(fault_F9_odd_paths_are_refused_and_never_cut)
{
    folder f;
    eddy_server *server;
    eddy_stream *stream;
    char longest[200];
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(eddy_start_unix_server(&server, longest, echo, NULL, NULL), EDDY_ENAMETOOLONG);
    assert_int_equal(eddy_open_unix_connection(&stream, longest, NULL), EDDY_ENAMETOOLONG);
    assert_int_equal(eddy_start_unix_server(&server, "", echo, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_start_unix_server(&server, NULL, echo, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_open_unix_connection(&stream, NULL, NULL), EDDY_EINVAL);
    assert_int_equal(eddy_open_unix_connection(&stream, f.path, NULL), EDDY_ENOENT);
    assert_int_equal(eddy_start_unix_server(&server, "/nowhere/at/all", echo, NULL, NULL), EDDY_ENOENT);
    assert_int_equal(eddy_open_unix_connection(
                         &stream, f.path, EDDY_OPTIONS(eddy_connect_options, .family = EDDY_FAMILY_IPV4)),
                     EDDY_EINVAL);
    assert_int_equal(eddy_start_unix_server(&server, f.path, echo, NULL,
                                            EDDY_OPTIONS(eddy_server_options, .reuse_port = true)),
                     EDDY_EINVAL);
    close(bound_socket(f.path));
    assert_int_equal(eddy_open_unix_connection(&stream, f.path, NULL), EDDY_ECONNREFUSED);
    folder_close(&f);
    return 0;
}

TASK_TEST(local_datagrams_go_to_paths)
{
    folder f;
    char in[16];
    eddy_address to, from;
    eddy_datagram *server, *client;
    (void)arg;
    SKIP_SIMULATED();
    folder_open(&f);
    eddy_datagram_options options = {
        .size = sizeof options, .family = EDDY_FAMILY_UNIX, .local_host = f.path};
    assert_int_equal(eddy_open_datagram(&server, &options), 0);
    assert_int_equal(eddy_open_datagram(&client, &options), EDDY_EADDRINUSE);
    options.local_host = NULL;
    assert_int_equal(eddy_open_datagram(&client, &options), 0);
    assert_int_equal(eddy_address_parse(&to, f.path), 0);
    assert_int_equal(eddy_datagram_send(client, "path", 4, &to), 0);
    assert_int_equal(eddy_datagram_receive(server, in, sizeof in, &from), 4);
    int rc = 0;
    for (int i = 0; i < 2000 && rc == 0; i++) /* nobody could tell when there is room again */
        rc = eddy_datagram_send(client, "fill", 4, &to);
    assert_int_equal(rc, EDDY_ENOBUFS);
    eddy_datagram_release(server);
    options.local_host = f.path; /* its file was left, and is stale */
    assert_int_equal(eddy_open_datagram(&server, &options), 0);
    eddy_datagram_release(server);
    eddy_datagram_release(client);
    folder_close(&f);
    return 0;
}

TASK_TEST(local_sockets_that_are_not_there_are_told)
{
    eddy_server *server;
    eddy_stream *stream;
    (void)arg;
    if (!support_is_simulated())
        return support_skip("they are there");
    assert_int_equal(eddy_start_unix_server(&server, "/tmp/eddy-none", echo, NULL, NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_open_unix_connection(&stream, "/tmp/eddy-none", NULL), EDDY_ENOSYS);
    assert_int_equal(eddy_open_connection(&stream, "/tmp/eddy-none", "",
                                          EDDY_OPTIONS(eddy_connect_options, .family = EDDY_FAMILY_UNIX)),
                     EDDY_EAFNOSUPPORT);
    return 0;
}

int suite_local(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_F8_descriptors_that_a_peer_passes_are_not_kept),
        cmocka_unit_test(fault_F8_descriptors_passed_in_a_datagram_are_not_kept),
        cmocka_unit_test(local_streams_talk_and_the_file_goes_with_the_server),
        cmocka_unit_test(local_transports_talk),
        cmocka_unit_test(local_stale_socket_is_removed_first),
        cmocka_unit_test(local_path_that_is_in_use_stays_as_it_is),
        cmocka_unit_test(local_file_of_another_is_left_at_close),
        cmocka_unit_test(local_abstract_name_has_no_file),
        cmocka_unit_test(fault_F9_odd_paths_are_refused_and_never_cut),
        cmocka_unit_test(local_datagrams_go_to_paths),
        cmocka_unit_test(local_sockets_that_are_not_there_are_told),
    };
    return cmocka_run_group_tests_name("local sockets", tests, NULL, NULL);
}
