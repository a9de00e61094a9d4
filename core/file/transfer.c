/* transfer.c: reading and writing files, in chunks through the memory of a job.
 * Touches file_inside.h. Cancelled between or inside chunks, the position is as the doc comments say, and no byte lands in the caller's memory. */
#include <string.h>

#include "core/file/file_inside.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One transfer: its job, and the place it is at. `file` may be closed by others meanwhile: the job holds what it needs. */
typedef struct moving {
    eddyi_file_job *job;
    uint64_t offset;
    size_t done;
    int32_t os_error;
} moving;

static int begin(eddy_file *file, moving *m, enum eddyi_file_call call, size_t size, uint64_t offset,
                 const char *operation)
{
    *m = (moving){.offset = offset};
    int rc = eddyi_file_job_create(file->open, &m->job, call, smaller(size, EDDYI_FILE_CHUNK));
    return rc < 0 ? eddyi_fail(rc, operation) : 0;
}

/* The next chunk of `size` bytes: how many were moved, or the error; with ECANCELED the job is gone. */
static int64_t move(eddy_loop *loop, moving *m, size_t size)
{
    eddyi_file_job *job = m->job;
    job->size = size;
    job->offset = m->offset != UINT64_MAX ? m->offset + m->done : UINT64_MAX;
    int rc = eddyi_file_job_await(loop, job);
    if (rc == EDDY_ECANCELED)
        m->job = NULL;
    if (rc < 0)
        return rc;
    m->os_error = job->os_error;
    m->done += job->done;
    return job->result;
}

static int64_t failed(moving *m, int64_t result, const char *operation)
{
    eddy_error *record = eddyi_error_record();
    if (result != EDDY_ECANCELED) {
        record = eddyi_fail_detail((int)result, operation);
        record->os_error = m->os_error;
    }
    record->partial = m->done;
    return result;
}

static int64_t read_all(eddy_loop *loop, moving *m, char *buffer, size_t size)
{
    int64_t n = 1;
    while (m->done < size && n > 0) {
        size_t before = m->done, asked = smaller(size - before, EDDYI_FILE_CHUNK);
        n = move(loop, m, asked);
        if (m->job != NULL && m->done > before)
            memcpy(buffer + before, m->job->data, m->done - before);
        if (n >= 0 && ((size_t)n < asked || m->offset == UINT64_MAX))
            break; /* the end, or what was there */
    }
    return n < 0 ? n : (int64_t)m->done;
}

static ptrdiff_t read_at(eddy_file *file, void *buffer, size_t size, uint64_t offset)
{
    moving m;
    int rc = begin(file, &m, EDDYI_FILE_READ, size, offset, "read");
    if (rc < 0)
        return rc;
    int64_t result = read_all(file->loop, &m, buffer, size);
    if (result < 0 && result != EDDY_ECANCELED)
        failed(&m, result, "read");
    eddyi_file_job_free(m.job);
    return (ptrdiff_t)result;
}

static int64_t write_all(eddy_loop *loop, moving *m, const char *data, size_t size)
{
    int64_t n = 0;
    while (m->done < size && n >= 0) {
        size_t asked = smaller(size - m->done, EDDYI_FILE_CHUNK);
        memcpy(m->job->data, data + m->done, asked);
        n = move(loop, m, asked);
    }
    return n < 0 ? n : 0;
}

static int write_at(eddy_file *file, const void *data, size_t size, uint64_t offset, size_t *done)
{
    moving m;
    *done = 0;
    int rc = begin(file, &m, EDDYI_FILE_WRITE, size, offset, "write");
    if (rc < 0)
        return rc;
    int64_t result = write_all(file->loop, &m, data, size);
    if (result < 0)
        failed(&m, result, "write");
    *done = m.done;
    eddyi_file_job_free(m.job);
    return (int)result;
}

/* ---- the calls ---- */

static uint64_t place_of(const eddy_file *file)
{
    return file->open->positioned ? file->position : UINT64_MAX;
}

static int check(const eddy_file *file, bool valid, const char *operation)
{
    return valid ? eddyi_file_usable(file, operation) : eddyi_fail(EDDY_EINVAL, operation);
}

static int check_at(const eddy_file *file, bool valid, uint64_t offset, const char *operation)
{
    int rc = check(file, valid && offset <= INT64_MAX, operation);
    if (rc == 0 && !file->open->positioned)
        rc = eddyi_fail(EDDY_EOPNOTSUPP, operation);
    return rc;
}

ptrdiff_t eddy_file_read(eddy_file *file, void *buffer, size_t size)
{
    int rc = check(file, buffer != NULL && size > 0 && size <= PTRDIFF_MAX, "read");
    if (rc < 0)
        return rc;
    uint64_t position = file->position;
    eddyi_file_hold hold;
    eddyi_file_hold_begin(&hold, file);
    ptrdiff_t got = read_at(file, buffer, size, place_of(file));
    if (got > 0)
        file->position = position + (uint64_t)got;
    eddyi_file_hold_end(&hold);
    return got;
}

ptrdiff_t eddy_file_read_at(eddy_file *file, void *buffer, size_t size, uint64_t offset)
{
    int rc = check_at(file, buffer != NULL && size > 0 && size <= PTRDIFF_MAX, offset, "read");
    return rc < 0 ? rc : read_at(file, buffer, size, offset);
}

int eddy_file_write(eddy_file *file, const void *data, size_t size)
{
    size_t done;
    int rc = check(file, data != NULL || size == 0, "write");
    if (rc < 0 || size == 0)
        return rc;
    uint64_t position = file->position;
    eddyi_file_hold hold;
    eddyi_file_hold_begin(&hold, file);
    rc = write_at(file, data, size, file->appends ? UINT64_MAX : place_of(file), &done);
    if (!file->appends)
        file->position = position + done;
    eddyi_file_hold_end(&hold);
    return rc;
}

int eddy_file_write_at(eddy_file *file, const void *data, size_t size, uint64_t offset)
{
    size_t done;
    int rc = check_at(file, data != NULL || size == 0, offset, "write");
    return rc < 0 || size == 0 ? rc : write_at(file, data, size, offset, &done);
}
