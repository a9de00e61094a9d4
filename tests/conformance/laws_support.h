/* laws_support.h: a bench for the laws: one backend, ops that count their reports, and connections made through the seam.
 * Touches seam 1 and the network table of seam 2 only. Every wait has a limit, so a broken backend fails and never hangs. */
#ifndef LAWS_SUPPORT_H
#define LAWS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/backend.h"
#include "core/base/inject.h"
#include "core/platform.h"
#include "support/support.h"

#define LAW_MILLISECOND UINT64_C(1000000)
#define LAW_PATIENCE    law_patience() /* after which a wait has failed */

enum { LAW_ROOM = 64, LAW_BUFFERS = 4 };

typedef struct law_bench {
    const eddyi_backend_ops *ops;
    const eddyi_net_ops *net;
    eddyi_backend *backend;
    uint32_t kinds;
    bool is_virtual;
    uint64_t random; /* state of law_random */
    int lent;        /* ops that the backend has */
    int descriptors; /* open before the backend was */
} law_bench;

typedef struct law_op law_op;
struct law_op {
    eddyi_op op; /* op.waiter points at this struct */
    eddyi_buffer buffers[LAW_BUFFERS];
    eddyi_buffer given[LAW_BUFFERS]; /* as it was submitted: the array may not change */
    eddyi_address address;
    bool lent, ended;
    int reports;   /* by submit, cancel or wait */
    int64_t value; /* of the last report */
    uint32_t flags;
    void (*each)(law_op *, const eddyi_result *); /* each report, NULL: none */
    void *context;
};

typedef struct law_pair { /* a connected stream */
    eddyi_descriptor near, far;
} law_pair;

/* The backend under test, possibly wrapped by a mutant. */
void law_select(const eddyi_backend_ops *ops);
const eddyi_backend_ops *law_selected(void);
const eddyi_backend_ops *law_mutant(const char *name, const eddyi_backend_ops *real); /* NULL: unknown */

/* Run `body` on a fresh backend, with several seeds where time is virtual; everything must be as before. */
void law_run(void (*body)(law_bench *));
/* false, and says why, when the backend's time and network are virtual: the test returns. */
bool law_needs_real(const char *why);
/* The same, when the system has it not. */
bool law_needs(enum support_feature, const char *why);
void law_expect_failure(void); /* a mutant runs: be less patient */
bool law_was_skipped(void);    /* some test was, since the start */
bool law_has_kind(const law_bench *, enum eddyi_op_kind kind);

uint64_t law_patience(void);
uint64_t law_now(law_bench *);
uint64_t law_random(law_bench *, uint64_t below);
int law_open_descriptors(void);

/* An op on a descriptor with one buffer (size 0: none). */
law_op law_make(eddyi_descriptor *, enum eddyi_op_kind kind, void *data, size_t size);
void law_submit(law_bench *, law_op *);
void law_cancel(law_bench *, law_op *);
/* One wait; every report is checked against the laws once, quiet and lent. Returns the number of results. */
int law_step(law_bench *, uint64_t deadline_ns, int room);
int law_step_for(law_bench *, uint64_t nanoseconds);
void law_finish(law_bench *, law_op *);    /* until it has ended */
void law_take_back(law_bench *, law_op *); /* cancel, if it is lent, and until it has ended */
int64_t law_do(law_bench *, eddyi_descriptor *, enum eddyi_op_kind kind, void *data, size_t size);
void law_send_all(law_bench *, eddyi_descriptor *, const void *data, size_t size);
void law_receive_all(law_bench *, eddyi_descriptor *, void *data, size_t size);

void law_attach(law_bench *, eddyi_descriptor *, eddy_fd fd, enum eddyi_descriptor_kind kind);
void law_release(law_bench *, eddyi_descriptor *); /* detach and close */
void law_listen(law_bench *, eddyi_descriptor *listener, eddyi_address *at);
void law_client(law_bench *, eddyi_descriptor *); /* a stream socket, attached, not connected */
void law_connect_pair(law_bench *, law_pair *);
void law_release_pair(law_bench *, law_pair *);
void law_datagram(law_bench *, eddyi_descriptor *, eddyi_address *at);

#endif
