#include "common/scheme.h"

#include <string.h>

static const char *const names[IPC_SCHEMES] = {
    [IPC_SCHEME_LEASTLOAD] = "leastload", [IPC_SCHEME_LRU] = "lru",           [IPC_SCHEME_RANDOM] = "random",
    [IPC_SCHEME_TWOBIN] = "twobin",       [IPC_SCHEME_WEIGHTED] = "weighted",
};

const char *ipc_scheme_name(ipc_scheme_t scheme)
{
    return names[scheme];
}

ipc_scheme_t ipc_scheme_find(const char *name)
{
    ipc_scheme_t scheme = IPC_SCHEME_LEASTLOAD;
    while (scheme < IPC_SCHEMES && strcmp(name, names[scheme]) != 0) scheme++;
    return scheme;
}
