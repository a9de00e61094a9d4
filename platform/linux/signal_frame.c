/* signal_frame.c: how much stack a signal handler needs: the kernel tells the size of its frame (AT_MINSIGSTKSZ, getauxval(3)).
 * Touches the auxiliary vector. */
#include <signal.h>
#include <sys/auxv.h>

#include "core/platform.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum { HANDLER_ROOM = 2048 };

size_t eddyi_signal_frame_size(void)
{
    size_t frame = getauxval(AT_MINSIGSTKSZ);
    return (frame != 0 ? frame : (size_t)MINSIGSTKSZ) + HANDLER_ROOM;
}
