/* protocol_epoll.c: the server of echo_epoll.c, to stand beside eddy's protocols.
 * Touches what that file touches. */
#include "../echo/echo_epoll.c"
