/* resolve_all.c: the addresses of several hosts, one host after the other.
 * Touches resolve.h. All or nothing: a host that is not known ends it. */
#include "core/net/resolve.h"

static void shut(eddyi_closable *closable)
{
    eddyi_resolutions *all = EDDYI_CONTAINER(closable, eddyi_resolutions, closable);
    eddyi_list_init(&all->closable.link);
    eddyi_resolutions_free(all);
}

static int create(eddy_loop *loop, eddyi_resolutions **out, size_t count)
{
    size_t size;
    eddyi_resolutions *all = NULL;
    if (!eddyi_multiply(&size, count, sizeof all->of[0]) || !eddyi_add(&size, size, sizeof *all))
        return EDDY_EOVERFLOW;
    all = eddyi_allocate_zero(&loop->allocator, size);
    if (all == NULL)
        return EDDY_ENOMEM;
    all->loop = loop;
    all->closable.shut = shut;
    eddyi_list_append(&loop->closables, &all->closable.link);
    *out = all;
    return 0;
}

int eddyi_resolve_all_await(eddy_loop *loop, eddyi_resolutions **out, const char *const *hosts, size_t count,
                            const char *service, enum eddyi_family family, int flags)
{
    eddyi_resolutions *all;
    int rc = create(loop, &all, count);
    if (rc < 0)
        return rc;
    while (rc == 0 && all->count < count) {
        rc = eddyi_resolve_await(loop, &all->of[all->count], hosts[all->count], service, family, flags);
        all->count += rc == 0;
    }
    if (rc < 0)
        eddyi_resolutions_free(all);
    else
        *out = all;
    return rc;
}

void eddyi_resolutions_free(eddyi_resolutions *all)
{
    if (all == NULL)
        return;
    eddyi_list_remove(&all->closable.link);
    for (size_t i = 0; i < all->count; i++)
        eddyi_resolution_free(all->of[i]);
    eddyi_release(&all->loop->allocator, all);
}
