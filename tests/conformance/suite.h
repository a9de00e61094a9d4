/* suite.h: the suites of the conformance program: the public API, the same on every backend.
 * Touches cmocka. Each suite hands its tests to suite_run and returns how many failed. */
#ifndef SUITE_H
#define SUITE_H

#include "support/results.h"
#include "support/support.h"

#undef skip /* support_skip("why") says it with the reason, and ends the test's task as it should */

/* Runs the tests one after the other, or sweeps over the calls of each: main.c chooses. */
int suite_run(const char *name, const struct CMUnitTest *tests, size_t count);
#undef cmocka_run_group_tests_name
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                            \
    suite_run(name, tests, sizeof(tests) / sizeof(tests)[0])

int suite_futures(void);
int suite_futures_told(void);
int suite_tasks(void);
int suite_task_ends(void);
int suite_eager(void);
int suite_eager_nested(void);
int suite_task_factory(void);
int suite_cancel(void);
int suite_cancel_races(void);
int suite_gather(void);
int suite_shield(void);
int suite_wait(void);
int suite_wait_leaves(void);
int suite_timeouts(void);
int suite_wait_for(void);
int suite_groups(void);
int suite_groups_nested(void);
int suite_group_errors(void);
int suite_trees(void);
int suite_generators(void);
int suite_generator_ends(void);
int suite_generator_meets(void);
int suite_generator_cancels(void);
int suite_locks(void);
int suite_events(void);
int suite_conditions(void);
int suite_semaphores(void);
int suite_barriers(void);
int suite_sync_cancels(void);
int suite_sync_loops(void);
int suite_loop(void);
int suite_loop_fair(void);
int suite_loop_outside(void);
int suite_reports(void);
int suite_runner(void);
int suite_runner_rules(void);
int suite_policy(void);
int suite_watch(void);
int suite_queues(void);
int suite_queue_waits(void);
int suite_queue_shutdown(void);
int suite_queue_model(void);
int suite_memory(void);
int suite_faults(void);
int suite_streams(void);
int suite_streams_close(void);
int suite_streams_lookups(void);
int suite_streams_rules(void);
int suite_server(void);
int suite_server_shared(void);
int suite_server_made(void);
int suite_sockets(void);
int suite_names(void);
int suite_cares(void);
int suite_streams_whole(void);
int suite_connect(void);
int suite_connect_race(void);
int suite_transports(void);
int suite_tls(void);
int suite_datagrams(void);
int suite_datagram_tasks(void);
int suite_local(void);
int suite_files(void);
int suite_sendfile(void);
int suite_executor(void);
int suite_executor_pool(void);
int suite_threads(void);
int suite_wrap(void);
int suite_metrics(void);
int suite_metrics_text(void);
int suite_hooks(void);
int suite_inspect_deadlock(void);
int suite_inspect_hope(void);
int suite_inspect_dump(void);
int suite_inspect_graph(void);
int suite_inspect_stacks(void);
int suite_inspect_debug(void);
int suite_closes(void);
int suite_contexts(void);
int suite_contexts_tasks(void);
int suite_contexts_threads(void);
int suite_signals(void);
int suite_pipes(void);
int suite_pipe_transports(void);
int suite_subprocess_protocols(void);
int suite_fed_streams(void);
int suite_process(void);
int suite_process_options(void);
int suite_process_faults(void);

#endif
