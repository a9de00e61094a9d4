/* costs_untraced.c: the library without probes for tracers: metrics and hooks.
 * Touches the public API. */
#include "costs.h"

int main(int argc, char **argv)
{
    return costs_main(argc, argv, false);
}
