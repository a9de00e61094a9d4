/* curl_multi.c: a hundred downloads at once by libcurl, which is driven by an eddy loop. Usage: curl_multi URL
 * Touches the public API and libcurl's multi socket interface. libcurl says what to watch and how long to wait; the loop calls it back.
 * ci/peers/http runs it against examples/http_server. */
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <eddy.h>

enum { FILES = 100 };

typedef struct downloads {
    eddy_loop *loop;
    eddy_future *done;
    eddy_handle *timer;
    CURLM *multi;
    const char *url;
    int running, files;
    size_t bytes;
} downloads;

typedef struct watched { /* one of libcurl's sockets */
    downloads *owner;
    curl_socket_t fd;
} watched;

static void take_results(downloads *self)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left)) != NULL;) {
        CURL *easy = message->easy_handle;
        if (message->msg != CURLMSG_DONE)
            continue;
        if (message->data.result == CURLE_OK)
            self->files++;
        else
            (void)fprintf(stderr, "%s: %s\n", self->url, curl_easy_strerror(message->data.result));
        (void)curl_multi_remove_handle(self->multi, easy);
        curl_easy_cleanup(easy);
    }
    if (self->running == 0 && !eddy_future_done(self->done))
        (void)eddy_future_set_result(self->done, 0);
}

static void tell_curl(downloads *self, curl_socket_t fd, int events)
{
    (void)curl_multi_socket_action(self->multi, fd, events, &self->running);
    take_results(self);
}

/* ---- what the loop tells libcurl ---- */

static void readable(void *arg)
{
    const watched *one = arg;
    tell_curl(one->owner, one->fd, CURL_CSELECT_IN);
}

static void writable(void *arg)
{
    const watched *one = arg;
    tell_curl(one->owner, one->fd, CURL_CSELECT_OUT);
}

static void timed_out(void *arg)
{
    tell_curl(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- what libcurl wants ---- */

static int watch(watched *one, int what)
{
    eddy_loop *loop = one->owner->loop;
    int rc = 0;
    if (what & CURL_POLL_IN)
        rc = eddy_loop_add_reader(loop, one->fd, readable, one);
    else
        (void)eddy_loop_remove_reader(loop, one->fd);
    if (rc == 0 && (what & CURL_POLL_OUT))
        rc = eddy_loop_add_writer(loop, one->fd, writable, one);
    else if (!(what & CURL_POLL_OUT))
        (void)eddy_loop_remove_writer(loop, one->fd);
    return rc < 0 ? -1 : 0;
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *user, void *of_socket)
{
    downloads *self = user;
    watched *one = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)eddy_loop_remove_reader(self->loop, fd);
        (void)eddy_loop_remove_writer(self->loop, fd);
        free(one);
        return 0;
    }
    if (one == NULL) {
        one = malloc(sizeof *one);
        if (one == NULL)
            return -1;
        *one = (watched){self, fd};
        (void)curl_multi_assign(self->multi, fd, one);
    }
    return watch(one, what);
}

static void drop_timer(downloads *self)
{
    if (self->timer != NULL)
        eddy_handle_cancel(self->timer);
    eddy_handle_release(self->timer);
    self->timer = NULL;
}

static int timer_wanted(CURLM *multi, long milliseconds, void *user)
{
    downloads *self = user;
    (void)multi;
    drop_timer(self);
    if (milliseconds < 0)
        return 0;
    return eddy_loop_call_later(self->loop, &self->timer, (double)milliseconds / 1000, timed_out, self) < 0
               ? -1
               : 0;
}

/* ---- a hundred files ---- */

static size_t received(char *data, size_t size, size_t count, void *user)
{
    downloads *self = user;
    (void)data;
    self->bytes += size * count;
    return size * count;
}

static int add_download(downloads *self)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return EDDY_ENOMEM;
    (void)curl_easy_setopt(easy, CURLOPT_URL, self->url);
    (void)curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, received);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    if (curl_multi_add_handle(self->multi, easy) == CURLM_OK)
        return 0;
    curl_easy_cleanup(easy);
    return EDDY_ENOMEM;
}

static int download_all(downloads *self)
{
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    int rc = eddy_loop_create_future(self->loop, &self->done);
    for (int i = 0; rc == 0 && i < FILES; i++)
        rc = add_download(self);
    if (rc == 0)
        rc = eddy_await_future(self->done, NULL);
    eddy_future_release(self->done);
    return rc;
}

static int run(void *url)
{
    downloads self = {.loop = eddy_get_running_loop(), .url = url, .multi = curl_multi_init()};
    if (self.multi == NULL)
        return EDDY_ENOMEM;
    int rc = download_all(&self);
    (void)curl_multi_cleanup(self.multi); /* closes what is open, and says so to socket_wanted */
    drop_timer(&self);
    printf("%d files, %zu bytes\n", self.files, self.bytes);
    return rc == 0 && self.files < FILES ? EDDY_EIO : rc;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: curl_multi URL\n");
        return 2;
    }
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int rc = eddy_run(run, argv[1], NULL);
    curl_global_cleanup();
    return eddy_exit_status(rc);
}
