/* log.h: saying something: a record for the sink, if its level is told.
 * Touches the public header. Any thread. */
#ifndef EDDYI_LOG_H
#define EDDYI_LOG_H

#include <eddy/log.h>

bool eddyi_logs(eddy_log_level level); /* ask before something is worked out for the record alone */
/* `message`: one line; a longer one than 1023 bytes is cut. `text`: more lines, or NULL. Nothing is allocated. */
void eddyi_log(eddy_log_level level, eddy_loop *loop, const char *text, const char *message, ...);

#endif
