/* faults.h: what the emulated kernel can be told to do wrong, or differently.
 * Touches nothing. Also by EDDY_KQUEUE_FAULTS in the environment, for a whole program: "batch=1,interrupt=20,stale=10,no-user". */
#ifndef EDDY_TESTS_KQUEUE_FAULTS_H
#define EDDY_TESTS_KQUEUE_FAULTS_H

#include <stdbool.h>

/* Zero: as the manual pages say. */
typedef struct kqueue_faults {
    int batch;     /* so many events a call at most */
    int interrupt; /* per cent of the calls that may block end with EINTR; their changes were made */
    int stale;     /* per cent of the deleted filters whose last event is told once more, later */
    bool no_user;  /* EVFILT_USER is not there */
} kqueue_faults;

void kqueue_faults_set(const kqueue_faults *); /* NULL: none */
unsigned long kqueue_stale_told(void);         /* stale events since then */

#endif
