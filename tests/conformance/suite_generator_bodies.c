/* suite_generator_bodies.c: the bodies of generator_bodies.h.
 * Touches the public API. Holds no state. */
#include "generator_bodies.h"

static int steps(int count)
{
    int rc = 0;
    for (int i = 0; i < count && rc == 0; i++)
        rc = eddy_sleep(0);
    return rc;
}

static int clean_up(counting *self, int error)
{
    self->error = error;
    if (self->yields_again && eddy_generator_yield(&self->number, NULL) < 0)
        trace('y');
    self->cleanup_error = steps(self->cleanup_steps);
    self->ended++;
    return self->on_error != 0 ? self->on_error : error;
}

int count_body(void *arg)
{
    counting *self = arg;
    int rc = 0;
    while (self->number < self->count && rc == 0) {
        rc = self->gate != NULL ? eddy_await_future(self->gate, NULL) : steps(self->steps);
        if (rc < 0)
            break;
        self->number++;
        rc = eddy_generator_yield(&self->number, &self->sent);
    }
    if (rc < 0)
        return clean_up(self, rc);
    self->ended++;
    return self->result;
}

void count_released(void *arg)
{
    counting *self = arg;
    self->released++;
}

eddy_generator *make_generator(counting *self)
{
    eddy_generator *generator = NULL;
    eddy_generator_options options = {.size = sizeof options, .name = "counting", .release = count_released};
    assert_int_equal(eddy_generator_create(&generator, count_body, self, &options), 0);
    return generator;
}

int next_number(eddy_generator *generator)
{
    void *value = NULL;
    int rc = eddy_generator_next(generator, &value);
    if (rc <= 0)
        return rc;
    assert_int_equal(rc, 1);
    return *(int *)value;
}
