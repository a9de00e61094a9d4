/* identity.h: which open file a descriptor number names, for pollers whose kernel does not remember, as select and poll, or
 * does not tell, as kqueue.
 * Touches fstat and stat. A number that was closed and given to another file has another identity; what never waits
 * has none. */
#ifndef EDDYI_IDENTITY_H
#define EDDYI_IDENTITY_H

#include <sys/stat.h>

#include "core/backend.h"
#include "core/platform.h"
#include "platform/posix/system.h"

typedef struct eddyi_identity {
    dev_t device;
    ino_t inode;
} eddyi_identity;

/* Files for which readiness means nothing, and which kernels with a memory refuse: disks, and devices that never wait. */
static inline bool eddyi_never_waits(const struct stat *file)
{
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"};
    if (S_ISREG(file->st_mode) || S_ISDIR(file->st_mode) || S_ISBLK(file->st_mode))
        return true;
    for (size_t i = 0; S_ISCHR(file->st_mode) && i < sizeof devices / sizeof devices[0]; i++) {
        struct stat device;
        if (stat(devices[i], &device) == 0 && S_ISCHR(device.st_mode) && device.st_rdev == file->st_rdev)
            return true;
    }
    return false;
}

/* EDDY_EPERM: it never waits. */
static inline int eddyi_identify(int fd, eddyi_identity *out)
{
    struct stat file;
    if (EDDYI_CALL(fstat, -1, (fd, &file)) < 0)
        return eddyi_error_from_system(errno);
    if (eddyi_never_waits(&file))
        return EDDY_EPERM;
    *out = (eddyi_identity){.device = file.st_dev, .inode = file.st_ino};
    return 0;
}

static inline bool eddyi_is_same_file(eddyi_identity a, eddyi_identity b)
{
    return a.device == b.device && a.inode == b.inode;
}

#endif
