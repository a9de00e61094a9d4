/* event.h: <sys/event.h> for tests on Linux: what eddy uses of kqueue(2), named as the manual pages of macOS and the BSDs name it.
 * Touches nothing. The numbers are FreeBSD's and macOS's; programs may not depend on them. */
#ifndef EDDY_TESTS_KQUEUE_SYS_EVENT_H
#define EDDY_TESTS_KQUEUE_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ  (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_PROC  (-5)
#define EVFILT_USER  (-11)

#define EV_ADD     0x0001u
#define EV_DELETE  0x0002u
#define EV_ENABLE  0x0004u
#define EV_DISABLE 0x0008u
#define EV_ONESHOT 0x0010u
#define EV_CLEAR   0x0020u
#define EV_RECEIPT 0x0040u
#define EV_OOBAND  0x2000u
#define EV_ERROR   0x4000u
#define EV_EOF     0x8000u

#define NOTE_TRIGGER 0x01000000u
#define NOTE_EXIT    0x80000000u

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
};

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_)                                       \
    (*(event) = (struct kevent){(ident_), (filter_), (flags_), (fflags_), (data_), (udata_)})

int kqueue(void);
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
           const struct timespec *timeout);

#endif
