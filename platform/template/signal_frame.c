/* signal_frame.c: how much of a stack a signal handler needs.
 * Touches what the system says of its registers. Too much is safe, too little is not. */
#include "core/platform.h"

size_t eddyi_signal_frame_size(void)
{
    /* Fill in: the frame that the kernel writes below a stack pointer (its size may depend on the processor) and some air. */
    return 16384;
}
