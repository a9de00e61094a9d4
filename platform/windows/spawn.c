/* spawn.c: making a child: where its program is, what it inherits, and a process.
 * Touches CreateProcessW. A child gets its standard streams and what is passed on, by a list: nothing else is inherited, whatever other threads do. */
#include <string.h>

#include "core/base/memory.h"
#include "platform/windows/spawn.h"
#include "platform/windows/text.h"

enum { STANDARD = 3, LONGEST_PATH = 32768 };

typedef struct birth {
    const eddyi_spawn *what;
    const eddy_allocator *allocator;
    wchar_t *command_line, *environment, *directory, *program;
    HANDLE standard[STANDARD]; /* inheritable, ours; NULL: none */
    HANDLE *inherited;         /* all that the child gets */
    size_t inherited_count;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
    bool attributes_made;
} birth;

static int failed(eddyi_spawn_failure *failure, const char *step)
{
    *failure = (eddyi_spawn_failure){step, eddyi_last_error()};
    return eddyi_error_from_system(failure->os_error);
}

static int refused(eddyi_spawn_failure *failure, const char *step, int code)
{
    *failure = (eddyi_spawn_failure){step, 0};
    return code;
}

/* ---- where the program is ---- */

static const wchar_t *environment_path(const wchar_t *block)
{
    for (; *block != L'\0'; block += wcslen(block) + 1)
        if (_wcsnicmp(block, L"PATH=", 5) == 0)
            return block + 5;
    return NULL;
}

/* Scripts of the shell are run by the shell, which takes the arguments apart by rules of its own: they cannot be handed over safely. The system does
 * not see blanks and dots at the end of a name. */
static bool is_script(const wchar_t *path)
{
    size_t length = wcslen(path);
    while (length > 0 && (path[length - 1] == L' ' || path[length - 1] == L'.'))
        length--;
    return length >= 4 &&
           (_wcsnicmp(path + length - 4, L".bat", 4) == 0 || _wcsnicmp(path + length - 4, L".cmd", 4) == 0);
}

static bool has_folder(const wchar_t *program)
{
    return wcspbrk(program, L"/\\:") != NULL;
}

/* In the folders of PATH only, never in the current one; a path is taken as it is, with ".exe" where only that is there. */
static int search(birth *b, const wchar_t *name, eddyi_spawn_failure *failure)
{
    const wchar_t *path = L".";
    wchar_t *own = NULL;
    int rc = 0;
    if (!has_folder(name) && b->environment != NULL) {
        path = environment_path(b->environment);
    } else if (!has_folder(name)) {
        own = eddyi_allocate(b->allocator, LONGEST_PATH * sizeof(wchar_t));
        if (own == NULL)
            return EDDY_ENOMEM;
        path = GetEnvironmentVariableW(L"PATH", own, LONGEST_PATH) > 0 ? own : NULL;
    }
    SetLastError(ERROR_FILE_NOT_FOUND);
    DWORD length = path != NULL ? SearchPathW(path, name, L".exe", LONGEST_PATH, b->program, NULL) : 0;
    if (length == 0 || length >= LONGEST_PATH) {
        if (GetLastError() == ERROR_PATH_NOT_FOUND)
            SetLastError(ERROR_FILE_NOT_FOUND);
        rc = failed(failure, "exec");
    } else if (is_script(b->program)) {
        rc = refused(failure, "exec", EDDY_EACCES);
    }
    eddyi_release(b->allocator, own);
    return rc;
}

static int find_program(birth *b, eddyi_spawn_failure *failure)
{
    wchar_t *name;
    b->program = eddyi_allocate(b->allocator, LONGEST_PATH * sizeof(wchar_t));
    if (b->program == NULL)
        return EDDY_ENOMEM;
    int rc = eddyi_text_widen(b->allocator, &name, b->what->program);
    if (rc < 0)
        return rc;
    rc = search(b, name, failure);
    eddyi_release(b->allocator, name);
    return rc;
}

/* ---- what it inherits ---- */

