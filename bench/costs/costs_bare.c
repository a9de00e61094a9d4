/* costs_bare.c: the library without metrics, hooks and probes: what the others are compared with.
 * Touches the public API. */
#include "costs.h"

int main(int argc, char **argv)
{
    return costs_main(argc, argv, false);
}
