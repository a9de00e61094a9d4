/* http_load.c: lets wrk ask a server for hello, and prints requests a second and the server's processor time a request.
 * Touches Linux and wrk. Call: http_load CONNECTIONS SERVER [ARGUMENT...]. An answer that is not 2xx, or an error of a socket, is a failure. */
#include "load.h"

/* One run of wrk: requests, and in how many seconds. */
static double ask(size_t connections, int port, const char *setting, double *elapsed)
{
    char command[256], line[256];
    double requests = 0, seconds = bench_setting(setting);
    bool bad = false;
    snprintf(command, sizeof command, "wrk -t1 -c%zu -d%ds http://127.0.0.1:%d/ 2>&1", connections,
             seconds < 1 ? 1 : (int)seconds, port);
    FILE *output = popen(command, "r");
    bench_check(output != NULL, "popen");
    while (fgets(line, sizeof line, output)) {
        if (strstr(line, "requests in "))
            requests = atof(line);
        if (strstr(line, "Requests/sec:"))
            *elapsed = requests / atof(strchr(line, ':') + 1);
        bad = bad || strstr(line, "Non-2xx") || strstr(line, "Socket errors");
    }
    if (pclose(output) != 0 || bad || requests <= 0)
        bench_fail("wrk", "failed, is not there, or met errors");
    return requests;
}

int main(int argc, char **argv)
{
    size_t connections = bench_size(argc, argv);
    if (argc < 3)
        bench_fail(argv[0], "needs a server's command");
    bench_raise_files();
    int port = bench_start_server(argv + 2);
    bench_run_on("BENCH_CLIENT_CPU");
    double elapsed = 1;
    (void)ask(connections, port, "BENCH_ECHO_WARM", &elapsed);
    double began = bench_server_seconds();
    double requests = ask(connections, port, "BENCH_ECHO_SECONDS", &elapsed);
    double used = bench_server_seconds() - began;
    bench_print("http", connections, "", requests / elapsed, "1/s");
    bench_print("cpu", connections, "", used / requests * 1e9, "ns");
    bench_end_server();
}
