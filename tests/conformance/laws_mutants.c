/* laws_mutants.c: backends that break one law each, so that the tests of the laws are seen to fail.
 * Touches seam 1: wraps the real backend's table and spoils one thing. Never linked into the library. */
#include "conformance/laws_support.h"

#include <unistd.h>

#include "core/base/memory.h"

static const eddyi_backend_ops *real;
static eddyi_backend_ops spoiled;
static int results_seen;

/* ---- once ---- */

static int wait_reports_twice(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    if (count > 0 && count < room) {
        results[count] = results[0];
        count++;
    }
    return count;
}

static int wait_forgets_a_result(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    if (count > 0 && results[count - 1].op->kind == EDDYI_RECV && ++results_seen % 5 == 0)
        count--;
    return count;
}

static void clear_last(eddyi_result *result)
{
    if (result->op->flags & EDDYI_MULTI)
        result->flags &= ~(uint32_t)EDDYI_LAST;
}

static int wait_forgets_last(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    for (int i = 0; i < count; i++)
        clear_last(&results[i]);
    return count;
}

static int cancel_forgets_last(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    int rc = real->cancel(backend, op, now);
    if (rc == EDDYI_DONE)
        clear_last(now);
    return rc;
}

static int wait_picks_taken(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    for (int i = 0; i < count; i++)
        if ((results[i].op->flags & EDDYI_PICK_BUFFER) && results[i].value > 0)
            results[i].flags = (results[i].flags & 0xffff) | UINT32_C(1) << 16;
    return count;
}

static int wait_polls_once(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room), kept = 0;
    for (int i = 0; i < count; i++)
        if (results[i].op->kind != EDDYI_POLL || (results[i].flags & EDDYI_LAST) || results_seen++ == 0)
            results[kept++] = results[i];
    return kept;
}

/* ---- quiet ---- */

static int wait_drops(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    eddyi_result all[LAW_ROOM];
    int count = real->wait(backend, deadline, all, LAW_ROOM);
    if (count > room)
        count = room;
    for (int i = 0; i < count; i++)
        results[i] = all[i];
    return count;
}

static int wait_prefers_one(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    eddyi_result all[LAW_ROOM];
    if (room > 1)
        return real->wait(backend, deadline, results, room);
    int count = real->wait(backend, deadline, all, LAW_ROOM), best = 0;
    for (int i = 1; i < count; i++)
        if ((uintptr_t)all[i].op < (uintptr_t)all[best].op)
            best = i;
    if (count > 0)
        results[0] = all[best];
    return count > 0 ? 1 : count;
}

/* ---- lent ---- */

static unsigned char *returned_buffer;

static int cancel_keeps_buffer(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    if (op->kind == EDDYI_RECV && op->buffer_count > 0)
        returned_buffer = op->buffers[0].data;
    return real->cancel(backend, op, now);
}

static int wait_writes_buffer(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    if (returned_buffer != NULL)
        *returned_buffer ^= 0xff;
    return count;
}

static int submit_changes_array(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    int rc = real->submit(backend, op, now);
    if (op->kind == EDDYI_RECV && op->buffer_count > 1)
        op->buffers[0].size--;
    return rc;
}

/* ---- wins ---- */

static eddyi_result held[LAW_ROOM];
static int held_count;

/* Keeps what came for one wait longer; a cancel in between throws it away. */
/* Without a rhythm: receives and sends take turns in some laws, and every second result would be of one kind only. */
static bool by_chance(void)
{
    static uint32_t chance;
    chance = chance * 1103515245U + 12345U; /* the generator of C11's 7.22.2 */
    return (chance >> 16) % 2 == 0;
}

static int wait_holds(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = 0;
    if (held_count > 0) {
        while (held_count > 0 && count < room) {
            results[count++] = held[0];
            memmove(&held[0], &held[1], (size_t)--held_count * sizeof held[0]);
        }
        return count;
    }
    int found = real->wait(backend, deadline, results, room);
    for (int i = 0; i < found; i++) {
        bool hold = results[i].value > 0 && results[i].op->kind != EDDYI_CONNECT && by_chance();
        if (hold && held_count < LAW_ROOM)
            held[held_count++] = results[i];
        else
            results[count++] = results[i];
    }
    return found < 0 ? found : count;
}

