/* signal_frame.c: how much stack a signal handler needs, where the system does not tell.
 * Touches nothing. */
#include <signal.h>

#include "core/platform.h"

size_t eddyi_signal_frame_size(void)
{
    return (size_t)MINSIGSTKSZ + 2048;
}
