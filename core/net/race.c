/* race.c: the staggered race for a connection (asyncio's N1 and N2; RFC 8305, section 5).
 * Touches io.c and the network table. One task, one op for each attempt: the next one starts when one has failed or the delay is over. */
#include "core/net/race.h"

#include "core/net/interleave.h"

struct eddyi_racer {
    eddyi_completion completed;
    eddyi_race *race;
    eddyi_descriptor descriptor; /* attached for this alone, so that the winner's owner can attach it anew */
    eddyi_op op;
    bool running;
};

static void stagger_over(eddyi_timer *timer);

void eddyi_race_init(eddyi_race *race, eddy_loop *loop, const eddyi_resolution *remote,
                     const eddyi_resolution *local, uint64_t delay, size_t interleave)
{
    uint8_t families[EDDYI_MOST_ADDRESSES];
    *race = (eddyi_race){.loop = loop, .remote = remote, .local = local, .delay = delay, .winner = -1};
    race->due = true;
    eddyi_timer_init(&race->stagger, stagger_over);
    for (int i = 0; i < remote->count; i++)
        families[i] = (uint8_t)loop->net->family(&remote->addresses[i]);
    eddyi_interleave(race->order, families, (size_t)remote->count, interleave);
}

/* ---- something changed ---- */

static void changed(eddyi_race *race)
{
    if (race->waiting != NULL && eddyi_task_waiting(race->waiting->task) && !race->loop->closing)
        eddyi_task_wake(race->waiting->task, 0);
}

static void stagger_over(eddyi_timer *timer)
{
    eddyi_race *race = EDDYI_CONTAINER(timer, eddyi_race, stagger);
    race->due = true;
    changed(race);
}

/* This machine cannot go there: says nothing about the other end. */
static bool is_of_this_machine(int code)
{
    return code == EDDY_EAFNOSUPPORT || code == EDDY_EADDRNOTAVAIL || code == EDDY_ENETUNREACH;
}

/* The first error is the one that is told, but one that the other end had a part in comes before one of this machine alone. */
static void failed(eddyi_race *race, int code, int os_error, const char *operation)
{
    eddy_error *told = &race->failure;
    race->due = true;
    if (code == EDDY_ENOMEM)
        race->fatal = code;
    if (told->group_count < EDDY_ERROR_GROUP_MAX)
        told->group[told->group_count] = code;
    told->group_count++;
    if (told->code != 0 && (!is_of_this_machine(told->code) || is_of_this_machine(code)))
        return;
    told->code = code;
    told->os_error = os_error;
    told->operation = operation;
}

/* ---- one attempt ---- */

static void racer_ended(eddyi_racer *r, int64_t value, int32_t os_error)
{
    eddyi_race *race = r->race;
    eddy_loop *loop = race->loop;
    loop->ops->detach(loop->backend, &r->descriptor);
    if (r->running)
        race->running--;
    r->running = false;
    if (value >= 0 && race->winner == -1) {
        race->winner = r->descriptor.fd;
        return;
    }
    (void)loop->net->close(loop->backend, r->descriptor.fd);
    if (value < 0 && value != EDDY_ECANCELED)
        failed(race, (int)value, os_error, "connect");
}

static void racer_completed(eddyi_completion *completion, const eddyi_result *result)
{
    eddyi_racer *r = EDDYI_CONTAINER(completion, eddyi_racer, completed);
    racer_ended(r, result->value, result->os_error);
    changed(r->race);
}

/* To the first local address of the target's family that can be had. */
static int bind_local(const eddyi_race *race, eddy_fd fd, enum eddyi_family family)
{
    eddy_loop *loop = race->loop;
    int rc = EDDY_EADDRNOTAVAIL;
    for (int i = 0; i < race->local->count; i++) {
        if (loop->net->family(&race->local->addresses[i]) != family)
            continue;
        rc = loop->net->bind(loop->backend, fd, &race->local->addresses[i]);
        if (rc >= 0)
            return 0;
    }
    return rc;
}

/* A descriptor that can be connected; on failure it is told and nothing is open. */
static bool racer_open(eddyi_racer *r, enum eddyi_family family)
{
    eddy_fd fd;
    eddyi_race *race = r->race;
    eddy_loop *loop = race->loop;
    const char *operation = "socket";
    int rc = loop->net->socket(loop->backend, &fd, family, EDDYI_SOCKET_STREAM);
    if (rc < 0) {
        failed(race, rc, 0, operation);
        return false;
    }
    if (race->local != NULL) {
        operation = "bind";
        rc = bind_local(race, fd, family);
    }
    r->descriptor = (eddyi_descriptor){.fd = fd, .kind = EDDYI_STREAM};
    if (rc >= 0) {
        operation = "connect";
        rc = loop->ops->attach(loop->backend, &r->descriptor);
    }
    if (rc < 0) {
        (void)loop->net->close(loop->backend, fd);
        failed(race, rc, 0, operation);
    }
    return rc >= 0;
}

