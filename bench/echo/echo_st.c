/* echo_st.c: an echo server on State Threads: a thread a client that reads and writes as if it blocked.
 * Touches libst, told to use epoll. A build without (Debian's) says yes to that and then takes select, which ends at
 * 1024 descriptors; poll is the next best. */
#include <st.h>

#include "tcp.h"

static size_t buffer_size;

static void *serve(void *arg)
{
    st_netfd_t client = arg;
    char buffer[buffer_size];
    ssize_t got;
    while ((got = st_read(client, buffer, sizeof buffer, ST_UTIME_NO_TIMEOUT)) > 0)
        if (st_write(client, buffer, (size_t)got, ST_UTIME_NO_TIMEOUT) != got)
            break;
    st_netfd_close(client);
    return NULL;
}

int main(void)
{
    bench_raise_files();
    buffer_size = (size_t)bench_setting("BENCH_BUFFER");
    st_set_eventsys(ST_EVENTSYS_ALT);
    st_set_eventsys(ST_EVENTSYS_POLL); /* refused, if epoll was taken */
    bench_check(st_init() == 0, "st_init");
    st_netfd_t listener = st_netfd_open_socket(bench_listen());
    bench_check(listener != NULL, "st_netfd_open_socket");
    for (;;) {
        st_netfd_t client = st_accept(listener, NULL, NULL, ST_UTIME_NO_TIMEOUT);
        bench_check(client != NULL, "st_accept");
        bench_no_delay(st_netfd_fileno(client));
        bench_check(st_thread_create(serve, client, 0, 0) != NULL, "st_thread_create");
    }
}
