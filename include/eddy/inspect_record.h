/* inspect_record.h: how a program that runs is read from outside: the record that stands in its memory, and what it describes.
 * For tools that read another process (eddy ps); eddy.h does not include it. A reader of one version refuses another. */
#ifndef EDDY_INSPECT_RECORD_H
#define EDDY_INSPECT_RECORD_H

#include <stdint.h>

#include <eddy/config.h>

EDDY_BEGIN

enum { EDDY_RECORD_VERSION = 2, EDDY_RECORD_MAGIC_SIZE = 16 };

/* How whom somebody waits for lies in memory. Offsets count from the wait or the future, or from the object that the wait names. */
enum eddy_reach_shape {
    EDDY_REACH_ONE,      /* a pointer to a future */
    EDDY_REACH_ARRAY,    /* elements in which `item` is the offset of such a pointer */
    EDDY_REACH_ARRAY_AT, /* the same through a pointer to the first one */
    EDDY_REACH_LIST,     /* a list's head; `item` is where its links are in a future */
    EDDY_REACH_HOLDER    /* the number of a task, 64 bits; 0: nobody */
};
typedef struct eddy_reach {
    int32_t shape, from_object;
    int32_t at;     /* offset of the pointer, first element, head or number */
    int32_t count;  /* offset of how many elements there are, a size_t */
    int32_t stride; /* from one element to the next */
    int32_t item;
} eddy_reach;

/* It lies aligned to 16 in the writable data of the program or library that eddy is linked into: the magic bytes, and `self` that says the address at
 * which they were found. Lists are circular; a link is two pointers, next and previous. All other numbers are offsets. */
typedef struct eddy_record {
    unsigned char magic[EDDY_RECORD_MAGIC_SIZE]; /* EDDY_RECORD_MAGIC */
    uint32_t version;
    uint32_t size;         /* of this record */
    uint32_t pointer_size; /* of all pointers and of size_t, of which no other form is known */
    uint32_t loops_room;   /* elements of `loops`; NULL: free */
    const void *self;
    const void *loops; /* an array of pointers to loops */
    /* Where the registers of a task that does not run are: words `name@offset` for one that lies so far above the saved stack pointer, and
     * `name=offset` for one whose value is that address, by the names that gdb has. Empty: nobody can tell. */
    const char *registers;
    uint32_t task_size, future_size, loop_size, wait_size;
    struct {
        uint32_t tasks, task_count, current, running, closed, thread, iterations, declared;
    } loop;
    struct {
        uint32_t loop, kind, state; /* state: a byte, 0 is pending */
        uint32_t waits_declared;
    } future;
    struct {
        /* It begins with its future. context: the saved stack pointer, while it has a stack and does not run. */
        uint32_t all, id, name, function, stack, wait, scheduled, group, context;
    } task;
    struct {
        uint32_t kind, task, object;
    } wait;
    struct {
        uint32_t name, reach;
    } wait_kind, future_kind; /* a future's kind whose name begins with T is a task's */
    struct {
        uint32_t task; /* the parent */
    } group;
    struct {
        uint32_t future, by; /* from the link in loop.declared: `by` waits for `future` */
    } declared;
} eddy_record;

#define EDDY_RECORD_MAGIC "eddy task record" /* without its zero byte */

EDDY_END

#endif
