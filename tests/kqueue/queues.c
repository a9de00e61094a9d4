/* queues.c: all queues there are; what close, dup2 and fork do to them.
 * Touches the three calls (by the linker's --wrap), and epoll. A descriptor's notes go with its number, whoever else has the file open; a
 * child inherits no queue. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "emulation.h"

enum { MOST_NUMBERS = 1 << 17 };

kqueue_faults emulation_faults;
unsigned long emulation_stale_told;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static queue *all;
static _Atomic(queue *) by_number[MOST_NUMBERS];
static atomic_int owner; /* the process */

int __real_dup2(int from, int to);
int __real_dup3(int from, int to, int flags);
int __wrap_close(int fd);
int __wrap_dup2(int from, int to);
int __wrap_dup3(int from, int to, int flags);

void emulation_lock(void)
{
    (void)pthread_mutex_lock(&mutex);
}

void emulation_unlock(void)
{
    (void)pthread_mutex_unlock(&mutex);
}

queue *queue_of(int fd)
{
    return fd >= 0 && fd < MOST_NUMBERS ? atomic_load(&by_number[fd]) : NULL;
}

/* ---- faults ---- */

static void read_environment(void)
{
    const char *text = getenv("EDDY_KQUEUE_FAULTS"), *at;
    if (text == NULL)
        return;
    if ((at = strstr(text, "batch=")) != NULL)
        emulation_faults.batch = atoi(at + 6);
    if ((at = strstr(text, "interrupt=")) != NULL)
        emulation_faults.interrupt = atoi(at + 10);
    if ((at = strstr(text, "stale=")) != NULL)
        emulation_faults.stale = atoi(at + 6);
    emulation_faults.no_user = strstr(text, "no-user") != NULL;
}

void kqueue_faults_set(const kqueue_faults *faults)
{
    emulation_lock();
    emulation_faults = faults != NULL ? *faults : (kqueue_faults){0};
    emulation_stale_told = 0;
    emulation_unlock();
}

unsigned long kqueue_stale_told(void)
{
    return emulation_stale_told;
}

/* Xorshift (Marsaglia, "Xorshift RNGs", 2003): the same in each run. */
bool emulation_chance(int percent)
{
    static unsigned state = 2463534242u;
    if (percent == 0)
        return false;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (int)(state % 100) < percent;
}

/* ---- life ---- */

static void destroy(queue *q)
{
    queue **link = &all;
    atomic_store(&by_number[q->fd], (queue *)NULL);
    while (*link != q)
        link = &(*link)->next;
    *link = q->next;
    for (int b = 0; b < BUCKETS; b++)
        while (q->notes[b] != NULL)
            note_free(q, q->notes[b]);
    for (int i = 0; i < SETS; i++)
        if (q->sets[i] >= 0)
            (void)__real_close(q->sets[i]);
    if (q->bell >= 0)
        (void)__real_close(q->bell);
    free(q);
}

/* The sets are the parent's as well: nothing is taken out of them. */
static void in_child(void)
{
    while (all != NULL) {
        int fd = all->fd;
        for (int b = 0; b < BUCKETS; b++)
            for (note *n = all->notes[b]; n != NULL; n = n->next)
                n->watched = false;
        destroy(all);
        (void)__real_close(fd);
    }
    atomic_store(&owner, (int)getpid());
    (void)pthread_mutex_init(&mutex, NULL);
}

static void begin(void)
{
    atomic_store(&owner, (int)getpid());
    (void)pthread_atfork(emulation_lock, emulation_unlock, in_child);
    read_environment();
}

int kqueue(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, begin);
    queue *q = calloc(1, sizeof *q);
    int fd = epoll_create1(0);
    if (q == NULL || fd < 0 || fd >= MOST_NUMBERS) {
        if (fd >= 0)
            (void)__real_close(fd);
        free(q);
        errno = q == NULL ? ENOMEM : EMFILE;
        return -1;
    }
    *q = (queue){.fd = fd, .sets = {-1, -1}, .bell = -1, .last = &q->first};
    emulation_lock();
    q->next = all;
    all = q;
    atomic_store(&by_number[fd], q);
    emulation_unlock();
    return fd;
}

static int stand_in(queue *q, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0)
        return errno;
    if (epoll_ctl(q->fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    int error = errno;
    (void)__real_close(fd);
    return error;
}

/* All that it will need at once: tests count descriptors. */
int queue_open(queue *q)
{
    int error = 0;
    for (int i = 0; i < SETS && error == 0; i++) {
        if (q->sets[i] >= 0)
            continue;
        int fd = epoll_create1(EPOLL_CLOEXEC);
        error = stand_in(q, fd);
        if (error == 0)
            q->sets[i] = fd;
    }
    if (error == 0 && q->bell < 0) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        error = stand_in(q, fd);
        if (error == 0)
            q->bell = fd;
    }
    return error;
}

/* ---- what takes a number away ---- */

/* A child that shares our memory until it execs has descriptors of its own. */
static bool foreign(void)
{
    return atomic_load(&owner) != (int)getpid();
}

static void forget(int fd)
{
    emulation_lock();
    for (queue *q = all; q != NULL; q = q->next)
        for (int i = 0; i < SETS; i++) {
            note *n = note_find(q, (uintptr_t)fd, i == READ ? EVFILT_READ : EVFILT_WRITE);
            if (n != NULL)
                note_free(q, n);
        }
    queue *own = queue_of(fd);
    if (own != NULL)
        destroy(own);
    emulation_unlock();
}

int __wrap_close(int fd)
{
    if (!foreign())
        forget(fd);
    return __real_close(fd);
}

int __wrap_dup2(int from, int to)
{
    if (from != to && !foreign())
        forget(to);
    return __real_dup2(from, to);
}

int __wrap_dup3(int from, int to, int flags)
{
    if (from != to && !foreign())
        forget(to);
    return __real_dup3(from, to, flags);
}
