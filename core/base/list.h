/* list.h: the one intrusive list: circular, doubly linked, with a head of the same type.
 * Touches nothing. A node is in at most one list; an unlinked node points at itself. */
#ifndef EDDYI_LIST_H
#define EDDYI_LIST_H

#include <stdbool.h>
#include "core/base/memory.h"

typedef struct eddyi_list {
    struct eddyi_list *next, *previous;
} eddyi_list;

static inline void eddyi_list_init(eddyi_list *list)
{
    list->next = list->previous = list;
}

static inline bool eddyi_list_empty(const eddyi_list *list)
{
    return list->next == list;
}

static inline void eddyi_list_append(eddyi_list *list, eddyi_list *node)
{
    node->previous = list->previous;
    node->next = list;
    list->previous->next = node;
    list->previous = node;
}

static inline void eddyi_list_remove(eddyi_list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->next = node->previous = node;
}

/* Take the first node out; NULL when there is none. */
static inline eddyi_list *eddyi_list_take(eddyi_list *list)
{
    eddyi_list *node = list->next;
    if (node == list)
        return NULL;
    eddyi_list_remove(node);
    return node;
}

/* Move all nodes of `from` to the end of `to`. */
static inline void eddyi_list_move_all(eddyi_list *to, eddyi_list *from)
{
    if (eddyi_list_empty(from))
        return;
    from->next->previous = to->previous;
    from->previous->next = to;
    to->previous->next = from->next;
    to->previous = from->previous;
    eddyi_list_init(from);
}

#define eddyi_list_each(node, list)         for (eddyi_list *node = (list)->next; node != (list); node = node->next)
#define EDDYI_LIST_ITEM(node, type, member) EDDYI_CONTAINER(node, type, member)

#endif
