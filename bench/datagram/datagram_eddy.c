/* datagram_eddy.c: answers each datagram on eddy: a protocol whose datagram_received calls sendto.
 * Touches the public API. Batches are eddy's own affair. */
#include "eddy_check.h"
#include "tcp.h"

static eddy_datagram_transport *transport;

static void received(eddy_datagram_protocol *self, const void *data, size_t size, const eddy_address *from)
{
    (void)self;
    bench_check_eddy(eddy_datagram_transport_sendto(transport, data, size, from), "sendto");
}

static int make(eddy_datagram_protocol **out, void *arg)
{
    static const eddy_datagram_protocol_type type = {.size = sizeof type, .datagram_received = received};
    static eddy_datagram_protocol protocol = {&type};
    (void)arg;
    *out = &protocol;
    return 0;
}

static int serve(void *arg)
{
    eddy_address here;
    eddy_datagram_options options = {.size = sizeof options, .local_host = "127.0.0.1", .local_service = "0"};
    (void)arg;
    bench_check_eddy(
        eddy_loop_create_datagram_endpoint(eddy_get_running_loop(), &transport, make, NULL, &options),
        "create_datagram_endpoint");
    bench_check_eddy(eddy_datagram_transport_local_address(transport, &here), "local_address");
    bench_say_port(eddy_address_port(&here));
    return eddy_sleep(1e9);
}

int main(void)
{
    bench_check_eddy(eddy_run(serve, NULL, NULL), "eddy_run");
}
