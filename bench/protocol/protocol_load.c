/* protocol_load.c: the client of the work echo, for this one too.
 * Touches what that file touches. */
#include "../echo/echo_load.c"
