/* costs_eddy.c: the library as it is built and installed: metrics, hooks, and probes for tracers where sys/sdt.h is.
 * Touches the public API. */
#include "costs.h"

int main(int argc, char **argv)
{
    return costs_main(argc, argv, true);
}
