/* factory.c: through what the tasks of a loop are made: its task factory, or the constructor.
 * Touches task.c's constructor. Only a factory makes the tasks of a loop that has one; it answers for argument and reference. */
#include "core/task/task.h"

int eddy_loop_set_task_factory(eddy_loop *loop, eddy_task_factory_fn factory, void *arg)
{
    if (loop == NULL)
        return eddyi_fail(EDDY_EINVAL, "set_task_factory");
    loop->task_factory = factory;
    loop->task_factory_arg = arg;
    return 0;
}

eddy_task_factory_fn eddy_loop_get_task_factory(const eddy_loop *loop, void **arg)
{
    if (arg != NULL)
        *arg = loop != NULL ? loop->task_factory_arg : NULL;
    return loop != NULL ? loop->task_factory : NULL;
}

static int make_by_factory(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                           const eddy_task_options *options)
{
    eddy_task *task = NULL;
    int rc = eddyi_task_creatable(loop, fn);
    if (rc == 0)
        rc = loop->task_factory(loop, &task, fn, arg, options, loop->task_factory_arg);
    if (rc >= 0 && task == NULL)
        rc = EDDY_EINVAL;
    if (rc < 0)
        return eddyi_fail(rc, "create_task");
    if (out != NULL)
        *out = task;
    else
        eddy_task_release(task);
    return 0;
}

int eddy_loop_create_task(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                          const eddy_task_options *options)
{
    if (loop != NULL && loop->task_factory != NULL)
        return make_by_factory(loop, out, fn, arg, options);
    return eddy_task_create(loop, out, fn, arg, options);
}

int eddy_create_task(eddy_task **out, eddy_coro_fn fn, void *arg, const eddy_task_options *options)
{
    eddy_loop *loop = eddy_get_running_loop();
    if (loop == NULL)
        return eddyi_fail(EDDY_ENOLOOP, "create_task");
    return eddy_loop_create_task(loop, out, fn, arg, options);
}

int eddy_eager_task_factory(eddy_loop *loop, eddy_task **out, eddy_coro_fn fn, void *arg,
                            const eddy_task_options *options, void *constructor)
{
    const eddy_task_constructor *own = constructor;
    eddy_task_options eager = {.size = sizeof eager};
    if (options != NULL)
        eager = *options;
    if (eager.eager_start == EDDY_EAGER_START_DEFAULT)
        eager.eager_start = EDDY_EAGER_START_YES;
    if (own != NULL && own->create != NULL)
        return own->create(loop, out, fn, arg, &eager, own->arg);
    return eddy_task_create(loop, out, fn, arg, &eager);
}
