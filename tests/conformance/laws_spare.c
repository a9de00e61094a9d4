/* laws_spare.c: the laws spare and mute: nothing but open and attach needs memory, and a detached descriptor is heard of
 * no more: not from the batch in hand, not under its number, not through a copy. Touches the bench and injection. */
#include "conformance/laws_support.h"

#include <unistd.h>

#include "core/base/memory.h"
#include "conformance/laws_tests.h"

/* ---- spare ---- */

static void nothing_needs_memory(law_bench *b)
{
    enum { PAIRS = 8 };
    const eddyi_inject_plan none = {
        .fail_at = 1, .fail_after_too = true, .calls = UINT64_C(1) << EDDYI_INJECT_memory};
    law_pair pairs[PAIRS];
    eddyi_descriptor listener;
    eddyi_address at;
    char in[PAIRS];
    law_op receives[PAIRS], waiting[PAIRS];
    for (int i = 0; i < PAIRS; i++)
        law_connect_pair(b, &pairs[i]);
    law_listen(b, &listener, &at);
    eddyi_inject_start(&none);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < PAIRS; i++) {
            receives[i] = law_make(&pairs[i].near, EDDYI_RECV, &in[i], 1);
            waiting[i] = law_make(&pairs[i].far, EDDYI_RECV, &in[i], 1);
            law_submit(b, &receives[i]);
            law_submit(b, &waiting[i]);
        }
        law_op accept = law_make(&listener, EDDYI_ACCEPT, NULL, 0);
        accept.op.flags = EDDYI_MULTI;
        law_submit(b, &accept);
        for (int i = 0; i < PAIRS; i++) {
            assert_int_equal(law_do(b, &pairs[i].far, EDDYI_SEND, "x", 1), 1);
            b->ops->wake(b->backend);
        }
        for (int i = 0; i < PAIRS; i++) {
            law_finish(b, &receives[i]);
            assert_int_equal(receives[i].value, 1);
            law_take_back(b, &waiting[i]);
            assert_int_equal(waiting[i].value, EDDY_ECANCELED);
        }
        law_take_back(b, &accept);
        assert_int_equal(accept.value, EDDY_ECANCELED);
    }
    for (int i = 0; i < PAIRS; i++) {
        b->ops->detach(b->backend, &pairs[i].near);
        b->ops->detach(b->backend, &pairs[i].far);
    }
    b->ops->detach(b->backend, &listener);
    b->ops->detach(b->backend, &listener); /* idempotent */
    eddyi_inject_stop();
    for (int i = 0; i < PAIRS; i++)
        law_release_pair(b, &pairs[i]);
    law_release(b, &listener);
}

void law_spare_nothing_needs_memory_but_open_and_attach(void **state)
{
    (void)state;
    law_run(nothing_needs_memory);
}

/* Fail every fallible call of open, one by one and each with all after it; then the same for attach. */
static void sweep_open(law_bench *b, bool after_too)
{
    for (uint64_t k = 1;; k++) {
        const eddyi_inject_plan plan = {.fail_at = k, .fail_after_too = after_too};
        eddyi_backend_config config = {.allocator = eddyi_default_allocator(), .seed = 1};
        eddyi_backend *untouched = (eddyi_backend *)(void *)&config, *backend = untouched;
        uint32_t kinds = 0;
        int before = law_open_descriptors();
        eddyi_inject_start(&plan);
        int rc = b->ops->open(&backend, &config, &kinds);
        uint64_t failures = eddyi_inject_failures();
        eddyi_inject_stop();
        if (rc == 0)
            b->ops->close(backend);
        else
            assert_ptr_equal(backend, untouched);
        assert_int_equal(law_open_descriptors(), before);
        if (failures == 0) {
            assert_int_equal(rc, 0);
            assert_true(k > 1); /* there was something to fail */
            return;
        }
        assert_true(rc < 0);
    }
}

static void sweep_attach(law_bench *b)
{
    eddyi_descriptor d[40];
    for (int i = 0; i < 40; i++) {
        eddy_fd fd;
        assert_int_equal(b->net->socket(b->backend, &fd, EDDYI_FAMILY_IPV4, EDDYI_SOCKET_DATAGRAM), 0);
        d[i] = (eddyi_descriptor){.fd = fd, .kind = EDDYI_DATAGRAM};
        for (uint64_t k = 1;; k++) {
            const eddyi_inject_plan plan = {.fail_at = k, .fail_after_too = true};
            eddyi_inject_start(&plan);
            int rc = b->ops->attach(b->backend, &d[i]);
            uint64_t failures = eddyi_inject_failures();
            eddyi_inject_stop();
            if (failures == 0) {
                assert_int_equal(rc, 0);
                break;
            }
            assert_true(rc < 0);
            assert_false(d[i].attached);
        }
    }
    for (int i = 0; i < 40; i++)
        law_release(b, &d[i]);
}

