/* fuzz_address.c: addresses from text and back.
 * Touches the public API, inside a loop of the simulator and outside of any. What was read is written the same, and read again. */
#include <eddy.h>

#include "input.h"

enum { MOST = 1024 };

typedef struct text_input {
    char text[MOST];
    size_t size;
} text_input;

static void round_trip(const text_input *in)
{
    eddy_address one, two;
    char text[256], small[8];
    if (eddy_address_parse(&one, in->text) < 0)
        return;
    int length = eddy_address_format(&one, text, sizeof text);
    MUST(length > 0 && (size_t)length == strlen(text));
    int port = eddy_address_port(&one);
    MUST(port <= 65535);
    MUST(eddy_address_parse(&two, text) == 0);
    MUST(eddy_address_equal(&one, &two));
    int cut = eddy_address_format(&one, small, sizeof small);
    MUST(cut == EDDY_EINVAL || (size_t)cut < sizeof small);
}

/* Bytes that claim to be an address. */
static void format_anything(const uint8_t *data, size_t size)
{
    char text[256];
    eddy_address address = {0};
    address.size = (uint32_t)(size < sizeof address.bytes ? size : sizeof address.bytes);
    memcpy(address.bytes, data, address.size);
    int length = eddy_address_format(&address, text, sizeof text);
    MUST(length < (int)sizeof text);
}

static int in_a_loop(void *arg)
{
    round_trip(arg);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text_input in = {.size = size < MOST - 1 ? size : MOST - 1};
    eddy_loop_options loop = {.size = sizeof loop, .backend = "sim"};
    eddy_run_options options = {.size = sizeof options, .loop = &loop};
    memcpy(in.text, data, in.size);
    round_trip(&in);
    format_anything(data, size);
    MUST(eddy_run(in_a_loop, &in, &options) == 0);
    return 0;
}
