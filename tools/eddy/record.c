/* record.c: looks through the writable data of a process for the record, and checks it.
 * Touches the process's memory. A copy of a record is none: only the right one says its own address. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20, ALIGNMENT = 16, MOST_OFFSET = 1 << 16, MOST_LOOPS = 1 << 16 };

static bool is_record(const eddy_record *record, uint64_t address)
{
    return memcmp(record->magic, EDDY_RECORD_MAGIC, EDDY_RECORD_MAGIC_SIZE) == 0 &&
           (uint64_t)(uintptr_t)record->self == address;
}

/* Every offset is a number of 32 bits from `task_size` to the end, and lies within the largest of the objects. */
static bool offsets_make_sense(const eddy_record *record)
{
    uint32_t offset;
    for (size_t at = offsetof(eddy_record, task_size); at + sizeof offset <= sizeof *record;
         at += sizeof offset) {
        memcpy(&offset, (const char *)record + at, sizeof offset);
        if (offset >= MOST_OFFSET)
            return false;
    }
    return record->loops_room <= MOST_LOOPS && record->loop_size >= sizeof(void *) &&
           record->future_size <= record->task_size;
}

static const char *check(const eddy_record *record)
{
    if (record->version > EDDY_RECORD_VERSION)
        return "its eddy is newer than this program";
    if (record->version < EDDY_RECORD_VERSION)
        return "its eddy is older than this program";
    if (record->pointer_size != sizeof(void *))
        return "its pointers are of another size than this program's";
    if (record->size != sizeof *record || !offsets_make_sense(record))
        return "its eddy's record makes no sense";
    return NULL;
}

/* Where in a chunk the record is; `size` if nowhere. */
static size_t find_in(const char *chunk, size_t size, uint64_t address)
{
    eddy_record record;
    for (size_t at = 0; at + sizeof record <= size; at += ALIGNMENT) {
        if (memcmp(chunk + at, EDDY_RECORD_MAGIC, EDDY_RECORD_MAGIC_SIZE) != 0)
            continue;
        memcpy(&record, chunk + at, sizeof record);
        if (is_record(&record, address + at))
            return at;
    }
    return size;
}

static bool find_in_range(other_process *process, char *chunk, uint64_t address, uint64_t size,
                          eddy_record *out)
{
    while (size >= sizeof *out) {
        size_t part = size < CHUNK ? (size_t)size : CHUNK;
        if (!process_read(process, address, chunk, part))
            return false;
        size_t at = find_in(chunk, part, address);
        if (at < part) {
            memcpy(out, chunk + at, sizeof *out);
            return true;
        }
        size_t step = part < CHUNK ? part : CHUNK - 4096; /* the chunks overlap by more than a record */
        address += step;
        size -= step;
    }
    return false;
}

const char *record_find(other_process *process, eddy_record *out)
{
    uint64_t address, size;
    bool found = false;
    char *chunk = malloc(CHUNK);
    if (chunk == NULL)
        return process_fault_text(PROCESS_NO_MEMORY);
    for (size_t i = 0; !found && process_data(process, i, &address, &size); i++)
        found = find_in_range(process, chunk, address, size, out);
    free(chunk);
    if (found)
        return check(out);
    if (process_state(process) != PROCESS_FINE)
        return process_fault_text(process_state(process));
    return "there is no eddy in it";
}