static void fail_cleanly(law_bench *b)
{
    sweep_open(b, false);
    sweep_open(b, true);
    sweep_attach(b);
}

void law_spare_open_and_attach_fail_cleanly(void **state)
{
    (void)state;
    law_run(fail_cleanly);
}

/* ---- mute ---- */

static void never_touched(law_bench *b)
{
    enum { PAIRS = 6 };
    law_pair pairs[PAIRS];
    law_op polls[PAIRS];
    eddyi_descriptor poison;
    memset(&poison, 0xee, sizeof poison);
    for (int i = 0; i < PAIRS; i++) {
        law_connect_pair(b, &pairs[i]);
        polls[i] = law_make(&pairs[i].near, EDDYI_POLL, NULL, 0);
        polls[i].op.events = EDDYI_IN;
        law_submit(b, &polls[i]);
    }
    for (int i = 0; i < PAIRS; i++)
        law_send_all(b, &pairs[i].far, "x", 1);
    law_step(b, law_now(b) + 10 * LAW_MILLISECOND, 1); /* the others are kept in the batch in hand */
    for (int i = 0; i < PAIRS; i++) {
        eddy_fd fd = pairs[i].near.fd;
        law_take_back(b, &polls[i]);
        int reports = polls[i].reports;
        b->ops->detach(b->backend, &pairs[i].near);
        assert_int_equal(b->net->close(b->backend, fd), 0);
        memcpy(&pairs[i].near, &poison, sizeof poison);
        law_step(b, 0, LAW_ROOM);
        assert_int_equal(polls[i].reports, reports);
    }
    for (int i = 0; i < 5; i++)
        law_step_for(b, LAW_MILLISECOND);
    for (int i = 0; i < PAIRS; i++) {
        assert_memory_equal(&pairs[i].near, &poison, sizeof poison);
        assert_int_equal(polls[i].reports, 1);
        law_release(b, &pairs[i].far);
    }
}

void law_mute_detached_descriptor_is_never_touched(void **state)
{
    (void)state;
    law_run(never_touched);
}

/* A new owner waits for data while something happens to the file that had its number and slot before. */
static void hears_nothing(law_bench *b, law_pair *old)
{
    law_pair fresh;
    law_connect_pair(b, &fresh);
    law_op poll = law_make(&fresh.near, EDDYI_POLL, NULL, 0);
    poll.op.events = EDDYI_IN;
    law_submit(b, &poll);
    for (int i = 0; i < 3; i++) {
        law_op send = law_make(&old->far, EDDYI_SEND, "old", 3);
        law_submit(b, &send); /* may fail: nobody reads there */
        law_step_for(b, 2 * LAW_MILLISECOND);
        law_take_back(b, &send);
        assert_int_equal(poll.reports, 0);
    }
    law_send_all(b, &fresh.far, "new", 3);
    law_finish(b, &poll);
    assert_true(poll.value & EDDYI_IN);
    law_release_pair(b, &fresh);
}

static void reused_number(law_bench *b)
{
    law_pair old;
    law_connect_pair(b, &old);
    law_send_all(b, &old.far, "x", 1);
    law_step_for(b, LAW_MILLISECOND);
    law_release(b, &old.near);
    hears_nothing(b, &old);
    law_release(b, &old.far);
}

void law_mute_reused_number_hears_nothing_of_the_old_file(void **state)
{
    (void)state;
    law_run(reused_number);
}

static void live_copy(law_bench *b)
{
    law_pair old;
    law_connect_pair(b, &old);
    int copy = dup((int)old.near.fd);
    assert_true(copy >= 0);
    law_release(b, &old.near);
    hears_nothing(b, &old);
    assert_int_equal(close(copy), 0);
    law_release(b, &old.far);
}

void law_mute_live_copy_is_not_heard(void **state)
{
    (void)state;
    if (law_needs_real("simulated descriptors have no copies"))
        law_run(live_copy);
}
