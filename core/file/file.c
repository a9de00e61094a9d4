/* file.c: files: opened, asked, closed; and the job that every call is.
 * Touches the platform's files and the executor for them. */
#include "core/file/file_inside.h"

#include <string.h>

/* ---- the shared descriptor ---- */

static void open_file_release(eddyi_open_file *open)
{
    eddy_allocator allocator = open->allocator;
    if (atomic_fetch_sub(&open->references, 1) != 1)
        return;
    if (open->fd != -1)
        (void)eddyi_file_close(open->fd);
    eddyi_release(&allocator, open);
}

/* ---- jobs ---- */

static int64_t transfer(eddyi_file_job *job, bool reads)
{
    while (job->done < job->size) {
        uint64_t at = job->offset != UINT64_MAX ? job->offset + job->done : UINT64_MAX;
        char *here = job->data + job->done;
        size_t left = job->size - job->done;
        int64_t n = reads ? eddyi_file_read(job->open->fd, here, left, at, &job->os_error)
                          : eddyi_file_write(job->open->fd, here, left, at, &job->os_error);
        if (n < 0)
            return n;
        if (n == 0) /* the end; a write that takes nothing would do so for ever */
            return reads ? (int64_t)job->done : EDDY_ENOSPC;
        job->done += (size_t)n;
        if (reads && job->offset == UINT64_MAX) /* a pipe or a terminal: what is there */
            break;
    }
    return (int64_t)job->done;
}

static void work(eddyi_job *base)
{
    eddyi_file_job *job = EDDYI_CONTAINER(base, eddyi_file_job, job);
    eddyi_open_file *open = job->open;
    job->os_error = 0;
    job->done = 0;
    switch (job->call) {
    case EDDYI_FILE_OPEN:
        job->result = eddyi_file_open(&open->fd, job->data, job->how, &open->positioned, &job->os_error);
        break;
    case EDDYI_FILE_READ:
    case EDDYI_FILE_WRITE:
        job->result = transfer(job, job->call == EDDYI_FILE_READ);
        break;
    case EDDYI_FILE_SYNC:
        job->result = eddyi_file_sync(open->fd, &job->os_error);
        break;
    case EDDYI_FILE_SIZE:
        job->result = eddyi_file_length(open->fd, &job->os_error);
        break;
    case EDDYI_FILE_CLOSE:
        job->result = eddyi_file_close(open->fd);
        open->fd = -1;
        break;
    }
}

void eddyi_file_job_free(eddyi_file_job *job)
{
    if (job == NULL)
        return;
    eddy_allocator allocator = job->open->allocator;
    open_file_release(job->open);
    eddyi_release(&allocator, job);
}

static void destroy(eddyi_job *job)
{
    eddyi_file_job_free(EDDYI_CONTAINER(job, eddyi_file_job, job));
}

int eddyi_file_job_create(eddyi_open_file *open, eddyi_file_job **out, enum eddyi_file_call call, size_t room)
{
    size_t size;
    if (!eddyi_add(&size, sizeof(eddyi_file_job), room))
        return EDDY_EOVERFLOW;
    eddyi_file_job *job = eddyi_allocate(&open->allocator, size);
    if (job == NULL)
        return EDDY_ENOMEM;
    *job = (eddyi_file_job){.job = {.work = work, .destroy = destroy}, .open = open, .call = call};
    atomic_fetch_add(&open->references, 1);
    *out = job;
    return 0;
}

int eddyi_file_job_await(eddy_loop *loop, eddyi_file_job *job)
{
    eddy_executor *executor;
    int rc = eddyi_file_executor(loop, &executor);
    return rc < 0 ? rc : eddyi_job_await_on(loop, executor, &job->job);
}

