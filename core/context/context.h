/* context.h: what the files of this folder share: a context, and what is done with a place of variables.
 * Touches snapshot.h and variables.h. Nothing here is seen outside the folder. */
#ifndef EDDYI_CONTEXT_H
#define EDDYI_CONTEXT_H

#include "core/context/snapshot.h"
#include "core/context/variables.h"

struct eddy_context {
    eddyi_owned owned;
    eddyi_snapshot *snapshot;
    _Atomic(const eddyi_variables *) entered; /* where eddy_context_run has put it; NULL: nowhere */
    uintptr_t outside;                        /* what was there before */
};

eddyi_snapshot *eddyi_variables_snapshot(const eddyi_variables *); /* not a new reference */
bool eddyi_variables_are_of(const eddyi_variables *, const eddy_context *);
int eddyi_variables_set(eddyi_variables *, const eddy_context_var *, void *value);
bool eddyi_variables_enter(eddyi_variables *, eddy_context *); /* false: it is entered already */
void eddyi_variables_leave(eddyi_variables *, eddy_context *);

#endif
