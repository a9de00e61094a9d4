/* answers.c: what the ring's answers say of ops: a result, or that it is to be asked anew.
 * Touches the ring's answers and the op's scratch area. An answer is believed only if the op that it names is the kernel's, under that very name. */
#include <poll.h>

#include "backends/io_uring/inside.h"

#ifdef EDDY_VALGRIND
#include <valgrind/memcheck.h>
#endif

static eddyi_op *find(eddyi_backend *backend, uint64_t user_data)
{
    uint32_t slot = (uint32_t)user_data >> URING_SLOT_SHIFT;
    const eddyi_descriptor *d = slot < backend->slots.count ? backend->slots.slots[slot].descriptor : NULL;
    if (d == NULL)
        return NULL;
    eddyi_op *op = user_data & URING_IS_WRITER ? d->writer : d->reader;
    bool has = op != NULL && (op->state == URING_HANDED || op->state == URING_CANCELLING);
    return has && eddyi_uring_lent_of(op)->user_data == user_data ? op : NULL;
}

static void failed(eddyi_result *result, int number)
{
    result->value = eddyi_error_from_system(number);
    result->os_error = number;
}

/* False: nothing came of it, and it is asked anew. */
static bool asked_answered(const eddyi_backend *backend, eddyi_op *op, int res, eddyi_result *result)
{
    if (res < 0) {
        failed(result, -res);
        return true;
    }
    eddyi_uring_learn(op, true);
    if (op->kind != EDDYI_POLL) {
        bool ended = eddyi_uring_try(op, result);
        eddyi_uring_learn_of_try(backend, op, ended, result->value);
        return ended;
    }
    uint32_t both = res & (POLLHUP | POLLERR) ? EDDYI_IN | EDDYI_OUT : 0u;
    uint32_t holds = both | (res & POLLIN ? EDDYI_IN : 0u) | (res & POLLOUT ? EDDYI_OUT : 0u);
    if (res & POLLNVAL)
        result->value = EDDY_EBADF;
    else
        result->value = holds & op->events;
    return result->value != 0;
}

static void received(eddyi_op *op, int res, uint32_t flags, eddyi_result *result)
{
    const eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    result->value = res;
    if (op->kind == EDDYI_RECVFROM && op->address != NULL)
        op->address->size = lent->message.msg_namelen;
    if (op->flags & EDDYI_PICK_BUFFER)
        eddyi_uring_took(op, lent->picked, result);
    eddyi_uring_learn(op, (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0 && res > 0);
}

#ifdef EDDY_VALGRIND
/* It does not know that the kernel wrote there. */
static void mark_received(const eddyi_op *op, const eddyi_result *result)
{
    uint64_t left = result->value > 0 ? (uint64_t)result->value : 0;
    if (op->flags & EDDYI_PICK_BUFFER) {
        VALGRIND_MAKE_MEM_DEFINED(op->buffers[result->flags >> 16].data, left);
        return;
    }
    for (uint32_t i = 0; i < op->buffer_count && left > 0; i++) {
        size_t size = op->buffers[i].size < left ? op->buffers[i].size : (size_t)left;
        VALGRIND_MAKE_MEM_DEFINED(op->buffers[i].data, size);
        left -= size;
    }
    if (op->kind == EDDYI_RECVFROM && op->address != NULL)
        VALGRIND_MAKE_MEM_DEFINED(op->address->bytes, op->address->size);
}
#else
static void mark_received(const eddyi_op *op, const eddyi_result *result)
{
    (void)op;
    (void)result;
}
#endif

/* What the kernel says of an accept that failed is asked again by the plain call, which passes over connections that died in the queue. */
static bool accept_failed(eddyi_backend *backend, eddyi_op *op, int number, eddyi_result *result)
{
    bool ended = eddyi_uring_try(op, result);
    if (number == EINVAL &&
        result->value != EDDY_EINVAL) /* a listener, and a kernel that knows single accepts only */
        backend->no_multishot = true;
    return ended;
}

/* False: it is asked anew. */
static bool native_answered(eddyi_backend *backend, eddyi_op *op, int res, uint32_t flags,
                            eddyi_result *result)
{
    if (res < 0 && eddyi_uring_fails_for_now(-res))
        return false;
    if (op->kind == EDDYI_ACCEPT) {
        result->value = res;
        return res >= 0 || accept_failed(backend, op, -res, result);
    }
    if (res < 0) {
        failed(result, -res);
    } else {
        received(op, res, flags, result);
        mark_received(op, result);
    }
    return true;
}

/* A handed op has an answer. False: no result came of it. */
static bool answered(eddyi_backend *backend, eddyi_op *op, const struct io_uring_cqe *answer,
                     eddyi_result *result)
{
    bool more = (answer->flags & IORING_CQE_F_MORE) != 0;
    int res = answer->res;
    const eddyi_uring_lent *lent = eddyi_uring_lent_of(op);
    *result = (eddyi_result){.op = op};
    if (!more) {
        backend->handed--;
        eddyi_list_remove(&eddyi_uring_lent_of(op)->link); /* the cancel has come too late */
    }
    bool ended = false;
    if (res != -ECANCELED)
        ended = lent->asked ? asked_answered(backend, op, res, result)
                            : native_answered(backend, op, res, answer->flags, result);
    if (!ended && op->state == URING_CANCELLING) {
        bool lost = eddyi_slot_of(&backend->slots, op->descriptor)->error < 0;
        result->value = lost ? EDDY_EBADF : EDDY_ECANCELED;
        ended = true;
    }
    if (ended)
        eddyi_uring_tell(backend, op, more, result);
    else
        eddyi_uring_queue(backend, op);
    return ended;
}

static bool bell_answered(eddyi_backend *backend, const struct io_uring_cqe *answer)
{
    if (!(answer->flags & IORING_CQE_F_MORE))
        backend->bell_watched = false;
    /* From here on a wake writes again. One that came before ends this wait, and what it announces is visible. */
    return atomic_exchange(&backend->woken, false);
}

int eddyi_uring_collect(eddyi_backend *backend, eddyi_result *results, int room, bool *woken)
{
    int count = 0;
    const struct io_uring_cqe *answer;
    while (count < room && (answer = eddyi_ring_answer(&backend->ring)) != NULL) {
        eddyi_op *op;
        if (answer->user_data == URING_BELL)
            *woken = bell_answered(backend, answer) || *woken;
        else if (answer->user_data & URING_IS_CANCEL)
            ;
        else if ((op = find(backend, answer->user_data)) == NULL)
            backend->strays++;
        else if (answered(backend, op, answer, &results[count]))
            count++;
        eddyi_ring_answered(&backend->ring);
    }
    return count;
}
