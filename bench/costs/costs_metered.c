/* costs_metered.c: the library with metrics, and neither hooks nor probes.
 * Touches the public API. */
#include "costs.h"

int main(int argc, char **argv)
{
    return costs_main(argc, argv, false);
}