/* 0, 1 and 2 are those of this process. */
static HANDLE source_of(const eddyi_spawn *what, int i)
{
    static const DWORD names[STANDARD] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    eddy_fd given = what->standard[i];
    if (given < 0)
        return GetStdHandle(names[i]);
    return given < STANDARD ? GetStdHandle(names[given]) : (HANDLE)given;
}

/* A child without a standard stream is none: what this process has none of is left out. */
static int copy_standard(birth *b, eddyi_spawn_failure *failure)
{
    HANDLE self = GetCurrentProcess();
    for (int i = 0; i < STANDARD; i++) {
        HANDLE source = source_of(b->what, i);
        if (source == NULL || source == INVALID_HANDLE_VALUE)
            continue;
        if (!EDDYI_CALL_AS(dup2, DuplicateHandle, FALSE,
                           (self, source, self, &b->standard[i], 0, TRUE, DUPLICATE_SAME_ACCESS))) {
            b->standard[i] = NULL;
            if (b->what->standard[i] >= 0)
                return failed(failure, "dup2");
        }
    }
    return 0;
}

static int list_inherited(birth *b, eddyi_spawn_failure *failure)
{
    const eddy_process_options *options = b->what->options;
    size_t count, size;
    if (!eddyi_add(&count, options->pass_fd_count, STANDARD) ||
        !eddyi_multiply(&size, count, sizeof *b->inherited))
        return EDDY_ENOMEM;
    b->inherited = eddyi_allocate(b->allocator, size);
    if (b->inherited == NULL)
        return EDDY_ENOMEM;
    for (int i = 0; i < STANDARD; i++)
        if (b->standard[i] != NULL)
            b->inherited[b->inherited_count++] = b->standard[i];
    for (size_t i = 0; i < options->pass_fd_count; i++) {
        HANDLE handle = (HANDLE)options->pass_fds[i];
        if (!EDDYI_CALL_AS(fcntl, SetHandleInformation, FALSE,
                           (handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)))
            return failed(failure, "pass_fds");
        b->inherited[b->inherited_count++] = handle;
    }
    return 0;
}

static int make_attributes(birth *b, eddyi_spawn_failure *failure)
{
    SIZE_T size = 0;
    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    b->attributes = eddyi_allocate(b->allocator, size);
    if (b->attributes == NULL)
        return EDDY_ENOMEM;
    if (!InitializeProcThreadAttributeList(b->attributes, 1, 0, &size))
        return failed(failure, "spawn");
    b->attributes_made = true;
    if (b->inherited_count > 0 &&
        !UpdateProcThreadAttribute(b->attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, b->inherited,
                                   b->inherited_count * sizeof *b->inherited, NULL, NULL))
        return failed(failure, "spawn");
    return 0;
}

/* ---- making it ---- */

/* What has no meaning here is refused, not left out. */
static int check_options(const eddy_process_options *options, eddyi_spawn_failure *failure)
{
    if (options->process_group != NULL && *options->process_group != 0)
        return refused(failure, "setpgid", EDDY_ENOSYS);
    if (options->user != NULL)
        return refused(failure, "setuid", EDDY_ENOSYS);
    if (options->group != NULL)
        return refused(failure, "setgid", EDDY_ENOSYS);
    if (options->extra_groups != NULL)
        return refused(failure, "setgroups", EDDY_ENOSYS);
    if (options->umask != NULL)
        return refused(failure, "umask", EDDY_ENOSYS);
    return 0;
}

static int prepare(birth *b, eddyi_spawn_failure *failure)
{
    const eddy_process_options *options = b->what->options;
    int rc = check_options(options, failure);
    if (rc == 0)
        rc = eddyi_command_line(&b->command_line, b->what->arguments, b->allocator);
    if (rc == 0 && options->env != NULL)
        rc = eddyi_environment_block(&b->environment, options->env, b->allocator);
    if (rc == 0 && options->cwd != NULL)
        rc = eddyi_text_widen(b->allocator, &b->directory, options->cwd);
    if (rc == 0)
        rc = find_program(b, failure);
    if (rc == 0)
        rc = copy_standard(b, failure);
    if (rc == 0)
        rc = list_inherited(b, failure);
    return rc < 0 ? rc : make_attributes(b, failure);
}

