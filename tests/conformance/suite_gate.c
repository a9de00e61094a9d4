/* suite_gate.c: the gate of gate.h.
 * Touches seam 2's locks. Every wait ends after twenty seconds at the latest. */
#include "gate.h"

static const uint64_t PATIENCE = UINT64_C(20000000000);

void gate_init(gate *self, int wanted)
{
    memset(self, 0, sizeof *self);
    assert_int_equal(eddyi_mutex_init(&self->mutex), 0);
    assert_int_equal(eddyi_condition_init(&self->changed), 0);
    self->wanted = wanted;
}

void gate_free(gate *self)
{
    eddyi_mutex_lock(&self->mutex); /* whoever came last may be on its way out */
    bool stuck = self->stuck;
    eddyi_mutex_unlock(&self->mutex);
    eddyi_condition_destroy(&self->changed);
    eddyi_mutex_destroy(&self->mutex);
    assert_false(stuck);
}

void gate_open(gate *self)
{
    eddyi_mutex_lock(&self->mutex);
    self->wanted = 0;
    eddyi_condition_broadcast(&self->changed);
    eddyi_mutex_unlock(&self->mutex);
}

int gate_pass(void *arg)
{
    gate *self = arg;
    uint64_t limit = eddyi_clock_now() + PATIENCE;
    eddyi_mutex_lock(&self->mutex);
    self->arrived++;
    self->last = eddyi_thread_id();
    eddyi_condition_broadcast(&self->changed);
    while (self->arrived < self->wanted && !self->stuck)
        self->stuck = !eddyi_condition_wait_until(&self->changed, &self->mutex, limit);
    self->passed++;
    int result = self->result;
    eddyi_mutex_unlock(&self->mutex);
    return result;
}

void gate_release(void *arg)
{
    gate *self = arg;
    eddyi_mutex_lock(&self->mutex);
    self->released++;
    eddyi_condition_broadcast(&self->changed);
    eddyi_mutex_unlock(&self->mutex);
}

static int look(gate *self, const int *number)
{
    eddyi_mutex_lock(&self->mutex);
    int value = *number;
    eddyi_mutex_unlock(&self->mutex);
    return value;
}

int gate_arrived(gate *self)
{
    return look(self, &self->arrived);
}

int gate_passed(gate *self)
{
    return look(self, &self->passed);
}

int gate_released(gate *self)
{
    return look(self, &self->released);
}

void gate_await_arrivals(gate *self, int count)
{
    while (gate_arrived(self) < count)
        assert_int_equal(eddy_sleep(0), 0);
}

void gate_await_released(gate *self, int count)
{
    while (gate_released(self) < count)
        assert_int_equal(eddy_sleep(0), 0);
}

static void block_until(gate *self, const int *number, int count)
{
    uint64_t limit = eddyi_clock_now() + PATIENCE;
    eddyi_mutex_lock(&self->mutex);
    while (*number < count && !self->stuck)
        self->stuck = !eddyi_condition_wait_until(&self->changed, &self->mutex, limit);
    eddyi_mutex_unlock(&self->mutex);
}

void gate_block_until_arrived(gate *self, int count)
{
    block_until(self, &self->arrived, count);
}

void gate_block_until_released(gate *self, int count)
{
    block_until(self, &self->released, count);
}

void gate_block_until_blocks(long blocks)
{
    uint64_t limit = eddyi_clock_now() + PATIENCE;
    while (support_live_blocks() != blocks && eddyi_clock_now() < limit)
        eddyi_thread_yield();
    assert_int_equal(support_live_blocks(), blocks);
}
