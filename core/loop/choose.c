/* choose.c: which backend a loop gets: by name, by the environment, or the best that runs here.
 * Touches the table that the build wrote. The environment is not believed in a privileged process. */
#include "core/loop/choose.h"

#include <stdlib.h>
#include <string.h>

#include <eddy/loop.h>
#include "core/platform.h"

static const eddyi_backend_ops *find(const char *name)
{
    for (size_t i = 0; eddyi_backends[i] != NULL; i++)
        if (strcmp(eddyi_backends[i]->name, name) == 0)
            return eddyi_backends[i];
    return NULL;
}

/* "backends of this build: epoll select sim". Valid until this thread asks again. */
static const char *list_of_backends(void)
{
    static _Thread_local char text[160];
    static const char intro[] = "backends of this build:";
    size_t length = sizeof intro - 1;
    memcpy(text, intro, sizeof intro);
    for (size_t i = 0; eddyi_backends[i] != NULL; i++) {
        size_t more = strlen(eddyi_backends[i]->name) + 1;
        if (length + more >= sizeof text)
            break;
        text[length] = ' ';
        memcpy(text + length + 1, eddyi_backends[i]->name, more);
        length += more;
    }
    return text;
}

static int first_that_runs(const eddyi_backend_ops **out)
{
    int reason = EDDY_EBACKEND;
    for (size_t i = 0; eddyi_backends[i] != NULL; i++) {
        if (eddyi_backends[i]->caps & EDDYI_CAP_ON_REQUEST)
            continue;
        int rc = eddyi_backends[i]->probe();
        if (rc == 0) {
            *out = eddyi_backends[i];
            return 0;
        }
        if (reason == EDDY_EBACKEND)
            reason = rc;
    }
    return reason;
}

int eddyi_choose_backend(const eddyi_backend_ops **out, const char *name, const char **message)
{
    if (name == NULL && !eddyi_process_is_privileged())
        name = getenv("EDDY_BACKEND");
    int rc;
    if (name == NULL || *name == '\0') {
        rc = first_that_runs(out);
    } else if ((*out = find(name)) == NULL) {
        rc = EDDY_EBACKEND;
    } else {
        rc = (*out)->probe();
    }
    *message = rc == EDDY_EBACKEND ? list_of_backends() : NULL;
    return rc;
}

const char *eddy_backend_name(size_t index)
{
    for (size_t i = 0; eddyi_backends[i] != NULL; i++)
        if (i == index)
            return eddyi_backends[i]->name;
    return NULL;
}
