/* snapshot.c: a sorted array of (variable, value), copied when it is to change and somebody else has it too.
 * Touches the process's allocator. Each value is released once, by the last snapshot that lets it go.
 *
 * Programs have a handful of variables, so an array beats every tree: a look-up is a binary search in one piece of memory, O(log n);
 * a change costs O(n) for the first after a copy, and O(log n) afterwards, when the snapshot is its owner's alone. Taking a copy is one
 * count. Thousands of variables would want a persistent map. */
#include "core/context/snapshot.h"

#include <string.h>

#include <eddy/error.h>

/* ---- bindings ---- */

static eddyi_binding *create_binding(const eddy_context_var *var, void *value)
{
    const eddy_allocator *allocator = eddyi_default_allocator();
    eddyi_binding *binding = eddyi_allocate(allocator, sizeof *binding);
    if (binding == NULL)
        return NULL;
    eddyi_owned_init(&binding->owned, 1, allocator);
    binding->value = value;
    binding->release = var->release;
    return binding;
}

static eddyi_binding *retain_binding(eddyi_binding *binding)
{
    if (binding != NULL)
        eddyi_own(&binding->owned);
    return binding;
}

static void release_binding(eddyi_binding *binding)
{
    if (!eddyi_disown_last(&binding->owned))
        return;
    if (binding->release != NULL)
        binding->release(binding->value);
    eddyi_owned_free(&binding->owned, binding);
}

/* ---- snapshots ---- */

void eddyi_snapshot_release(eddyi_snapshot *snapshot)
{
    if (snapshot == NULL || !eddyi_disown_last(&snapshot->owned))
        return;
    for (size_t i = 0; i < snapshot->count; i++)
        release_binding(snapshot->entries[i].binding);
    eddyi_owned_free(&snapshot->owned, snapshot);
}

/* Where the variable is, or would be. */
static size_t place_of(const eddyi_snapshot *snapshot, const eddy_context_var *var)
{
    size_t low = 0, high = snapshot != NULL ? snapshot->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)snapshot->entries[middle].var < (uintptr_t)var)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const eddyi_snapshot *snapshot, size_t place, const eddy_context_var *var)
{
    return snapshot != NULL && place < snapshot->count && snapshot->entries[place].var == var;
}

static eddyi_binding *find(const eddyi_snapshot *snapshot, const eddy_context_var *var)
{
    size_t place = place_of(snapshot, var);
    return is_at(snapshot, place, var) ? snapshot->entries[place].binding : NULL;
}

const eddyi_binding *eddyi_snapshot_find(const eddyi_snapshot *snapshot, const eddy_context_var *var)
{
    return find(snapshot, var);
}

/* All but what is at `place`, when `skip`; with room for one more there, when `room`. */
static eddyi_snapshot *copy(const eddyi_snapshot *from, size_t place, bool skip, bool room)
{
    const eddy_allocator *allocator = eddyi_default_allocator();
    size_t count = (from != NULL ? from->count : 0) - skip + room;
    eddyi_snapshot *to = eddyi_allocate(allocator, sizeof *to + count * sizeof(eddyi_entry));
    if (to == NULL)
        return NULL;
    eddyi_owned_init(&to->owned, 1, allocator);
    to->count = count;
    for (size_t i = 0; i < count; i++) {
        if (i == place && room)
            continue;
        const eddyi_entry *entry = &from->entries[i < place ? i : i + skip - room];
        to->entries[i] = (eddyi_entry){entry->var, retain_binding(entry->binding)};
    }
    return to;
}

/* Without a copy. What was there goes last: its release may come back here. */
static void change_in_place(eddyi_snapshot *snapshot, size_t place, eddyi_binding *binding)
{
    eddyi_entry *entry = &snapshot->entries[place];
    eddyi_binding *before = entry->binding;
    if (binding != NULL)
        entry->binding = binding;
    else
        memmove(entry, entry + 1, (--snapshot->count - place) * sizeof *entry);
    release_binding(before);
}

/* `binding` NULL: the variable is not to be set. Takes the reference on success. */
static int put(eddyi_snapshot **at, const eddy_context_var *var, eddyi_binding *binding)
{
    eddyi_snapshot *before = *at;
    size_t place = place_of(before, var);
    bool found = is_at(before, place, var);
    if (!found && binding == NULL)
        return 0;
    if (found && eddyi_owned_alone(&before->owned)) {
        change_in_place(before, place, binding);
        return 0;
    }
    if (found && binding == NULL && before->count == 1) {
        *at = NULL;
    } else {
        eddyi_snapshot *after = copy(before, place, found, binding != NULL);
        if (after == NULL)
            return EDDY_ENOMEM;
        if (binding != NULL)
            after->entries[place] = (eddyi_entry){var, binding};
        *at = after;
    }
    eddyi_snapshot_release(before);
    return 0;
}

int eddyi_snapshot_set(eddyi_snapshot **at, const eddy_context_var *var, void *value)
{
    eddyi_binding *binding = create_binding(var, value);
    if (binding == NULL)
        return EDDY_ENOMEM;
    int rc = put(at, var, binding);
    if (rc < 0)
        eddyi_owned_free(&binding->owned, binding); /* the value stays the caller's */
    return rc;
}

int eddyi_snapshot_adopt(eddyi_snapshot **at, const eddy_context_var *var, const eddyi_snapshot *other)
{
    eddyi_binding *binding = retain_binding(find(other, var));
    int rc = put(at, var, binding);
    if (rc < 0 && binding != NULL)
        release_binding(binding); /* not the last */
    return rc;
}