static int cancel_throws_away(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    bool ended = false;
    int kept = 0;
    for (int i = 0; i < held_count; i++) {
        if (held[i].op == op) {
            ended = ended || (held[i].flags & EDDYI_LAST);
            if (op->flags & EDDYI_PICK_BUFFER)
                op->free_buffers |= UINT32_C(1) << (held[i].flags >> 16);
        } else {
            held[kept++] = held[i];
        }
    }
    held_count = kept;
    if (!ended)
        return real->cancel(backend, op, now);
    *now = (eddyi_result){.op = op, .value = EDDY_ECANCELED, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

/* Obeys every law, but a race on it has one outcome only: a test of races must notice that. */
static int wait_hates_haste(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    if (deadline < eddyi_clock_now() + 100 * LAW_MILLISECOND)
        return 0;
    return real->wait(backend, deadline, results, room);
}

/* ---- bounded ---- */

static eddyi_op *swallowed;

static int cancel_swallows(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    swallowed = op;
    (void)real->cancel(backend, op, now);
    return EDDYI_PENDING;
}

static int wait_swallows(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room), kept = 0;
    for (int i = 0; i < count; i++)
        if (results[i].op != swallowed)
            results[kept++] = results[i];
    return count < 0 ? count : kept;
}

/* ---- spare ---- */

static bool memory_is_there(void)
{
    void *block = eddyi_allocate(eddyi_default_allocator(), 64);
    eddyi_release(eddyi_default_allocator(), block);
    return block != NULL;
}

static int submit_allocates(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    if (memory_is_there())
        return real->submit(backend, op, now);
    *now = (eddyi_result){.op = op, .value = EDDY_ENOMEM, .flags = EDDYI_LAST};
    return EDDYI_DONE;
}

static int wait_allocates(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    return memory_is_there() ? real->wait(backend, deadline, results, room) : EDDY_ENOMEM;
}

static int open_leaks(eddyi_backend **out, const eddyi_backend_config *config, uint32_t *kinds)
{
    int rc = real->open(out, config, kinds);
    if (rc < 0)
        (void)!dup(2);
    return rc;
}

/* ---- mute ---- */

static eddyi_descriptor *detached;
static eddyi_op *polling;

static void detach_remembers(eddyi_backend *backend, eddyi_descriptor *descriptor)
{
    real->detach(backend, descriptor);
    if (descriptor->kind == EDDYI_STREAM)
        detached = descriptor;
}

static int wait_touches(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    if (detached != NULL)
        detached->ready ^= 1;
    return count;
}

static int submit_remembers(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    int rc = real->submit(backend, op, now);
    if (rc == EDDYI_PENDING && op->kind == EDDYI_POLL)
        polling = op;
    return rc;
}

static int wait_hears_the_dead(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = real->wait(backend, deadline, results, room);
    if (detached != NULL && polling != NULL && count >= 0 && count < room) {
        results[count++] = (eddyi_result){.op = polling, .value = EDDYI_IN, .flags = EDDYI_LAST};
        polling = NULL;
    }
    return count;
}

/* ---- late and wake ---- */

static uint64_t now_of(eddyi_backend *backend)
{
    return real->now != NULL ? real->now(backend) : eddyi_clock_now();
}

static int wait_returns_early(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    uint64_t now = now_of(backend);
    if (deadline != UINT64_MAX && deadline > now)
        deadline = now + (deadline - now) / 2;
    return real->wait(backend, deadline, results, room);
}

static int wait_blocks(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    if (deadline == 0)
        deadline = now_of(backend) + 10 * LAW_MILLISECOND;
    return real->wait(backend, deadline, results, room);
}

static void wake_nobody(eddyi_backend *backend)
{
    (void)backend;
}

/* ---- a lawful stranger: every answer comes from wait, as completion kernels give it ---- */

static eddyi_result due[LAW_ROOM];
static int due_count;

static int answer_later(int rc, const eddyi_result *now)
{
    if (rc == EDDYI_DONE) {
        assert_true(due_count < LAW_ROOM);
        due[due_count++] = *now;
    }
    return EDDYI_PENDING;
}

static int submit_answers_later(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    eddyi_result result;
    (void)now;
    return answer_later(real->submit(backend, op, &result), &result);
}

static int cancel_answers_later(eddyi_backend *backend, eddyi_op *op, eddyi_result *now)
{
    eddyi_result result;
    (void)now;
    for (int i = 0; i < due_count; i++)
        if (due[i].op == op)
            return EDDYI_PENDING; /* it completed before: that wins */
    return answer_later(real->cancel(backend, op, &result), &result);
}

static int wait_answers(eddyi_backend *backend, uint64_t deadline, eddyi_result *results, int room)
{
    int count = 0;
    while (due_count > 0 && count < room) {
        results[count++] = due[0];
        memmove(&due[0], &due[1], (size_t)--due_count * sizeof due[0]);
    }
    if (count == room)
        return count;
    int more = real->wait(backend, count > 0 ? 0 : deadline, results + count, room - count);
    return more < 0 ? more : count + more;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    eddyi_backend_ops change; /* what is not NULL replaces the real member */
} mutants[] = {
    {"reports_twice", {.wait = wait_reports_twice}},
    {"forgets_a_result", {.wait = wait_forgets_a_result}},
    {"forgets_last", {.wait = wait_forgets_last, .cancel = cancel_forgets_last}},
    {"picks_a_taken_buffer", {.wait = wait_picks_taken}},
    {"polls_only_once", {.wait = wait_polls_once}},
    {"drops_what_has_no_room", {.wait = wait_drops}},
    {"serves_one_direction_first", {.wait = wait_prefers_one}},
    {"writes_after_return", {.wait = wait_writes_buffer, .cancel = cancel_keeps_buffer}},
    {"changes_the_array", {.submit = submit_changes_array}},
    {"cancel_loses_data", {.wait = wait_holds, .cancel = cancel_throws_away}},
    {"never_lets_data_win", {.wait = wait_hates_haste}},
    {"cancel_never_returns", {.wait = wait_swallows, .cancel = cancel_swallows}},
    {"submit_needs_memory", {.submit = submit_allocates}},
    {"wait_needs_memory", {.wait = wait_allocates}},
    {"open_leaks", {.open = open_leaks}},
    {"touches_after_detach", {.wait = wait_touches, .detach = detach_remembers}},
    {"hears_the_dead", {.wait = wait_hears_the_dead, .detach = detach_remembers, .submit = submit_remembers}},
    {"returns_early", {.wait = wait_returns_early}},
    {"blocks_always", {.wait = wait_blocks}},
    {"loses_a_wake", {.wake = wake_nobody}},
    {"answers_later", {.submit = submit_answers_later, .cancel = cancel_answers_later, .wait = wait_answers}},
};

const eddyi_backend_ops *law_mutant(const char *name, const eddyi_backend_ops *backend)
{
    for (size_t i = 0; i < sizeof mutants / sizeof mutants[0]; i++) {
        const eddyi_backend_ops *change = &mutants[i].change;
        if (strcmp(mutants[i].name, name) != 0)
            continue;
        real = backend;
        spoiled = *backend;
        if (change->open != NULL)
            spoiled.open = change->open;
        if (change->submit != NULL)
            spoiled.submit = change->submit;
        if (change->cancel != NULL)
            spoiled.cancel = change->cancel;
        if (change->detach != NULL)
            spoiled.detach = change->detach;
        if (change->wait != NULL)
            spoiled.wait = change->wait;
        if (change->wake != NULL)
            spoiled.wake = change->wake;
        return &spoiled;
    }
    return NULL;
}
