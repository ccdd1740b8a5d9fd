#include "common/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/fail.h"

enum { CHECKED_MAX = 64 };

int ipc_descriptors_check(size_t count, ipc_error_t *error)
{
    int descriptors[CHECKED_MAX];
    size_t opened = 0;
    int cause = 0;
    while (opened < count && opened < CHECKED_MAX && (descriptors[opened] = eventfd(0, EFD_CLOEXEC)) >= 0) opened++;
    if (opened < count && opened < CHECKED_MAX)
        cause = errno;
    for (size_t i = 0; i < opened; i++) close(descriptors[i]);
    if (cause == 0)
        return 0;
    struct rlimit limit = {.rlim_cur = 0};
    getrlimit(RLIMIT_NOFILE, &limit);
    return ipc_fail(error, IPC_E_SYSTEM,
                    "%zu more files have to be opened, and %zu can be: %s (of %llu at a time: see 'ulimit -n')", count,
                    opened, strerror(cause), (unsigned long long) limit.rlim_cur);
}
