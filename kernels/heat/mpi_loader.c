#include "kernels/heat/mpi_loader.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

const heat_mpi_t *heat_mpi_load(ipc_error_t *error)
{
    static const char file[] = "heat_mpi.so";
    char path[PATH_MAX];
    Dl_info info;
    const char *self = dladdr(file, &info) && info.dli_fname ? info.dli_fname : "./heat.so";
    const char *slash = strrchr(self, '/');
    snprintf(path, sizeof path, "%.*s/%s", slash ? (int) (slash - self) : 1,
             slash ? self : ".", file);
    // Never closed: MPI can be begun once.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        kernel_refuse(error, "WorldError", "no MPI here: %.300s", dlerror());
        return NULL;
    }
    heat_mpi_fn part_of;
    *(void **) &part_of = dlsym(library, HEAT_MPI_SYMBOL);
    const heat_mpi_t *part = part_of ? part_of(ipc_runtime()) : NULL;
    if (!part || part->abi != HEAT_MPI_ABI) {
        kernel_refuse(error, "WorldError", "no MPI here: %.300s is of another version than heat.so",
                      path);
        return NULL;
    }
    return part;
}
