/* test_broken.c: eddy ps on what cannot be shown: no process, none of ours, a newer one, one whose memory was overwritten.
 * Touches children, whose memory they overwrite themselves, and the program eddy. It ends with a line that says why, never by a signal. */
#include "looked_at.h"

#include <signal.h>
#include <sys/wait.h>

#include "core/task/task.h"

extern eddy_record eddyi_record;

/* ---- the errors ---- */

static void expect_error(pid_t child, const char *why)
{
    char expected[256];
    (void)snprintf(expected, sizeof expected, "eddy: process %ld: %s\n", (long)child, why);
    looked_at_expect(child, "ps", 1, expected);
    looked_at_expect(child, "pstree --json", 1, expected);
}

static void a_process_without_eddy_is_told(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execlp("sh", "sh", "-c", "echo ready; exec sleep 1000000", (char *)NULL);
        _exit(90);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    expect_error(child, "there is no eddy in it");
    (void)close(ends[0]);
    (void)close(ends[1]);
    looked_at_end(child);
}

static int end_at_once(void *arg)
{
    (void)arg;
    looked_at_ready();
    _exit(0);
}

static void a_process_that_is_not_there_or_has_ended_is_told(void **state)
{
    siginfo_t info;
    pid_t child = looked_at_start(end_at_once, NULL);
    (void)state;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    expect_error(child, "the process has ended");
    looked_at_end(child);
    char *text;
    assert_int_equal(looked_at_ask(0, "ps", &text), 1);
    assert_string_equal(text, "eddy: process 0: there is no such process\n");
    free(text);
    assert_int_equal(looked_at_ask(999999999, "ps", &text), 1);
    assert_string_equal(text, "eddy: process 999999999: there is no such process\n");
    free(text);
}

static void questions_that_make_no_sense_are_answered_with_the_usage(void **state)
{
    static const char *const wrong[] = {"",       "pss",   "ps --jsonn", "ps --watch=0", "ps --watch=x",
                                        "ps 1 2", "ps -1", "ps x"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *text;
        assert_int_equal(looked_at_ask(1, wrong[i], &text), 2);
        assert_int_equal(strncmp(text, "usage: eddy ", 12), 0);
        free(text);
    }
}

/* ---- overwritten memory ---- */

typedef struct damage {
    void (*fn)(uint64_t random);
    uint64_t random;
} damage_done;

static eddy_task *victim;

static int be_damaged(void *arg)
{
    const damage_done *damage = arg;
    victim = looked_at_make("victim", looked_at_sleep, NULL);
    eddy_task *other = looked_at_make("other", looked_at_sleep, NULL);
    (void)looked_at_make("third", looked_at_sleep, NULL);
    eddy_task *both[] = {victim, other};
    if (eddy_wait(NULL, both, 2, 0.001, EDDY_ALL_COMPLETED) < 0)
        return -1;
    damage->fn(damage->random);
    looked_at_ready();
    while (pause() == -1) /* nothing of the library runs any more */
        continue;
    return 0;
}

static void expect_damage(void (*fn)(uint64_t), const char *why)
{
    damage_done damage = {fn, 0};
    pid_t child = looked_at_run(be_damaged, &damage);
    expect_error(child, why);
    looked_at_end(child);
}

static void newer(uint64_t random)
{
    (void)random;
    eddyi_record.version++;
}

static void older(uint64_t random)
{
    (void)random;
    eddyi_record.version--;
}

static void larger(uint64_t random)
{
    (void)random;
    eddyi_record.size++;
}

static void far_offset(uint64_t random)
{
    (void)random;
    eddyi_record.task.id = 0x7fffffff;
}

static void own_address(uint64_t random)
{
    (void)random;
    eddyi_record.self = &victim;
}

static void no_loops(uint64_t random)
{
    (void)random;
    eddyi_record.loops = (void *)(uintptr_t)16;
}

static void list_that_turns_early(uint64_t random)
{
    (void)random;
    victim->all.next = &victim->all;
}

