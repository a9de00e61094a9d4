/* subprocess.c: talking to other programs: through their pipes line by line, and all at once with communicate.
 * Touches the public API. Nothing here blocks, and whatever fails, no child is left behind. */
#include <stdio.h>

#include <eddy.h>

/* Sort three words and read them line by line. */
static int sort(void)
{
    static const char words[] = "pear\napple\nfig\n";
    const char *argv[] = {"sort", NULL};
    eddy_process *process;
    eddy_view line;
    ptrdiff_t length;
    int rc =
        eddy_create_subprocess_exec(&process, argv,
                                    EDDY_OPTIONS(eddy_process_options, .standard_input = EDDY_SUBPROCESS_PIPE,
                                                 .standard_output = EDDY_SUBPROCESS_PIPE));
    if (rc < 0)
        return rc;
    rc = eddy_stream_write(eddy_process_stdin(process), words, sizeof words - 1);
    eddy_stream_close(eddy_process_stdin(process));
    while (rc == 0 && (length = eddy_stream_readline(eddy_process_stdout(process), &line)) != 0) {
        if (length < 0)
            rc = (int)length;
        else
            printf("%.*s", (int)line.size, line.data);
    }
    eddy_process_release(process);
    return rc;
}

/* A command of the shell, its output as a whole, and what it ended with. */
static int count(void)
{
    eddy_process *process;
    eddy_view output;
    int code;
    int rc = eddy_create_subprocess_shell(&process, "wc -w; exit 3",
                                          EDDY_OPTIONS(eddy_process_options,
                                                       .standard_input = EDDY_SUBPROCESS_PIPE,
                                                       .standard_output = EDDY_SUBPROCESS_PIPE));
    if (rc < 0)
        return rc;
    rc = eddy_process_communicate(process, &output, NULL, "some words to count", 19, 0);
    if (rc == 0 && eddy_process_returncode(process, &code))
        printf("%.*sit ended with %d\n", (int)output.size, output.data, code);
    eddy_process_release(process);
    return rc;
}

/* What cannot be started is an error of the call, and says why. */
static void fail(void)
{
    const char *argv[] = {"/no/such/program", NULL};
    eddy_process *process;
    int rc = eddy_create_subprocess_exec(&process, argv, NULL);
    if (rc < 0)
        printf("%s failed: %s\n", eddy_last_error()->operation, eddy_strerror(rc));
    else
        eddy_process_release(process);
}

static int run(void *arg)
{
    (void)arg;
    int rc = sort();
    if (rc == 0)
        rc = count();
    fail();
    return rc;
}

int main(void)
{
    return eddy_exit_status(eddy_run(run, NULL, NULL));
}