/* One call without memory to move: its result, recorded when it failed. */
static int64_t call(eddy_loop *loop, eddyi_file_job *job, const char *operation)
{
    int rc = eddyi_file_job_await(loop, job);
    if (rc == EDDY_ECANCELED)
        return rc;
    int64_t result = rc < 0 ? rc : job->result;
    if (result < 0)
        eddyi_fail_system((int)result, job->os_error, operation);
    eddyi_file_job_free(job);
    return result;
}

/* ---- opening ---- */

static int read_mode(const char *mode, unsigned *how, bool *appends)
{
    static const unsigned of_letter[] = {['r'] = EDDYI_FILE_READS,
                                         ['w'] = EDDYI_FILE_WRITES | EDDYI_FILE_MAKES | EDDYI_FILE_EMPTIES,
                                         ['a'] = EDDYI_FILE_WRITES | EDDYI_FILE_MAKES | EDDYI_FILE_APPENDS};
    unsigned letter = (unsigned char)mode[0];
    *how = letter < sizeof of_letter / sizeof of_letter[0] ? of_letter[letter] : 0;
    *appends = letter == 'a';
    if (*how == 0)
        return EDDY_EINVAL;
    for (const char *c = mode + 1; *c != '\0'; c++) {
        if (*c == '+')
            *how |= EDDYI_FILE_READS | EDDYI_FILE_WRITES;
        else if (*c == 'x' && (*how & EDDYI_FILE_MAKES))
            *how |= EDDYI_FILE_NEW;
        else if (*c != 'b')
            return EDDY_EINVAL;
    }
    return 0;
}

static int create(eddy_loop *loop, eddy_file **out)
{
    eddy_file *file = eddyi_allocate_zero(&loop->allocator, sizeof *file);
    eddyi_open_file *open = eddyi_allocate_zero(&loop->allocator, sizeof *open);
    if (file == NULL || open == NULL) {
        eddyi_release(&loop->allocator, file);
        eddyi_release(&loop->allocator, open);
        return EDDY_ENOMEM;
    }
    open->allocator = loop->allocator;
    open->fd = -1;
    atomic_init(&open->references, 1);
    file->open = open;
    file->loop = loop;
    eddyi_loop_object_add(loop);
    *out = file;
    return 0;
}

static int open_in_thread(eddy_file *file, const char *path, unsigned how)
{
    eddyi_file_job *job;
    size_t size = strlen(path) + 1;
    int rc = eddyi_file_job_create(file->open, &job, EDDYI_FILE_OPEN, size);
    if (rc < 0)
        return eddyi_fail(rc, "open");
    memcpy(job->data, path, size);
    job->how = how;
    int64_t result = call(file->loop, job, "open");
    return result < 0 ? (int)result : 0;
}

int eddy_file_open(eddy_file **out, const char *path, const char *mode)
{
    unsigned how;
    bool appends;
    eddy_file *file;
    eddyi_file_hold hold;
    eddy_task *task = eddyi_current_task();
    int rc = out == NULL || path == NULL || mode == NULL ? EDDY_EINVAL : read_mode(mode, &how, &appends);
    if (rc == 0 && task == NULL)
        rc = EDDY_ENOTASK;
    if (rc == 0)
        rc = create(task->future.loop, &file);
    if (rc < 0)
        return eddyi_fail(rc, "open");
    file->appends = appends;
    eddyi_file_hold_begin(&hold, file);
    rc = open_in_thread(file, path, how);
    if (rc == 0)
        *out = eddy_file_retain(file);
    eddyi_file_hold_end(&hold);
    return rc;
}

/* ---- references and closing ---- */

eddy_file *eddy_file_retain(eddy_file *file)
{
    if (file != NULL)
        file->references++;
    return file;
}

void eddy_file_release(eddy_file *file)
{
    if (file == NULL || --file->references != 0)
        return;
    eddy_loop *loop = file->loop;
    if (file->open != NULL)
        open_file_release(file->open);
    eddyi_release(&loop->allocator, file);
    eddyi_loop_object_remove(loop);
}

