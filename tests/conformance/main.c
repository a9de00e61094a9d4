/* main.c: runs every suite on the backend named by EDDY_BACKEND, or sweeps over the calls that its tests make.
 * Touches suite.h, sweep.h and support.h. Succeeds only if every suite did, and there were tests.
 *
 * conformance [--sweep | --sweep-calls] [--every N] [PATTERN] */
#include <fnmatch.h>

#include "processes.h"
#include "suite.h"
#include "sweep.h"
#include "core/net/cares.h"

static size_t chosen; /* tests that the pattern names */

int suite_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        chosen += sweep_chosen.pattern == NULL || fnmatch(sweep_chosen.pattern, tests[i].name, 0) == 0;
    if (sweep_chosen.on)
        return sweep_tests(tests, count);
    return results_run(name, tests, count);
}

static bool read_arguments(int argc, char **argv)
{
    const char *shift = getenv("EDDY_SWEEP_SHIFT");
    sweep_chosen.shift = shift != NULL ? strtoull(shift, NULL, 10) : 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sweep") == 0) {
            sweep_chosen.on = true;
        } else if (strcmp(argv[i], "--sweep-calls") == 0) {
            sweep_chosen.on = sweep_chosen.system_calls = true;
        } else if (strcmp(argv[i], "--every") == 0 && i + 1 < argc) {
            sweep_chosen.every = strtoull(argv[++i], NULL, 10);
        } else if (argv[i][0] != '-' && sweep_chosen.pattern == NULL) {
            sweep_chosen.pattern = argv[i];
            cmocka_set_test_filter(argv[i]);
        } else {
            return false;
        }
    }
    return sweep_chosen.every > 0;
}

static int run_suites(void)
{
    int failed = 0;
    failed += suite_futures();
    failed += suite_futures_told();
    failed += suite_tasks();
    failed += suite_task_ends();
    failed += suite_eager();
    failed += suite_eager_nested();
    failed += suite_task_factory();
    failed += suite_cancel();
    failed += suite_cancel_races();
    failed += suite_gather();
    failed += suite_shield();
    failed += suite_wait();
    failed += suite_wait_leaves();
    failed += suite_timeouts();
    failed += suite_wait_for();
    failed += suite_groups();
    failed += suite_groups_nested();
    failed += suite_group_errors();
    failed += suite_trees();
    failed += suite_generators();
    failed += suite_generator_ends();
    failed += suite_generator_meets();
    failed += suite_generator_cancels();
    failed += suite_locks();
    failed += suite_events();
    failed += suite_conditions();
    failed += suite_semaphores();
    failed += suite_barriers();
    failed += suite_sync_cancels();
    failed += suite_sync_loops();
    failed += suite_loop();
    failed += suite_loop_fair();
    failed += suite_loop_outside();
    failed += suite_reports();
    failed += suite_runner();
    failed += suite_runner_rules();
    failed += suite_policy();
    failed += suite_watch();
    failed += suite_queues();
    failed += suite_queue_waits();
    failed += suite_queue_shutdown();
    failed += suite_queue_model();
    failed += suite_memory();
    failed += suite_faults();
    failed += suite_streams();
    failed += suite_streams_close();
    failed += suite_streams_lookups();
    failed += suite_streams_rules();
    failed += suite_server();
    failed += suite_server_shared();
    failed += suite_server_made();
    failed += suite_sockets();
    failed += suite_names();
    failed += suite_cares();
    failed += suite_streams_whole();
    failed += suite_connect();
    failed += suite_connect_race();
    failed += suite_transports();
    failed += suite_tls();
    failed += suite_datagrams();
    failed += suite_datagram_tasks();
    failed += suite_local();
    failed += suite_files();
    failed += suite_sendfile();
    failed += suite_executor();
    failed += suite_executor_pool();
    failed += suite_threads();
    failed += suite_wrap();
    failed += suite_signals();
    failed += suite_pipes();
    failed += suite_pipe_transports();
    failed += suite_subprocess_protocols();
    failed += suite_fed_streams();
    failed += suite_process();
    failed += suite_process_options();
    failed += suite_process_faults();
    failed += suite_contexts();
    failed += suite_contexts_tasks();
    failed += suite_contexts_threads();
    failed += suite_metrics();
    failed += suite_metrics_text();
    failed += suite_hooks();
    failed += suite_inspect_deadlock();
    failed += suite_inspect_hope();
    failed += suite_inspect_dump();
    failed += suite_inspect_graph();
    failed += suite_inspect_stacks();
    failed += suite_inspect_debug();
    failed += suite_closes(); /* last: it looks back */
    return failed;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], CHILD_ARGUMENT) == 0)
        return process_child();
    support_init(1, argv);
    if (!read_arguments(argc, argv)) {
        print_error("usage: %s [--sweep | --sweep-calls] [--every N] [PATTERN]\n", argv[0]);
        return 2;
    }
    bool whole = !sweep_chosen.on && sweep_chosen.pattern == NULL;
    if (whole)
        results_begin("suite", support_backend() != NULL ? support_backend() : eddy_backend_name(0));
    eddyi_cares_settings_in_force =
        (eddyi_cares_settings){.servers = "127.0.0.1:1"}; /* nobody outside is asked */
    int failed = run_suites();
    if (chosen == 0) {
        print_error("%s: no test has a name like '%s'\n", argv[0], sweep_chosen.pattern);
        return 2;
    }
    if (sweep_chosen.on)
        sweep_print_totals();
    if (whole)
        results_end();
    return failed != 0;
}
