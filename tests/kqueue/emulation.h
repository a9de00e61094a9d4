/* emulation.h: what the files of the emulated kqueue share: queues, and the notes that hang on them.
 * Touches epoll, eventfd and pidfd. Everything is under one lock, which nobody holds while waiting; only a trigger of EVFILT_USER comes
 * without it, for it comes from signal handlers. */
#ifndef EDDY_TESTS_KQUEUE_EMULATION_H
#define EDDY_TESTS_KQUEUE_EMULATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/event.h>
#include <sys/types.h>

#include "faults.h"

enum { READ, WRITE, SETS };
enum { BUCKETS = 256 };

/* What kqueue's own kernels call a knote. */
typedef struct note {
    struct note *next;             /* in its bucket */
    struct note *later;            /* in the row of those that may have something to tell */
    struct kevent event;           /* ident, filter, flags, fflags, udata as they were given */
    bool enabled, active, watched; /* watched: it stands in its epoll set */
    int process;                   /* EVFILT_PROC: a pidfd */
    atomic_bool triggered;         /* EVFILT_USER */
} note;

/* The descriptor of the queue is an epoll set. Each direction has a set of its own inside it, so that an edge of one says nothing of the
 * other: all notes stand there by edge, and one that is level-triggered is looked at anew each time it was told. */
typedef struct queue {
    struct queue *next;
    int fd, sets[SETS], bell;
    note *notes[BUCKETS]; /* by ident */
    note *user;           /* of EVFILT_USER, made before anybody can trigger it */
    note *first, **last;  /* the row */
    struct kevent stale;
    bool has_stale;
} queue;

/* queues.c */

void emulation_lock(void);
void emulation_unlock(void);
queue *queue_of(int fd); /* NULL: none. Also without the lock */
int queue_open(queue *); /* an errno: its sets and its bell, if they are not there yet */
extern kqueue_faults emulation_faults;
extern unsigned long emulation_stale_told;
bool emulation_chance(int percent);
int __real_close(int fd);

/* notes.c: each answers 0 or an errno */

note *note_find(queue *, uintptr_t ident, short filter);
note **note_bucket(queue *, uintptr_t ident);
int note_change(queue *, const struct kevent *change);
void note_free(queue *, note *);
void note_activate(queue *, note *);
/* What it has to tell now; false: nothing any more. */
bool note_look(const note *, struct kevent *out);
void note_told(queue *, note *); /* its event went out */

#endif
