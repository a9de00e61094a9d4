/* cells.c: one pool of one cell size for all the small things of a loop: handles, waiters, scopes, deferred calls.
 * Touches the allocator. Cells go back to the system only with the loop, so a stale pointer to one stays readable. */
#include "core/loop/loop.h"

enum { CELLS_PER_SLAB = 84 };

typedef struct cell_slab {
    eddyi_list link;
    eddyi_cell cells[CELLS_PER_SLAB];
} cell_slab;

void *eddyi_cell_grow(eddy_loop *loop)
{
    cell_slab *slab = eddyi_allocate(&loop->allocator, sizeof *slab);
    if (slab == NULL)
        return NULL;
    eddyi_list_append(&loop->cell_slabs, &slab->link);
    for (int i = CELLS_PER_SLAB - 1; i > 0; i--)
        eddyi_cell_give(loop, &slab->cells[i]);
    return &slab->cells[0];
}

void eddyi_cells_free(eddy_loop *loop)
{
    eddyi_list *link;
    while ((link = eddyi_list_take(&loop->cell_slabs)) != NULL)
        eddyi_release(&loop->allocator, EDDYI_LIST_ITEM(link, cell_slab, link));
    loop->free_cells = NULL;
}