static void hold_shut(eddyi_closable *closable)
{
    eddyi_file_hold *hold = EDDYI_CONTAINER(closable, eddyi_file_hold, closable);
    open_file_release(hold->open);
    eddy_file_release(hold->file);
}

void eddyi_file_hold_begin(eddyi_file_hold *hold, eddy_file *file)
{
    *hold = (eddyi_file_hold){
        .closable = {.shut = hold_shut}, .file = eddy_file_retain(file), .open = file->open};
    atomic_fetch_add(&file->open->references, 1);
    eddyi_list_append(&file->loop->closables, &hold->closable.link);
}

void eddyi_file_hold_end(eddyi_file_hold *hold)
{
    eddyi_list_remove(&hold->closable.link);
    open_file_release(hold->open);
    eddy_file_release(hold->file);
}

int eddyi_file_usable(const eddy_file *file, const char *operation)
{
    eddy_task *task = eddyi_current_task();
    if (file == NULL)
        return eddyi_fail(EDDY_EINVAL, operation);
    if (task == NULL)
        return eddyi_fail(EDDY_ENOTASK, operation);
    if (task->future.loop != file->loop)
        return eddyi_fail(EDDY_EWRONGLOOP, operation);
    return file->open != NULL ? 0 : eddyi_fail(EDDY_ECLOSED, operation);
}

int eddy_file_close(eddy_file *file)
{
    eddyi_file_job *job;
    if (file != NULL && file->open == NULL)
        return 0;
    int rc = eddyi_file_usable(file, "close");
    if (rc < 0)
        return rc;
    if (atomic_load(&file->open->references) > 1) { /* a job still works on it, and closes it when it ends */
        open_file_release(file->open);
        file->open = NULL;
        return 0;
    }
    rc = eddyi_file_job_create(file->open, &job, EDDYI_FILE_CLOSE, 0);
    if (rc < 0)
        return eddyi_fail(rc, "close");
    open_file_release(file->open); /* it is the job's now */
    file->open = NULL;
    int64_t result = call(file->loop, job, "close");
    return result < 0 ? (int)result : 0;
}

/* ---- what is known of it ---- */

int eddy_file_sync(eddy_file *file)
{
    eddyi_file_job *job;
    int rc = eddyi_file_usable(file, "fsync");
    if (rc < 0)
        return rc;
    rc = eddyi_file_job_create(file->open, &job, EDDYI_FILE_SYNC, 0);
    if (rc < 0)
        return eddyi_fail(rc, "fsync");
    int64_t result = call(file->loop, job, "fsync");
    return result < 0 ? (int)result : 0;
}

int eddy_file_size(eddy_file *file, uint64_t *size)
{
    eddyi_file_job *job;
    int rc = size == NULL ? eddyi_fail(EDDY_EINVAL, "stat") : eddyi_file_usable(file, "stat");
    if (rc < 0)
        return rc;
    rc = eddyi_file_job_create(file->open, &job, EDDYI_FILE_SIZE, 0);
    if (rc < 0)
        return eddyi_fail(rc, "stat");
    int64_t result = call(file->loop, job, "stat");
    if (result < 0)
        return (int)result;
    *size = (uint64_t)result;
    return 0;
}

uint64_t eddy_file_tell(const eddy_file *file)
{
    return file != NULL ? file->position : 0;
}

int eddy_file_seek(eddy_file *file, uint64_t offset)
{
    if (file == NULL || offset > INT64_MAX)
        return eddyi_fail(EDDY_EINVAL, "seek");
    if (file->open == NULL)
        return eddyi_fail(EDDY_ECLOSED, "seek");
    if (!file->open->positioned)
        return eddyi_fail(EDDY_EOPNOTSUPP, "seek");
    file->position = offset;
    return 0;
}

eddy_fd eddy_file_fileno(const eddy_file *file)
{
    return file != NULL && file->open != NULL ? file->open->fd : -1;
}
