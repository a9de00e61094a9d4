/* main.c: runs every suite on the backend named by the argument or EDDY_BACKEND.
 * Touches suite.h and support.h. Succeeds only if every suite did. */
#include "suite.h"
#include "support/support.h"

int main(int argc, char **argv)
{
    int failed = 0;
    support_init(argc, argv);
    failed += suite_futures();
    failed += suite_tasks();
    failed += suite_task_ends();
    failed += suite_cancel();
    failed += suite_cancel_races();
    failed += suite_gather();
    failed += suite_shield();
    failed += suite_wait();
    failed += suite_timeouts();
    failed += suite_wait_for();
    failed += suite_groups();
    failed += suite_groups_nested();
    failed += suite_trees();
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
    failed += suite_connect();
    failed += suite_transports();
    failed += suite_tls();
    failed += suite_executor();
    failed += suite_executor_pool();
    failed += suite_threads();
    failed += suite_wrap();
    return failed != 0;
}
