/* costs_load.c: runs a program of this work under Valgrind, with a count and with twice that, and tells the difference for one operation.
 * Touches popen and the text that Valgrind prints. So what begins and ends a program is not in a figure, and what else the machine does is not either. */
#include <sys/wait.h>

#include "meter.h"

static const char *const works[] = {"yield", "spawn", "call_soon", "echo"};
static const char *const variants[] = {"plain", "hooks", "debug"};

enum { NOT_HERE = 77 }; /* the program's answer to a variant that it has not */

/* What follows the last "refs:" on a line, without its commas. */
static double number_in(const char *line)
{
    char digits[32];
    size_t size = 0;
    for (const char *at = strstr(line, "refs:") + 5; *at != '\0' && size + 1 < sizeof digits; at++)
        if (*at >= '0' && *at <= '9')
            digits[size++] = *at;
    digits[size] = '\0';
    return atof(digits);
}

/* Instructions of the whole program; < 0: it does not know that variant. */
static double count(const char *program, size_t times, const char *work, const char *variant)
{
    char command[4096], line[512], said[512] = "";
    double found = 0;
    snprintf(command, sizeof command,
             "valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null '%s' %zu %s %s 2>&1",
             program, times, work, variant);
    FILE *output = popen(command, "r");
    bench_check(output != NULL, "popen");
    while (fgets(line, sizeof line, output) != NULL) {
        if (strstr(line, "refs:") != NULL)
            found = number_in(line);
        else if (strncmp(line, "==", 2) != 0)
            memcpy(said, line, sizeof said);
    }
    int status = pclose(output);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
        return -1;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || found <= 0)
        bench_fail(command, said);
    return found;
}

static void measure(const char *program, size_t times, const char *work, const char *variant)
{
    double once = count(program, times, work, variant);
    if (once < 0)
        return;
    double twice = count(program, 2 * times, work, variant);
    bool plain = strcmp(variant, "plain") == 0;
    printf("%s%s%s %.2f instructions\n", work, plain ? "" : "@", plain ? "" : variant,
           (twice - once) / (double)times);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t times = bench_size(argc, argv);
    if (argc != 3)
        bench_fail(argv[0], "needs a count and a program");
    if (system("valgrind --version >/dev/null 2>&1") != 0) {
        for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
            printf("%s skip needs valgrind\n", works[i]);
        return 0;
    }
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++)
        for (size_t j = 0; j < sizeof variants / sizeof variants[0]; j++)
            measure(argv[2], times, works[i], variants[j]);
}
