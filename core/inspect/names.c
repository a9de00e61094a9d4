/* names.c: symbols are looked up on the loop's own stack, since readers of debug information need more than a task may have (fault K4).
 * Touches the context that the loop left when it went to the task. Where the system cannot call a function there, the task's own stack has to do. */
#include "core/inspect/names.h"

#include "core/task/task.h"

typedef struct question {
    eddyi_symbols *symbols;
    uintptr_t address;
    eddyi_symbol *answer;
    int rc;
} question;

static void ask(void (*fn)(void *question), question *self)
{
    const eddy_task *task = eddyi_current_task();
    if (task == NULL || !eddyi_context_call(&task->future.loop->context, fn, self))
        fn(self);
}

static void open_there(void *arg)
{
    question *self = arg;
    self->rc = eddyi_symbols_open(&self->symbols);
}

static void close_there(void *arg)
{
    eddyi_symbols_close(((question *)arg)->symbols);
}

static void find_there(void *arg)
{
    question *self = arg;
    eddyi_symbols_find(self->symbols, self->address, self->answer);
}

int eddyi_names_open(eddyi_symbols **out)
{
    question self = {0};
    ask(open_there, &self);
    *out = self.symbols;
    return self.rc;
}

void eddyi_names_close(eddyi_symbols *symbols)
{
    ask(close_there, &(question){.symbols = symbols});
}

void eddyi_names_find(eddyi_symbols *symbols, uintptr_t address, eddyi_symbol *out)
{
    ask(find_there, &(question){.symbols = symbols, .address = address, .answer = out});
}
