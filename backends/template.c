/* template.c: a native backend that knows no kernel yet: what to fill in, function by function.
 * Touches nothing. It compiles, says EDDY_ENOSYS to whoever asks, and obeys the laws of core/backend.h in what it does.
 *
 * Copy it to NAME.c and rename eddyi_backend_template to eddyi_backend_NAME: the build finds both by that name. For a kernel that
 * says what is ready, and leaves the doing to the caller, begin with a copy of poll.c instead: there readiness/ does most of this. */
#include "core/backend.h"
#include "core/base/memory.h"
#include "core/platform.h"

/* Fill in: the queue of the kernel, and whatever found no room in a wait. */
struct eddyi_backend {
    const eddy_allocator *allocator;
};

/* Fill in: what an op needs while the kernel has it. */
typedef struct lent {
    uint64_t user_data; /* slot and generation of its descriptor, and the direction: never a pointer */
} lent;

_Static_assert(sizeof(lent) <= sizeof(((eddyi_op *)0)->scratch),
               "an op's part of the backend fits into its scratch");

static int template_probe(void)
{
    /* Fill in: whether this machine can: 0, EDDY_ENOSYS, EDDY_EPERM. Make the kernel's queue and close it: containers and emulators
     * forbid calls at run time. No side effect. */
    return EDDY_ENOSYS;
}

static int template_open(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    /* Fill in: the queue, not inherited by children, and what wake() needs. A bit in *kinds for each op that this instance can run and
     * cancel; core takes another way for the rest. On failure give back all that was taken, and write neither. */
    eddyi_backend *backend = eddyi_allocate_zero(config->allocator, sizeof *backend);
    if (backend == NULL)
        return EDDY_ENOMEM;
    (void)out;
    (void)kinds;
    eddyi_release(config->allocator, backend);
    return EDDY_ENOSYS;
}

static void template_close(eddyi_backend *backend)
{
    /* Fill in: nothing is attached and nothing lent any more; answers of cancels may still lie in the queue. */
    eddyi_release(backend->allocator, backend);
}

static int template_attach(eddyi_backend *backend, eddyi_descriptor *descriptor)
{
    /* Fill in: a slot and a generation for it, and all the memory that its ops will ever need: nothing later may fail for want of it
     * (spare). EDDY_EEXIST: attached already; EDDY_EPERM: a file that never waits; EDDY_EBADF. On failure nothing has changed. */
    (void)backend;
    (void)descriptor;
    return EDDY_ENOSYS;
}

static void template_detach(eddyi_backend *backend, eddyi_descriptor *descriptor)
{
    /* Fill in: forget it; its generation is over, so what the kernel still says of it reaches nobody (mute). Idempotent. */
    (void)backend;
    descriptor->attached = 0;
}

static int template_submit(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    /* Fill in: begin it. Ended at once: *now, EDDYI_DONE, and wait() says nothing of it (once). Else EDDYI_PENDING: op, buffers and
     * descriptor are yours until then (lent). A full queue is no error: keep the op in a list through op->next (spare). The second op of a
     * direction is EDDY_EBUSY, a kind that is not in `kinds` EDDY_ENOSYS, one without its descriptor EDDY_EBADF. */
    (void)backend;
    *now = (eddyi_result){.op = op, .value = EDDY_ENOSYS, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

static int template_cancel(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    /* Fill in: ask the kernel to end it, and say EDDYI_PENDING: wait() brings it, with what it did if it did anything (wins), soon
     * (bounded). Where the op has not begun, take it back here: EDDYI_DONE and EDDY_ECANCELED. */
    (void)backend;
    *now = (eddyi_result){.op = op, .value = EDDY_EINVALIDSTATE, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

static int template_wait(eddyi_backend *backend, uint64_t deadline_ns, eddyi_result *results, int room)
{
    /* Fill in: give the kernel what submit kept, then results until the room is full, a wake comes, or the deadline is there. 0 does
     * not block. What found no room stays for the next call (quiet). An interrupted call goes on. Round the time up, and look at the
     * clock again before saying that it is over (late). Ops whose buffers were all taken are looked at at the beginning of each wait. */
    (void)backend;
    (void)deadline_ns;
    (void)results;
    (void)room;
    return EDDY_ENOSYS;
}

static void template_wake(eddyi_backend *backend)
{
    /* Fill in: end the current or the next wait(). Any thread, any signal handler; keep errno; repeats may merge. */
    (void)backend;
}

static eddy_fd template_pollable(eddyi_backend *backend)
{
    /* Fill in: a descriptor that a foreign loop can wait for, readable whenever wait(0) would find something. None: NULL in the table. */
    (void)backend;
    return -1;
}

extern const eddyi_backend_ops eddyi_backend_template;
const eddyi_backend_ops eddyi_backend_template = {
    .name = "template",
    .description = "what a backend has to fill in",
    .caps =
        EDDYI_CAP_ON_REQUEST, /* Fill in: 0 for most; EDDYI_CAP_TRY_FIRST only where a pending op has not begun */
    .probe = template_probe,
    .open = template_open,
    .close = template_close,
    .attach = template_attach,
    .detach = template_detach,
    .submit = template_submit,
    .cancel = template_cancel,
    .wait = template_wait,
    .wake = template_wake,
    .pollable = template_pollable, /* `now` and `net` are the platform's, as long as they are NULL */
};
