/* record.h: finding eddy's record in a process.
 * Touches process.h. Nothing that was read is believed before it is checked. */
#ifndef EDDY_TOOLS_RECORD_H
#define EDDY_TOOLS_RECORD_H

#include <eddy/inspect_record.h>

#include "process.h"

/* NULL: *out is a record that this program understands. Else why there is none, in words. */
const char *record_find(other_process *process, eddy_record *out);

#endif