static void list_that_turns_back(uint64_t random)
{
    (void)random;
    eddyi_list *second = victim->all.next;
    second->next = &victim->all;
    victim->all.previous = second;
}

static void list_that_leads_nowhere(uint64_t random)
{
    (void)random;
    victim->all.next = (void *)(uintptr_t)0x1000;
}

static void wait_that_is_elsewhere(uint64_t random)
{
    (void)random;
    victim->wait = (void *)(UINTPTR_MAX - 7);
}

static void kind_that_is_none(uint64_t random)
{
    static const char not_a_name[64] = {1, 2, 3};
    (void)random;
    victim->wait->kind = (const void *)not_a_name;
}

static void memory_that_makes_no_sense_is_told(void **state)
{
    static const char nonsense[] = "its memory makes no sense, or changes faster than it can be read";
    void (*const damages[])(uint64_t) = {no_loops,
                                         list_that_turns_early,
                                         list_that_turns_back,
                                         list_that_leads_nowhere,
                                         wait_that_is_elsewhere,
                                         kind_that_is_none};
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++)
        expect_damage(damages[i], nonsense);
}

static void other_versions_and_broken_records_are_told(void **state)
{
    (void)state;
    expect_damage(newer, "its eddy is newer than this program");
    expect_damage(older, "its eddy is older than this program");
    expect_damage(larger, "its eddy's record makes no sense");
    expect_damage(far_offset, "its eddy's record makes no sense");
    expect_damage(own_address, "there is no eddy in it");
}

static uint64_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 16;
}

/* A few words, each in one of the objects that a reader walks, become nothing, any number, or a pointer to somewhere. */
static void anything(uint64_t random)
{
    struct {
        void *at;
        size_t size;
    } const objects[] = {{victim, sizeof *victim},
                         {victim->future.loop, sizeof *victim->future.loop},
                         {victim->wait, sizeof *victim->wait},
                         {&eddyi_record, sizeof eddyi_record},
                         {(void *)(uintptr_t)eddyi_record.loops, 4 * sizeof(void *)}};
    for (int i = 0; i < 3; i++) {
        size_t object = next_random(&random) % (sizeof objects / sizeof objects[0]);
        size_t word = next_random(&random) % (objects[object].size / sizeof(uintptr_t));
        const uintptr_t values[] = {0,
                                    (uintptr_t)next_random(&random),
                                    (uintptr_t)victim + next_random(&random) % 4096,
                                    (uintptr_t)&random,
                                    (uintptr_t)eddyi_record.loops + 8 * (next_random(&random) % 16),
                                    1,
                                    UINTPTR_MAX};
        uintptr_t value = values[next_random(&random) % (sizeof values / sizeof values[0])];
        memcpy((char *)objects[object].at + word * sizeof value, &value, sizeof value);
    }
}

enum { DAMAGES = 100 };

static void whatever_was_overwritten_the_reader_ends_by_itself(void **state)
{
    int counts[2] = {0, 0};
    (void)state;
    for (uint64_t i = 1; i <= DAMAGES; i++) {
        damage_done damage = {anything, i};
        char *text;
        pid_t child = looked_at_run(be_damaged, &damage);
        int status = looked_at_ask(child, i % 2 == 0 ? "pstree" : "ps --json", &text);
        looked_at_end(child);
        if (status != 0 && status != 1)
            print_error("damage %d, status %d:\n%s", (int)i, status, text);
        assert_in_range(status, 0, 1);
        counts[status]++;
        free(text);
    }
    assert_true(counts[0] > 0 && counts[1] > 0); /* else nothing was damaged, or nothing was left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_without_eddy_is_told),
        cmocka_unit_test(a_process_that_is_not_there_or_has_ended_is_told),
        cmocka_unit_test(questions_that_make_no_sense_are_answered_with_the_usage),
        cmocka_unit_test(other_versions_and_broken_records_are_told),
        cmocka_unit_test(memory_that_makes_no_sense_is_told),
        cmocka_unit_test(whatever_was_overwritten_the_reader_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
