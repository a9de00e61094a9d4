/* task_queue.c: a distributed task queue over a Redis stream. Usage: task_queue PORT produce NAME COUNT, or task_queue PORT work NAME
 * Touches the public API, and hiredis by redis_command.h. A job is acknowledged after it was done and never before, so that a worker which
 * dies loses none: others claim what it had. Jobs are done at least once; who cannot bear twice asks whether the result is there. */
#include <string.h>

#include "../redis_command.h"

enum { BATCH = 16, ID_SIZE = 64, STALE_MS = 500, WAIT_MS = 200 };

typedef struct job {
    redis *db;
    char id[ID_SIZE], name[ID_SIZE]; /* the stream's number for it, and what is to be done */
} job;

typedef struct worker {
    redis db;
    const char *name;
    size_t count; /* of the jobs in hand */
    job jobs[BATCH];
    long done;
} worker;

/* ---- producing ---- */

static int produce(redis *db, const char *name, int count)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < count; i++)
        rc = redis_command(db, NULL, NULL, "XADD jobs * job %s-%d", name, i);
    if (rc == 0)
        printf("%s: %d jobs added\n", name, count);
    return rc;
}

/* ---- what Redis gives ---- */

static const redisReply *item(const redisReply *reply, size_t index)
{
    bool there = reply != NULL && reply->type == REDIS_REPLY_ARRAY && index < reply->elements;
    return there ? reply->element[index] : NULL;
}

/* [id, [field, value ...]]; one that was deleted meanwhile has no fields. */
static void take_job(worker *self, const redisReply *entry)
{
    const redisReply *id = item(entry, 0), *name = item(item(entry, 1), 1);
    if (id == NULL || name == NULL || self->count == BATCH)
        return;
    job *one = &self->jobs[self->count++];
    one->db = &self->db;
    (void)snprintf(one->id, sizeof one->id, "%s", id->str);
    (void)snprintf(one->name, sizeof one->name, "%s", name->str);
}

static void take_jobs(worker *self, const redisReply *entries)
{
    for (size_t i = 0; item(entries, i) != NULL; i++)
        take_job(self, item(entries, i));
}

static int take_new(const redisReply *reply, void *self) /* [[stream, entries]], or nil */
{
    take_jobs(self, item(item(reply, 0), 1));
    return 0;
}

static int take_claimed(const redisReply *reply, void *self) /* [cursor, entries, deleted] */
{
    take_jobs(self, item(reply, 1));
    return 0;
}

/* ---- working ---- */

static int do_job(void *arg)
{
    job *self = arg;
    int rc = eddy_sleep(0.01); /* the work */
    if (rc == 0)
        rc = redis_command(self->db, NULL, NULL, "HINCRBY results %s 1", self->name);
    if (rc == 0)
        rc = redis_command(self->db, NULL, NULL, "XACK jobs workers %s", self->id);
    return rc;
}

static int do_jobs(worker *self)
{
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (size_t i = 0; rc == 0 && i < self->count; i++)
        rc = eddy_task_group_create_task(&group, NULL, do_job, &self->jobs[i], NULL);
    rc = eddy_task_group_exit(&group, rc);
    self->done += rc == 0 ? (long)self->count : 0;
    return rc;
}

/* First what others left behind, then what is new. */
static int take_batch(worker *self)
{
    self->count = 0;
    int rc = redis_command(&self->db, take_claimed, self, "XAUTOCLAIM jobs workers %s %d 0 COUNT %d",
                           self->name, STALE_MS, BATCH);
    if (rc == 0 && self->count > 0)
        printf("%s: claimed %zu\n", self->name, self->count);
    if (rc == 0 && self->count == 0)
        rc = redis_command(&self->db, take_new, self,
                           "XREADGROUP GROUP workers %s COUNT %d BLOCK %d STREAMS jobs >", self->name, BATCH,
                           WAIT_MS);
    return rc;
}

static int work(worker *self)
{
    int rc = redis_command(&self->db, NULL, NULL, "XGROUP CREATE jobs workers 0 MKSTREAM");
    if (rc == EDDY_EPROTO) /* the group is there already */
        rc = 0;
    while (rc == 0) {
        rc = take_batch(self);
        if (rc == 0)
            rc = do_jobs(self);
    }
    printf("%s: %ld jobs done\n", self->name, self->done);
    return rc;
}

static int run(void *arg)
{
    char **argv = arg;
    static worker self;
    self.name = argv[3];
    int rc = redis_connect(&self.db, (int)strtol(argv[1], NULL, 10));
    if (rc < 0)
        return rc;
    rc = argv[4] != NULL ? produce(&self.db, self.name, (int)strtol(argv[4], NULL, 10)) : work(&self);
    redis_close(&self.db);
    return rc;
}

int main(int argc, char **argv)
{
    bool produces = argc == 5 && strcmp(argv[2], "produce") == 0;
    bool works = argc == 4 && strcmp(argv[2], "work") == 0;
    if (!produces && !works) {
        (void)fprintf(stderr, "usage: task_queue PORT produce NAME COUNT | task_queue PORT work NAME\n");
        return 2;
    }
    int rc = eddy_run(run, argv, NULL);
    return rc == EDDY_EINTERRUPTED ? 0 : eddy_exit_status(rc);
}
