/* known.c: what the inputs so far have declared.
 * Touches memory alone. Items stand in the order in which they were declared, for later ones may need earlier ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

#include "grow.h"

static void free_item(known_item *item)
{
    free(item->key);
    free(item->text);
    free(item->count);
}

void known_free(known *all)
{
    for (size_t i = 0; i < all->count; i++)
        free_item(&all->items[i]);
    free(all->items);
    *all = (known){0};
}

static bool take(known *all, known_item item)
{
    void *items = array_grow(all->items, all->count, &all->room, sizeof item);
    if (items == NULL)
        return false;
    all->items = items;
    all->items[all->count++] = item;
    return true;
}

static char *copy(const char *string)
{
    size_t size = strlen(string) + 1;
    char *to = malloc(size);
    return to != NULL ? memcpy(to, string, size) : NULL;
}

bool known_add(known *all, const char *key, const char *declared, const char *count)
{
    known_item item = {copy(key), copy(declared), count != NULL ? copy(count) : NULL};
    if (item.key != NULL && item.text != NULL && (count == NULL || item.count != NULL) && take(all, item))
        return true;
    free_item(&item);
    return false;
}

static void forget(known *all, size_t index)
{
    free_item(&all->items[index]);
    all->count--;
    memmove(&all->items[index], &all->items[index + 1], (all->count - index) * sizeof all->items[index]);
}

static void forget_key(known *all, const char *key)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].key, key) == 0) {
            forget(all, i);
            return;
        }
}

bool known_forget_wrong(known *all, const char *messages)
{
    static const char place[] = UNIT_SESSION ":", wrong[] = ": error";
    for (const char *at = messages; (at = strstr(at, place)) != NULL;) {
        char *end;
        at += strlen(place);
        unsigned long line = strtoul(at, &end, 10), item = line / UNIT_ITEM_LINES;
        if (strncmp(end, wrong, strlen(wrong)) == 0 && item >= 1 && item <= all->count) {
            forget(all, item - 1);
            return true;
        }
    }
    return false;
}

/* `extern int a[];` has a size from now on. */
static bool give_size(known_item *item, unsigned long count)
{
    const char *bracket = strstr(item->text, "[ ]");
    text sized = {0};
    if (bracket == NULL)
        return true;
    text_add(&sized, item->text, (size_t)(bracket + 1 - item->text));
    text_format(&sized, "%lu", count);
    text_add_string(&sized, bracket + 2);
    if (sized.failed) {
        text_free(&sized);
        return false;
    }
    free(item->text);
    item->text = sized.data;
    return true;
}

bool known_learn(known *all, unit *made, void *(*symbol)(const char *label, void *arg), void *arg)
{
    bool fine = true;
    for (size_t i = 0; i < made->learned.count; i++) {
        known_item *item = &made->learned.items[i];
        const unsigned long *count = item->count != NULL ? symbol(item->count, arg) : NULL;
        if (count != NULL)
            fine = give_size(item, *count) && fine;
        forget_key(all, item->key);
        if (take(all, *item))
            *item = (known_item){0};
        else
            fine = false;
    }
    known_free(&made->learned);
    all->inputs++;
    return fine;
}
