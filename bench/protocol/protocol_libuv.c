/* protocol_libuv.c: the server of echo_libuv.c, to stand beside eddy's protocols.
 * Touches what that file touches. */
#include "../echo/echo_libuv.c"
