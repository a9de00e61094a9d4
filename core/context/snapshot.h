/* snapshot.h: what is set in a context at one moment: shared by all copies, changed only by an owner who is alone.
 * Touches core/base. NULL is the empty one. Counts are atomic: a snapshot may be shared by threads. */
#ifndef EDDYI_SNAPSHOT_H
#define EDDYI_SNAPSHOT_H

#include <eddy/context.h>
#include "core/base/owned.h"

/* One value that was set; snapshots share it. */
typedef struct eddyi_binding {
    eddyi_owned owned;
    void *value;
    eddy_callback_fn release;
} eddyi_binding;

typedef struct eddyi_entry {
    const eddy_context_var *var;
    eddyi_binding *binding;
} eddyi_entry;

typedef struct eddyi_snapshot {
    eddyi_owned owned;
    size_t count;
    eddyi_entry entries[]; /* by the address of the variable */
} eddyi_snapshot;

static inline eddyi_snapshot *eddyi_snapshot_retain(eddyi_snapshot *snapshot)
{
    if (snapshot != NULL)
        eddyi_own(&snapshot->owned);
    return snapshot;
}
void eddyi_snapshot_release(eddyi_snapshot *snapshot); /* may run releases of values */
const eddyi_binding *eddyi_snapshot_find(const eddyi_snapshot *snapshot, const eddy_context_var *var);
/* EDDY_ENOMEM: *at is as before, and the value is the caller's. */
int eddyi_snapshot_set(eddyi_snapshot **at, const eddy_context_var *var, void *value);
/* Make the variable what it is in `other`, set or not. EDDY_ENOMEM: *at is as before. */
int eddyi_snapshot_adopt(eddyi_snapshot **at, const eddy_context_var *var, const eddyi_snapshot *other);

#endif
