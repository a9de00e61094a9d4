/* redis_client.c: hiredis on an eddy loop: commands that tasks await, pipelines, publish and subscribe, limits of time, a server that dies.
 * Usage: redis_client PORT. Touches the public API, and hiredis by eddy_hiredis.h. Each step checks itself; the last one waits until the
 * server is killed, as ci/peers/redis does. */
#include <string.h>

#include "redis_command.h"

enum { TASKS = 50, EACH = 20, ALL = TASKS * EACH, MESSAGES = 3 };

static int expect(bool holds, const char *what)
{
    printf("%s: %s\n", what, holds ? "yes" : "NO");
    (void)fflush(stdout);
    return holds ? 0 : EDDY_EPROTO;
}

static int take_text(const redisReply *reply, void *text)
{
    (void)snprintf(text, 64, "%s", reply->str != NULL ? reply->str : "");
    return 0;
}

static int set_and_get(redis *db)
{
    char text[64] = "";
    int rc = redis_command(db, NULL, NULL, "SET %s %s", "greeting", "hello there");
    if (rc == 0)
        rc = redis_command(db, take_text, text, "GET greeting");
    return rc < 0 ? rc : expect(strcmp(text, "hello there") == 0, "GET gives what SET took");
}

/* ---- many tasks on one connection ---- */

static int increment(void *db)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < EACH; i++)
        rc = redis_command(db, NULL, NULL, "INCR counter");
    return rc;
}

static int pipeline(redis *db)
{
    char text[64] = "";
    eddy_task_group group;
    int rc = eddy_task_group_enter(&group);
    for (int i = 0; rc == 0 && i < TASKS; i++)
        rc = eddy_task_group_create_task(&group, NULL, increment, db, NULL);
    rc = eddy_task_group_exit(&group, rc);
    if (rc == 0)
        rc = redis_command(db, take_text, text, "GET counter");
    return rc < 0 ? rc : expect(strtol(text, NULL, 10) == ALL, "1000 commands in a pipeline are all counted");
}

/* ---- messages ---- */

typedef struct listener {
    eddy_event subscribed, complete;
    int messages;
} listener;

static void heard(redisAsyncContext *context, void *data, void *arg)
{
    const redisReply *reply = data;
    listener *self = arg;
    (void)context;
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 3)
        return;
    if (strcmp(reply->element[0]->str, "subscribe") == 0)
        eddy_event_set(&self->subscribed);
    else if (++self->messages == MESSAGES)
        eddy_event_set(&self->complete);
}

static int publish(redis *db, listener *self)
{
    int rc = eddy_event_wait(&self->subscribed);
    for (int i = 0; rc >= 0 && i < MESSAGES; i++)
        rc = redis_command(db, NULL, NULL, "PUBLISH news %d", i);
    return rc < 0 ? rc : eddy_event_wait(&self->complete);
}

static int subscribe(redis *db, int port)
{
    redis second;
    listener self = {.messages = 0};
    int rc = redis_connect(&second, port);
    if (rc < 0)
        return rc;
    if (redisAsyncCommand(second.context, heard, &self, "SUBSCRIBE news") == REDIS_OK)
        rc = publish(db, &self);
    redis_close(&second);
    return rc < 0 ? rc : expect(self.messages == MESSAGES, "a subscriber hears what is published");
}

/* ---- what does not come ---- */

static int give_up(int port)
{
    redis second;
    eddy_timeout limit;
    int rc = redis_connect(&second, port);
    if (rc < 0)
        return rc;
    eddy_timeout_enter(&limit, 0.2);
    rc = eddy_timeout_exit(&limit, redis_command(&second, NULL, NULL, "BLPOP nothing 0"));
    redis_close(&second); /* its reply may still be to come */
    return expect(rc == EDDY_ETIMEDOUT, "a command is given up after its time");
}

static int outlive_server(redis *db, int port)
{
    redis again;
    printf("waiting for the server's end\n");
    (void)fflush(stdout);
    int rc = redis_command(db, NULL, NULL, "BLPOP nothing 0");
    rc = expect(rc == EDDY_ECONNRESET && db->context == NULL, "the server's end is an error of the command");
    if (rc == 0)
        rc = expect(redis_command(db, NULL, NULL, "PING") == EDDY_ECONNRESET, "and of the next one");
    if (rc == 0)
        rc = redis_connect(&again, port);
    if (rc < 0)
        return rc;
    rc = expect(redis_command(&again, NULL, NULL, "PING") < 0, "nobody is there to connect to");
    redis_close(&again);
    return rc;
}

static int run(void *arg)
{
    redis db;
    int port = (int)strtol(arg, NULL, 10);
    int rc = redis_connect(&db, port);
    if (rc == 0)
        rc = set_and_get(&db);
    if (rc == 0)
        rc = pipeline(&db);
    if (rc == 0)
        rc = subscribe(&db, port);
    if (rc == 0)
        rc = give_up(port);
    if (rc == 0)
        rc = outlive_server(&db, port);
    redis_close(&db);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: redis_client PORT\n");
        return 2;
    }
    return eddy_exit_status(eddy_run(run, argv[1], NULL));
}
