/* jump.h: put in front of CMocka's one file: a test that ends by a jump off a task's stack leaves that stack behind in the thread's block too.
 * Touches setjmp.h and that block. Without unwinding, for the frames between lie on two stacks. */
#ifndef TESTS_WINDOWS_JUMP_H
#define TESTS_WINDOWS_JUMP_H

#include <setjmp.h>
#include <intrin.h>

static _Thread_local unsigned long long jump_stack[3];

static inline void jump_mark(void)
{
    jump_stack[0] = __readgsqword(0x08);
    jump_stack[1] = __readgsqword(0x10);
    jump_stack[2] = __readgsqword(0x1478);
}

static inline void jump_back(void)
{
    __writegsqword(0x08, jump_stack[0]);
    __writegsqword(0x10, jump_stack[1]);
    __writegsqword(0x1478, jump_stack[2]);
}

#undef setjmp
#define setjmp(buffer)         (jump_mark(), _setjmp((buffer), 0))
#define longjmp(buffer, value) (jump_back(), (longjmp)((buffer), (value)))

#endif
