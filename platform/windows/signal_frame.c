/* signal_frame.c: how much stack the dispatch of an exception needs.
 * Touches nothing. The system puts the registers, up to some 3 KiB of them with AVX-512, and its own frames on the stack that failed. */
#include "core/platform.h"

size_t eddyi_signal_frame_size(void)
{
    return (size_t)12 * 1024;
}
