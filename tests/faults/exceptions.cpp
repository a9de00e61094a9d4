/* exceptions.cpp: C++ exceptions and tasks (fault K6).
 * Touches the public API as a C++ program does. An exception stays inside its task; one that would leave it ends the process. */
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <csetjmp>
#include <cstring>
#include <stdexcept>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <cmocka.h>
}
#include <eddy.h>

namespace
{

int unwound;

struct guard {
    ~guard()
    {
        unwound++;
    }
};

int throw_below(int depth)
{
    guard here;
    if (depth == 0)
        throw std::runtime_error("deep");
    return throw_below(depth - 1) + 1;
}

/* Between the catch and the throw of one task others throw and catch too. */
extern "C" int throw_and_catch(void *arg)
{
    int rounds = static_cast<int>(reinterpret_cast<std::intptr_t>(arg)), caught = 0;
    for (int i = 0; i < rounds; i++) {
        try {
            guard here;
            if (eddy_sleep(0) < 0)
                return EDDY_ECANCELED;
            (void)throw_below(i);
        } catch (const std::runtime_error &error) {
            caught += std::strcmp(error.what(), "deep") == 0;
        }
        if (eddy_sleep(0) < 0)
            return EDDY_ECANCELED;
    }
    return caught;
}

extern "C" int many_throw(void *)
{
    enum { TASKS = 10, ROUNDS = 20 };
    eddy_task *tasks[TASKS];
    int caught = 0;
    for (auto &task : tasks)
        if (eddy_create_task(&task, throw_and_catch, reinterpret_cast<void *>(ROUNDS), nullptr) < 0)
            return EDDY_ENOMEM;
    for (auto &task : tasks) {
        int result = 0;
        if (eddy_await(task, &result) >= 0)
            caught += result;
        eddy_task_release(task);
    }
    return caught == TASKS * ROUNDS ? 0 : EDDY_EIO;
}

void fault_K6_exceptions_stay_inside_their_task(void **)
{
    unwound = 0;
    assert_int_equal(eddy_run(many_throw, nullptr, nullptr), 0);
    assert_int_equal(unwound, 10 * (20 * 21 / 2 + 20)); /* each frame of each throw, and the one around it */
}

extern "C" int let_it_out(void *)
{
    return throw_below(3);
}

extern "C" int await_one_that_throws(void *)
{
    eddy_task *task;
    try {
        if (eddy_create_task(&task, let_it_out, nullptr, nullptr) < 0)
            return EDDY_ENOMEM;
        int rc = eddy_await(task, nullptr);
        eddy_task_release(task);
        return rc;
    } catch (...) {
        return 0; /* another task's stack: no handler of this one */
    }
}

void fault_K6_exception_that_would_leave_its_task_ends_the_process(void **)
{
    int ends[2], status;
    char said[512];
    std::size_t length = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)std::signal(SIGABRT, SIG_DFL);
        _exit(eddy_run(await_one_that_throws, nullptr, nullptr) < 0 ? 3 : 0);
    }
    close(ends[1]);
    while (length + 1 < sizeof said && (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0)
        length += static_cast<std::size_t>(got);
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(std::strstr(said, "terminat")); /* the runtime says which exception, in its own words */
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_K6_exceptions_stay_inside_their_task),
        cmocka_unit_test(fault_K6_exception_that_would_leave_its_task_ends_the_process),
    };
    return cmocka_run_group_tests_name("exceptions", tests, nullptr, nullptr);
}
