/* generator_switch.c: the yardstick of this work: one jump_fcontext between two contexts, whatever the size.
 * Touches libboost_context. */
#include "fcontext.h"

int main(int argc, char **argv)
{
    return bench_yardstick(argc, argv, "generator");
}
