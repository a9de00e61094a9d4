/* file_inside.h: the inside of a file: a descriptor that jobs share, and one job that does any of the things that may block.
 * Touches task.h. The descriptor is closed when the last of the file and its jobs lets it go, so no job ever works on a number that was reused. */
#ifndef EDDYI_FILE_INSIDE_H
#define EDDYI_FILE_INSIDE_H

#include <eddy/file.h>
#include "core/task/task.h"

typedef struct eddyi_open_file {
    atomic_uint references; /* the file's, and one a job */
    eddy_allocator allocator;
    eddy_fd fd; /* -1: not open, or closed */
    bool positioned;
} eddyi_open_file;

struct eddy_file {
    eddy_loop *loop;
    eddyi_open_file *open; /* NULL: closed */
    uint32_t references;
    uint64_t position;
    bool appends;
};

enum eddyi_file_call {
    EDDYI_FILE_OPEN,
    EDDYI_FILE_READ,
    EDDYI_FILE_WRITE,
    EDDYI_FILE_SYNC,
    EDDYI_FILE_SIZE,
    EDDYI_FILE_CLOSE
};

enum { EDDYI_FILE_CHUNK = 256 * 1024 };

typedef struct eddyi_file_job {
    eddyi_job job;
    eddyi_open_file *open; /* one reference */
    enum eddyi_file_call call;
    unsigned how;    /* OPEN */
    uint64_t offset; /* READ, WRITE; UINT64_MAX: the system's own position */
    size_t size;     /* READ, WRITE: of `data` */
    size_t done;     /* READ, WRITE: bytes moved, an error or not */
    int64_t result;
    int32_t os_error;
    char data[]; /* OPEN: the path */
} eddyi_file_job;

int eddyi_file_job_create(eddyi_open_file *, eddyi_file_job **out, enum eddyi_file_call, size_t room);
void eddyi_file_job_free(eddyi_file_job *);
/* In a task. EDDY_ECANCELED: the job is gone, it frees itself; else it is still the caller's: 0 and its result is set, or why it did not run. */
int eddyi_file_job_await(eddy_loop *loop, eddyi_file_job *job);
int eddyi_file_usable(const eddy_file *file, const char *operation); /* 0 or the recorded error */

/* A call's own reference to its file, on the stack of its task. The loop gives it back when it closes, for then the call never returns. */
typedef struct eddyi_file_hold {
    eddyi_closable closable;
    eddy_file *file;
    eddyi_open_file
        *open; /* what it was when the call began: closing the file does not take it from under the call */
} eddyi_file_hold;

void eddyi_file_hold_begin(eddyi_file_hold *, eddy_file *file);
void eddyi_file_hold_end(eddyi_file_hold *);

#endif
