/* variables.h: the place where a task, a callback or a thread has its variables, and which of them is the current one.
 * Touches snapshot.h. A place is one word, 0 when nothing is set; it is given back by eddyi_variables_drop, whatever is in it. */
#ifndef EDDYI_VARIABLES_H
#define EDDYI_VARIABLES_H

#include <stdint.h>
#include <eddy/context.h>

/* A snapshot of its own, or a context that others may use too, or (for the length of a call) where else to look. */
typedef struct eddyi_variables {
    uintptr_t word;
} eddyi_variables;

/* The low bits of the word. */
enum {
    EDDYI_VARIABLES_SNAPSHOT,
    EDDYI_VARIABLES_CONTEXT,
    EDDYI_VARIABLES_ELSEWHERE,
    EDDYI_VARIABLES_NONE, /* of a loop that does not run: the thread's count */
    EDDYI_VARIABLES_KINDS = 3
};

/* Those of the current task, else of the callback that runs, else of the thread. Any thread. */
eddyi_variables *eddyi_variables_current(void);
/* What a task or a callback begins with: a copy, which allocates nothing. Any thread. */
eddyi_variables eddyi_variables_copy_current(void);
/* That context itself. */
eddyi_variables eddyi_variables_in(eddy_context *context);
static inline eddyi_variables eddyi_variables_for(eddy_context *context)
{
    return context != NULL ? eddyi_variables_in(context) : eddyi_variables_copy_current();
}

void eddyi_variables_clear(eddyi_variables *);
static inline void eddyi_variables_drop(eddyi_variables *variables)
{
    if (variables->word != 0)
        eddyi_variables_clear(variables);
}

/* The context that a place has, made if need be: a reference. EDDY_ENOMEM, EDDY_EAGAIN. */
int eddyi_variables_context(eddyi_variables *, eddy_context **out);

/* From here until it is given back, the caller runs with the variables of somebody else. It must not suspend meanwhile. */
typedef struct eddyi_borrowed {
    eddyi_variables *place; /* NULL: they were the current ones already */
    uintptr_t word;
} eddyi_borrowed;
eddyi_borrowed eddyi_variables_borrow(eddyi_variables *from);
void eddyi_variables_return(eddyi_borrowed);
/* What a place holds while those of another are borrowed in it. */
static inline eddyi_variables eddyi_variables_elsewhere(eddyi_variables *variables)
{
    return (eddyi_variables){(uintptr_t)variables | EDDYI_VARIABLES_ELSEWHERE};
}

#endif