static int create(birth *b, PROCESS_INFORMATION *made, eddyi_spawn_failure *failure)
{
    const eddy_process_options *options = b->what->options;
    STARTUPINFOEXW start = {.StartupInfo = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES},
                            .lpAttributeList = b->attributes};
    DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT | CREATE_SUSPENDED;
    if (options->start_new_session || options->process_group != NULL)
        flags |= CREATE_NEW_PROCESS_GROUP;
    if (options->start_new_session)
        flags |= DETACHED_PROCESS;
    start.StartupInfo.hStdInput = b->standard[0];
    start.StartupInfo.hStdOutput = b->standard[1];
    start.StartupInfo.hStdError = b->standard[2];
    if (EDDYI_CALL_AS(execve, CreateProcessW, FALSE,
                      (b->program, b->command_line, NULL, NULL, b->inherited_count > 0, flags, b->environment,
                       b->directory, &start.StartupInfo, made)))
        return 0;
    bool no_folder = b->directory != NULL && GetLastError() == ERROR_DIRECTORY;
    return failed(failure, no_folder ? "chdir" : "exec");
}

static void clean_up(birth *b)
{
    for (int i = 0; i < STANDARD; i++)
        if (b->standard[i] != NULL)
            (void)CloseHandle(b->standard[i]);
    for (size_t i = 0; i < b->what->options->pass_fd_count; i++)
        (void)SetHandleInformation((HANDLE)b->what->options->pass_fds[i], HANDLE_FLAG_INHERIT, 0);
    if (b->attributes_made)
        DeleteProcThreadAttributeList(b->attributes);
    eddyi_release(b->allocator, b->attributes);
    eddyi_release(b->allocator, b->inherited);
    eddyi_release(b->allocator, b->program);
    eddyi_release(b->allocator, b->directory);
    eddyi_release(b->allocator, b->environment);
    eddyi_release(b->allocator, b->command_line);
}

/* ---- none is left behind ---- */

static HANDLE job;

/* Ends its processes when the last handle of it is closed, which is when this process ends, in whatever way. Their own children are not in it. */
static BOOL CALLBACK make_job(INIT_ONCE *once, void *unused, void **unused_too)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    (void)once;
    (void)unused;
    (void)unused_too;
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                                              JOB_OBJECT_LIMIT_BREAKAWAY_OK |
                                              JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    job = CreateJobObjectW(NULL, NULL);
    if (job != NULL)
        (void)SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return TRUE;
}

/* A system that nests no jobs may refuse: then the child lives on should this process crash. */
static void put_into_job(HANDLE process)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    (void)InitOnceExecuteOnce(&once, make_job, NULL, NULL);
    if (job != NULL)
        (void)AssignProcessToJobObject(job, process);
}

int eddyi_child_spawn(eddyi_child *out, const eddyi_spawn *what, const eddy_allocator *allocator,
                      eddyi_spawn_failure *failure)
{
    birth b = {.what = what, .allocator = allocator};
    PROCESS_INFORMATION made;
    *failure = (eddyi_spawn_failure){"spawn", 0};
    int rc = prepare(&b, failure);
    if (rc == 0)
        rc = create(&b, &made, failure);
    clean_up(&b);
    if (rc < 0)
        return rc;
    *out = (eddyi_child){.pid = (int)made.dwProcessId, .process = (intptr_t)made.hProcess};
    rc = eddyi_child_watch(out);
    if (rc < 0) {
        int ignored;
        *failure = (eddyi_spawn_failure){"watch", eddyi_last_error()};
        (void)eddyi_child_kill_and_reap(out, &ignored);
    } else {
        if (!what->options->start_new_session)
            put_into_job(made.hProcess);
        (void)ResumeThread(made.hThread);
    }
    (void)CloseHandle(made.hThread);
    return rc;
}
