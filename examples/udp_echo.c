/* udp_echo.c: answers every datagram with itself; until interrupted. Usage: udp_echo [PORT]
 * Touches the public API. One task; a refused answer is no reason to end. */
#include <stdio.h>

#include <eddy.h>

static int answer_all(eddy_datagram *socket)
{
    static char buffer[65536];
    eddy_address from;
    for (;;) {
        ptrdiff_t size = eddy_datagram_receive(socket, buffer, sizeof buffer, &from);
        if (size >= 0)
            size = eddy_datagram_send(socket, buffer, (size_t)size, &from);
        if (size == EDDY_ECANCELED || size == EDDY_ECLOSED)
            return (int)size;
    }
}

static int serve(void *port)
{
    char text[64];
    eddy_address here;
    eddy_datagram *socket;
    eddy_datagram_options options = {
        .size = sizeof options, .local_host = "127.0.0.1", .local_service = port};
    int rc = eddy_open_datagram(&socket, &options);
    if (rc < 0)
        return rc;
    rc = eddy_datagram_local_address(socket, &here);
    if (rc == 0 && eddy_address_format(&here, text, sizeof text) > 0)
        printf("%s\n", text);
    (void)fflush(stdout);
    rc = answer_all(socket);
    eddy_datagram_release(socket);
    return rc;
}

int main(int argc, char **argv)
{
    int rc = eddy_run(serve, argc > 1 ? argv[1] : "0", NULL);
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
