//  What each program here prints: its descriptor's distance from its load address, as a
//  client finds it.
#ifndef IMAGE_PROGRAMS_OFFSET_H
#define IMAGE_PROGRAMS_OFFSET_H

#include <dlfcn.h>
#include <stdio.h>

#include "common/remote.h"

static inline int print_offset(const ipc_remote_t *descriptor)
{
    Dl_info object;
    if (!dladdr(descriptor, &object))
        return 1;
    fprintf(stdout, "%td\n", (const char *) descriptor - (const char *) object.dli_fbase);
    return 0;
}

#endif
