/* fuzz_names.c: hosts and services given to the resolvers.
 * Touches both network tables, numbers only, so that nobody is asked. What is not understood is an error, and never cut. */
#include "input.h"

#include "backends/sim/inside.h"
#include "core/base/host.h"
#include "core/platform.h"

enum { MOST = 512, ROOM = 4 };

static void take_text(input *in, char *text)
{
    size_t length = 0;
    for (unsigned letter; length < MOST - 1 && in->size > 0 && (letter = input_byte(in)) != 0; length++)
        text[length] = (char)letter;
    text[length] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    char host[MOST], service[MOST], text[256];
    eddyi_address found[ROOM];
    enum eddyi_family family = (enum eddyi_family)(input_byte(&in) % 3);
    take_text(&in, host);
    take_text(&in, service);
    int checked = eddyi_check_host(host);
    int real = eddyi_platform_net.resolve(NULL, host, service, family, EDDYI_SOCKET_STREAM,
                                          EDDYI_RESOLVE_NUMERIC, found, ROOM);
    MUST(real != 0 && (checked == 0 || host[0] == '\0' || real < 0));
    for (int i = 0; i < real && i < ROOM; i++) {
        MUST(eddyi_platform_net.format(&found[i], text, sizeof text) > 0);
        MUST(eddyi_platform_net.port(&found[i]) >= 0);
    }
    int simulated = eddyi_sim_resolve(NULL, host, service, family, EDDYI_SOCKET_STREAM, 0, found, ROOM);
    MUST(simulated != 0 && (checked == 0 || host[0] == '\0' || simulated < 0));
    for (int i = 0; i < simulated && i < ROOM; i++)
        MUST(eddyi_sim_format(&found[i], text, sizeof text) > 0);
    return 0;
}