static void racer_start(eddyi_racer *r, const eddyi_address *address)
{
    eddyi_result now;
    eddy_loop *loop = r->race->loop;
    if (!racer_open(r, loop->net->family(address)))
        return;
    r->completed.fn = racer_completed;
    r->op = (eddyi_op){.descriptor = &r->descriptor,
                       .kind = EDDYI_CONNECT,
                       .address = (eddyi_address *)(uintptr_t)address,
                       .waiter = &r->completed};
    r->running = eddyi_io_submit(loop, &r->op, &now) == EDDYI_PENDING;
    if (r->running)
        r->race->running++;
    else
        racer_ended(r, now.value, now.os_error);
}

/* ---- the race ---- */

static bool wait_cancel(eddyi_wait *wait)
{
    eddyi_task_wake(wait->task, EDDY_ECANCELED);
    return true;
}

/* What was asked to end ends in bounded time: a cancel meanwhile is kept. */
static bool wait_cannot_cancel(eddyi_wait *wait)
{
    (void)wait;
    return false;
}

static void wait_abandon(eddyi_wait *wait)
{
    ((eddyi_race *)wait->object)->waiting = NULL; /* its owner shuts it */
}

static const eddyi_wait_kind race_kind = {"connect", wait_cancel, wait_abandon, NULL};
static const eddyi_wait_kind losers_kind = {"connect", wait_cannot_cancel, wait_abandon, NULL};

static int wait_for_change(eddyi_race *race, const eddyi_wait_kind *kind)
{
    eddyi_wait wait = {.kind = kind, .task = race->loop->current, .object = race};
    race->waiting = &wait;
    int rc = eddyi_suspend(&wait, true);
    race->waiting = NULL;
    return rc;
}

static void start_next(eddyi_race *race)
{
    size_t index = race->started++;
    eddyi_timers_remove(&race->loop->timers, &race->stagger);
    race->due = false;
    race->racers[index].race = race;
    racer_start(&race->racers[index], &race->remote->addresses[race->order[index]]);
    if (race->due || race->delay == UINT64_MAX || race->started == (size_t)race->remote->count)
        return;
    uint64_t now = eddyi_loop_now(race->loop);
    if (race->delay < UINT64_MAX - now)
        eddyi_timers_add(&race->loop->timers, &race->stagger, now + race->delay);
}

static void run_until_decided(eddyi_race *race)
{
    size_t count = (size_t)race->remote->count;
    while (race->winner == -1 && race->fatal == 0 && !race->cancelled &&
           (race->started < count || race->running > 0)) {
        if (race->due && race->started < count)
            start_next(race);
        else
            race->cancelled = wait_for_change(race, &race_kind) == EDDY_ECANCELED;
    }
}

/* What connected against its cancel still counts: it wins if nobody has, else it is closed. */
static void end_losers(eddyi_race *race)
{
    eddyi_result now;
    eddyi_timers_remove(&race->loop->timers, &race->stagger);
    for (size_t i = 0; i < race->started; i++) {
        eddyi_racer *r = &race->racers[i];
        if (r->running && eddyi_io_cancel(race->loop, &r->op, &now) == EDDYI_DONE)
            racer_ended(r, now.value, now.os_error);
    }
    while (race->running > 0)
        (void)wait_for_change(race, &losers_kind);
}

static void give_back(eddyi_race *race)
{
    eddyi_release(&race->loop->allocator, race->racers);
    race->racers = NULL;
}

/* A connection that is there is handed over, and the cancel waits for the next await. */
static int outcome(eddyi_race *race, eddy_task *task)
{
    if (race->winner != -1) {
        if (race->cancelled)
            task->must_cancel = task->cancel_kept = true;
        return 0;
    }
    if (race->cancelled)
        return eddyi_deliver_cancel(task);
    if (race->fatal != 0)
        return eddyi_fail(race->fatal, "connect");
    *eddyi_fail_detail(race->failure.code, race->failure.operation) = race->failure;
    return race->failure.code;
}

int eddyi_race_run(eddyi_race *race)
{
    eddy_loop *loop = race->loop;
    eddy_task *task = loop->current;
    if (eddyi_take_cancel(task))
        return EDDY_ECANCELED;
    race->racers = eddyi_allocate_zero(&loop->allocator, (size_t)race->remote->count * sizeof *race->racers);
    if (race->racers == NULL)
        return eddyi_fail(EDDY_ENOMEM, "connect");
    uint64_t before = loop->iterations;
    run_until_decided(race);
    end_losers(race);
    give_back(race);
    if (loop->iterations == before)
        eddyi_io_spend(loop, task);
    return outcome(race, task);
}

void eddyi_race_shut(eddyi_race *race)
{
    eddy_loop *loop = race->loop;
    eddyi_timers_remove(&loop->timers, &race->stagger);
    for (size_t i = 0; race->racers != NULL && i < race->started; i++)
        if (race->racers[i].running)
            racer_ended(&race->racers[i], eddyi_io_revoke(loop, &race->racers[i].op), 0);
    give_back(race);
    if (race->winner != -1)
        (void)loop->net->close(loop->backend, race->winner);
    race->winner = -1;
}
