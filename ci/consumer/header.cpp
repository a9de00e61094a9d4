// header.cpp: the public header as C++17 sees it.
// Touches <eddy.h> only.
// Compiled with every warning as an error, never run.
#include <eddy.h>

static int body(void *)
{
    return eddy_sleep(0.0);
}

int main()
{
    eddy_run_options options;
    eddy_run_options_init(&options);
    options.debug = true;
    return eddy_exit_status(eddy_run(body, nullptr, &options));
}
