/* audit.c: the hooks that hear of what is about to be done.
 * Touches a table of the process. Hooks only come, so readers need no lock: a place is taken, then filled, and what is not filled yet is passed over. */
#include <eddy/audit.h>

#include <stdatomic.h>

#include "core/task/task.h"

enum { HOOKS_MOST = 16 };

typedef struct hook {
    _Atomic(eddy_audit_fn) fn; /* written last */
    void *arg;
} hook;

static hook hooks[HOOKS_MOST];
static atomic_uint places_taken;

int eddy_audit(const char *event, const void *detail)
{
    if (event == NULL)
        return eddyi_fail(EDDY_EINVAL, "audit");
    for (size_t i = 0; i < HOOKS_MOST; i++) {
        eddy_audit_fn fn = atomic_load_explicit(&hooks[i].fn, memory_order_acquire);
        int rc = fn != NULL ? fn(event, detail, hooks[i].arg) : 0;
        if (rc < 0)
            return eddyi_fail(rc, "audit");
    }
    return 0;
}

int eddy_audit_add_hook(eddy_audit_fn fn, void *arg)
{
    if (fn == NULL)
        return eddyi_fail(EDDY_EINVAL, "audit_add_hook");
    int rc = eddy_audit("eddy.add_audit_hook", NULL);
    if (rc < 0)
        return rc;
    unsigned place = atomic_load(&places_taken);
    do
        if (place == HOOKS_MOST)
            return eddyi_fail(EDDY_EOVERFLOW, "audit_add_hook");
    while (!atomic_compare_exchange_weak(&places_taken, &place, place + 1));
    hooks[place].arg = arg;
    atomic_store_explicit(&hooks[place].fn, fn, memory_order_release);
    return 0;
}
