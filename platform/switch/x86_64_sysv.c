/* x86_64_sysv.c: what x86_64_sysv.S says about itself in C.
 * Touches nothing. */
#include "core/platform.h"

const char eddyi_context_registers[] = "r15@8 r14@16 r13@24 r12@32 rbx@40 rbp@48 rip@56 rsp=64";
const size_t eddyi_context_room = 0;

const bool eddyi_context_call_can_be_unwound = true;
