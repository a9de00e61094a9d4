/* resolve.h: a host and a service as socket addresses, without blocking the loop.
 * Touches the loop's network table and the executor. */
#ifndef EDDYI_RESOLVE_H
#define EDDYI_RESOLVE_H

#include "core/task/task.h"

enum { EDDYI_MOST_ADDRESSES = 32 };

typedef struct eddyi_resolution {
    eddyi_job job;
    const eddyi_net_ops *net;
    eddyi_backend *backend;
    eddy_allocator allocator;
    enum eddyi_family family;
    int flags;
    int count; /* addresses, or the error */
    int os_error;
    eddyi_address addresses[EDDYI_MOST_ADDRESSES];
    char *host; /* NULL: any, or this machine */
    char *service;
    char text[]; /* both strings */
} eddyi_resolution;

/* In a task. On success *out is the caller's, given back by eddyi_resolution_free, and holds at least one address. */
int eddyi_resolve_await(eddy_loop *loop, eddyi_resolution **out, const char *host, const char *service,
                        enum eddyi_family family, int flags);
void eddyi_resolution_free(eddyi_resolution *);

/* ---- resolve_all.c ---- */

/* The addresses of several hosts. Given back when the loop closes in the middle, too. */
typedef struct eddyi_resolutions {
    eddyi_closable closable;
    eddy_loop *loop;
    size_t count;
    eddyi_resolution *of[];
} eddyi_resolutions;

/* In a task. On success *out is the caller's, given back by eddyi_resolutions_free. */
int eddyi_resolve_all_await(eddy_loop *loop, eddyi_resolutions **out, const char *const *hosts, size_t count,
                            const char *service, enum eddyi_family family, int flags);
void eddyi_resolutions_free(eddyi_resolutions *); /* NULL is fine */

#endif
