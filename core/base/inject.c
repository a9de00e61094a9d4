/* inject.c: counts fallible calls and makes chosen ones fail.
 * Touches atomics only. A plan and a seed fail the same calls each time in a program with one thread. */
#include "core/base/inject.h"

#ifdef EDDY_INJECT

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

/* What a call fails with that has no more usual reason. */
enum { USUAL_ERROR = ENOMEM };

static int usual_error(enum eddyi_inject_call call)
{
    switch (call) {
    case EDDYI_INJECT_socket:
    case EDDYI_INJECT_accept4:
    case EDDYI_INJECT_epoll_create1:
    case EDDYI_INJECT_eventfd:
    case EDDYI_INJECT_pipe2:
    case EDDYI_INJECT_open:
    case EDDYI_INJECT_dup2:
    case EDDYI_INJECT_pidfd_open:
        return EMFILE;
    case EDDYI_INJECT_bind:
        return EADDRINUSE;
    case EDDYI_INJECT_connect:
        return ECONNREFUSED;
    case EDDYI_INJECT_recv:
    case EDDYI_INJECT_recvmsg:
    case EDDYI_INJECT_send:
    case EDDYI_INJECT_sendmsg:
    case EDDYI_INJECT_sendfile:
        return ECONNRESET;
    case EDDYI_INJECT_read:
    case EDDYI_INJECT_write:
    case EDDYI_INJECT_close:
        return EIO;
    case EDDYI_INJECT_pthread_create:
    case EDDYI_INJECT_pthread_key_create:
    case EDDYI_INJECT_fork:
    case EDDYI_INJECT_clone:
        return EAGAIN;
    case EDDYI_INJECT_close_range:
    case EDDYI_INJECT_pidfd_send_signal:
        return ENOSYS;
    case EDDYI_INJECT_execve:
    case EDDYI_INJECT_chdir:
    case EDDYI_INJECT_kill:
    case EDDYI_INJECT_setgroups:
    case EDDYI_INJECT_setgid:
    case EDDYI_INJECT_setuid:
        return EPERM;
    case EDDYI_INJECT_waitid:
        return ECHILD;
    default:
        return USUAL_ERROR;
    }
}

static eddyi_inject_plan plan;
static atomic_bool active;
static _Atomic(uint64_t) chosen_calls, failures, forbidden;
static _Atomic(uint64_t) counts[EDDYI_INJECT_CALLS];
static _Thread_local int forbid_depth;

void eddyi_inject_start(const eddyi_inject_plan *chosen)
{
    atomic_store(&active, false);
    plan = chosen != NULL ? *chosen : (eddyi_inject_plan){0};
    atomic_store(&chosen_calls, 0);
    atomic_store(&failures, 0);
    atomic_store(&forbidden, 0);
    for (int i = 0; i < EDDYI_INJECT_CALLS; i++)
        atomic_store(&counts[i], 0);
    atomic_store(&active, true);
}

void eddyi_inject_stop(void)
{
    atomic_store(&active, false);
}

bool eddyi_inject_active(void)
{
    return atomic_load(&active);
}

uint64_t eddyi_inject_count(void)
{
    return atomic_load(&chosen_calls);
}

uint64_t eddyi_inject_failures(void)
{
    return atomic_load(&failures);
}

uint64_t eddyi_inject_count_of(enum eddyi_inject_call call)
{
    return atomic_load(&counts[call]);
}

/* SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
static uint64_t scramble(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static bool fails_now(uint64_t number)
{
    if (plan.percent != 0)
        return scramble(plan.seed ^ scramble(number)) % 100 < plan.percent;
    if (plan.fail_at == 0)
        return false;
    return number == plan.fail_at || (plan.fail_after_too && number > plan.fail_at);
}

bool eddyi_inject_fails(enum eddyi_inject_call call, int *os_error)
{
    if (!atomic_load_explicit(&active, memory_order_acquire))
        return false;
    atomic_fetch_add(&counts[call], 1);
    if (call == EDDYI_INJECT_memory && forbid_depth > 0)
        atomic_fetch_add(&forbidden, 1);
    if (plan.calls != 0 && !(plan.calls & (UINT64_C(1) << call)))
        return false;
    if (!fails_now(atomic_fetch_add(&chosen_calls, 1) + 1))
        return false;
    atomic_fetch_add(&failures, 1);
    *os_error = plan.os_error != 0 ? plan.os_error : usual_error(call);
    return true;
}

uint32_t eddyi_inject_most_bytes(void)
{
    return atomic_load(&active) && plan.most_bytes != 0 ? plan.most_bytes : UINT32_MAX;
}

void eddyi_inject_forbid_memory(void)
{
    forbid_depth++;
}

void eddyi_inject_allow_memory(void)
{
    forbid_depth--;
}

uint64_t eddyi_inject_forbidden_count(void)
{
    return atomic_load(&forbidden);
}

#else

typedef int eddyi_inject_is_compiled_out; /* ISO C wants at least one declaration */

#endif
