/* root.h: the record by which a reader outside finds the loops of this process.
 * Touches loop.h. Nothing here is done while a loop runs. */
#ifndef EDDYI_ROOT_H
#define EDDYI_ROOT_H

#include "core/loop/loop.h"

void eddyi_root_add(eddy_loop *loop);    /* from any thread; a complete loop */
void eddyi_root_remove(eddy_loop *loop); /* before anything of it is freed; one that is not there is fine */

#endif
