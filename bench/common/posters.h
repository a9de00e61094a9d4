/* posters.h: threads that post batches of callbacks to a loop: each sleeps until the last callback of its batch has run.
 * Touches POSIX threads and semaphores. The meter is the loop's thread's alone. */
#ifndef BENCH_POSTERS_H
#define BENCH_POSTERS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "meter.h"

typedef struct bench_poster {
    void (*post)(struct bench_poster *); /* have bench_poster_ran called on the loop's thread, once */
    pthread_t thread;
    sem_t all_ran;
    bench_meter *meter;
    int batch, left; /* left: of the batch, on the loop's thread */
    bool leader;
    atomic_bool over;
} bench_poster;

static inline void *bench_poster_run(void *arg)
{
    bench_poster *self = arg;
    while (!atomic_load_explicit(&self->over, memory_order_relaxed)) {
        for (int i = 0; i < self->batch; i++)
            self->post(self);
        while (sem_wait(&self->all_ran) != 0)
            continue;
    }
    return NULL;
}

/* What each callback does. */
static inline void bench_poster_ran(bench_poster *self)
{
    if (--self->left != 0)
        return;
    self->left = self->batch;
    self->meter->ops += (uint64_t)self->batch;
    if (self->leader)
        bench_meter_lap(self->meter);
    atomic_store_explicit(&self->over, self->meter->over, memory_order_relaxed);
    sem_post(&self->all_ran);
}

static inline bench_poster *bench_posters_start(size_t count, bench_meter *meter,
                                                void (*post)(bench_poster *))
{
    bench_poster *posters = bench_allocate(count, sizeof *posters);
    int batch = (int)bench_setting("BENCH_BATCH");
    for (size_t i = 0; i < count; i++) {
        bench_poster *self = &posters[i];
        self->post = post;
        self->meter = meter;
        self->batch = self->left = batch;
        self->leader = i == 0;
        bench_check(sem_init(&self->all_ran, 0, 0) == 0, "sem_init");
        errno = pthread_create(&self->thread, NULL, bench_poster_run, self);
        bench_check(errno == 0, "pthread_create");
    }
    return posters;
}

static inline bool bench_posters_over(bench_poster *posters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!atomic_load_explicit(&posters[i].over, memory_order_relaxed))
            return false;
    return true;
}

static inline void bench_posters_join(bench_poster *posters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(posters[i].thread, NULL);
    free(posters);
}

#endif
