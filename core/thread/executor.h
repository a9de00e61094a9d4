/* executor.h: what the files of this folder share.
 * Touches core/task/task.h. Nothing here is seen outside the folder. */
#ifndef EDDYI_EXECUTOR_H
#define EDDYI_EXECUTOR_H

#include "core/base/owned.h"
#include "core/task/task.h"

static inline bool eddyi_executor_valid(const eddy_executor *executor)
{
    return executor != NULL && executor->size >= sizeof *executor && executor->submit != NULL;
}

/* The two halves of eddy_job_run. */
void eddyi_job_perform(eddyi_job *job);
void eddyi_job_bring_back(eddyi_job *job);

int eddyi_thread_pool_create(eddy_executor **out, const eddy_allocator *allocator,
                             const eddy_thread_pool_options *options);
/* The loop's default executor, made if need be. Not a new reference. EDDY_ECLOSED: it was shut down. */
int eddyi_default_executor(eddy_loop *loop, eddy_executor **out);

#endif
