#include "launch/launcher.h"

#include <string.h>

#include "launch/local.h"
#include "launch/mpi.h"

const launcher_t *launcher_find(const char *name)
{
    static const launcher_t *const all[] = {&launcher_local, &launcher_mpi};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->name, name))
            return all[i];
    return NULL;
}
