/* laws_tests.h: the list of all law tests, and of the mutants that must fail them.
 * Touches nothing. Each law has at least one line in each list. */
#ifndef LAWS_TESTS_H
#define LAWS_TESTS_H

#define LAW_TESTS(X)                                                                                         \
    X(law_once_each_pending_op_is_reported_once)                                                             \
    X(law_once_multi_accept_reports_each_connection_and_one_last)                                            \
    X(law_once_multi_receive_picks_free_buffers_and_ends_once)                                               \
    X(law_once_multi_poll_reports_while_it_holds)                                                            \
    X(law_once_datagrams_arrive_whole)                                                                       \
    X(law_quiet_results_without_room_are_kept_and_rotate)                                                    \
    X(law_quiet_no_direction_starves_with_room_for_one)                                                      \
    X(law_lent_buffers_and_array_are_left_alone)                                                             \
    X(law_wins_receive_race_loses_no_byte)                                                                   \
    X(law_wins_accept_race_loses_no_connection)                                                              \
    X(law_wins_multi_receive_race_loses_no_byte)                                                             \
    X(law_wins_send_race_sends_what_it_says)                                                                 \
    X(law_bounded_every_kind_comes_back_after_cancel)                                                        \
    X(law_bounded_pipe_read_comes_back_after_cancel)                                                         \
    X(law_spare_nothing_needs_memory_but_open_and_attach)                                                    \
    X(law_spare_open_and_attach_fail_cleanly)                                                                \
    X(law_mute_detached_descriptor_is_never_touched)                                                         \
    X(law_mute_reused_number_hears_nothing_of_the_old_file)                                                  \
    X(law_mute_live_copy_is_not_heard)                                                                       \
    X(law_late_ten_thousand_deadlines_are_never_early)                                                       \
    X(law_late_wait_for_nothing_does_not_block)                                                              \
    X(law_late_fault_P6_interrupting_signals_do_not_end_it)                                                  \
    X(fault_P4_second_attach_is_refused)                                                                     \
    X(fault_P5_files_that_never_wait_are_refused)                                                            \
    X(fault_P8_closed_in_same_batch)                                                                         \
    X(fault_P9_end_comes_after_the_data)                                                                     \
    X(fault_P9_end_that_nobody_reads_does_not_spin)                                                          \
    X(fault_P9_terminal_is_read_to_its_end)                                                                  \
    X(fault_P11_busy_descriptor_leaves_others_their_turn)                                                    \
    X(fault_P16_missing_call_falls_back)                                                                     \
    X(wake_before_wait_ends_it)                                                                              \
    X(fault_P18_wake_storm_from_threads)                                                                     \
    X(wake_from_signal_handler)

/* X(mutant, the law that must fail on it) */
#define LAW_MUTANTS(X)                                                                                       \
    X(reports_twice, law_once_each)                                                                          \
    X(forgets_a_result, law_once_each)                                                                       \
    X(forgets_last, law_once_multi_accept)                                                                   \
    X(picks_a_taken_buffer, law_once_multi_receive)                                                          \
    X(polls_only_once, law_once_multi_poll)                                                                  \
    X(drops_what_has_no_room, law_quiet_results)                                                             \
    X(serves_one_direction_first, law_quiet_no_direction)                                                    \
    X(writes_after_return, law_lent)                                                                         \
    X(changes_the_array, law_lent)                                                                           \
    X(cancel_loses_data, law_wins_receive)                                                                   \
    X(cancel_loses_data, law_wins_multi)                                                                     \
    X(cancel_loses_data, law_wins_accept)                                                                    \
    X(cancel_loses_data, law_wins_send)                                                                      \
    X(never_lets_data_win, law_wins_receive)                                                                 \
    X(cancel_never_returns, law_bounded_every)                                                               \
    X(cancel_never_returns, law_bounded_pipe)                                                                \
    X(submit_needs_memory, law_spare_nothing)                                                                \
    X(wait_needs_memory, law_spare_nothing)                                                                  \
    X(open_leaks, law_spare_open)                                                                            \
    X(touches_after_detach, law_mute_detached)                                                               \
    X(hears_the_dead, law_mute_reused)                                                                       \
    X(hears_the_dead, law_mute_live)                                                                         \
    X(returns_early, law_late_ten)                                                                           \
    X(returns_early, law_late_fault_P6)                                                                      \
    X(blocks_always, law_late_wait_for_nothing)                                                              \
    X(loses_a_wake, wake_before_wait)

#define LAW_DECLARE(name) void name(void **state);
LAW_TESTS(LAW_DECLARE)
#undef LAW_DECLARE

#endif
