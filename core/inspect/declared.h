/* declared.h: waits that the program tells of, since eddy cannot see them.
 * Touches task.h. */
#ifndef EDDYI_DECLARED_H
#define EDDYI_DECLARED_H

#include "core/task/task.h"

typedef struct eddyi_declared {
    eddyi_list link;     /* in loop->declared */
    eddyi_waiter waiter; /* of the future: in its list until it is done, then in the ready queue */
    eddy_future *by;
} eddyi_declared;

void eddyi_declared_targets(const eddy_future *waiter, eddyi_visit *visit);
void eddyi_declared_close(eddy_loop *loop); /* the loop closes: all are forgotten */

#endif
