/* fault.c: why a process cannot be read, in words.
 * Touches nothing. */
#include "process.h"

const char *process_fault_text(enum process_fault fault)
{
    static const char *const texts[] = {"nothing failed",
                                        "there is no such process",
                                        "the process has ended",
                                        "no permission: it is another user's, or may not be traced",
                                        "this system gives no way to read another process",
                                        "out of memory"};
    return texts[fault];
}
