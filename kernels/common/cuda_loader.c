#include "kernels/common/cuda_loader.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char none[] = "no CUDA device here";

//  Writes the path of a file in the directory of the library that holds this text, or, in a
//  build folder, in the one beside it for what modules share. 0, or -1.
static int find_beside(const char *file, char *path, size_t size)
{
    static const char *const places[] = {".", "../common"};
    Dl_info info;
    if (!dladdr(none, &info) || !info.dli_fname)
        return -1;
    const char *slash = strrchr(info.dli_fname, '/');
    const int length = slash ? (int) (slash - info.dli_fname) : 1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const int wanted = snprintf(path, size, "%.*s/%s/%s", length,
                                    slash ? info.dli_fname : ".", places[i], file);
        if (wanted < (int) size && access(path, R_OK) == 0)
            return 0;
    }
    return -1;
}

void *kernel_cuda_load(const char *file, const char *symbol, ipc_error_t *error)
{
    char path[PATH_MAX];
    // Never closed: the driver leaves threads behind.
    if (!dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
        kernel_refuse(error, "DeviceError",
                      "%s: the driver's libcuda.so.1 is not installed", none);
        return NULL;
    }
    if (find_beside(file, path, sizeof path)) {
        kernel_refuse(error, "DeviceError", "%s: %s is not installed", none, file);
        return NULL;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *address = library ? dlsym(library, symbol) : NULL;
    if (!address)
        kernel_refuse(error, "DeviceError", "%s: %.300s", none, dlerror());
    return address;
}
