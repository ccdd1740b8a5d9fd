#include "kernels/heat/cuda_loader.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>

//  Writes the path of heat_cuda.so, beside the library that holds this text. 0, or -1.
static int find_beside(char *path, size_t size)
{
    static const char file[] = "heat_cuda.so";
    Dl_info info;
    if (!dladdr(file, &info) || !info.dli_fname)
        return -1;
    const char *slash = strrchr(info.dli_fname, '/');
    int length = slash ? (int) (slash - info.dli_fname) : 1;
    return snprintf(path, size, "%.*s/%s", length, slash ? info.dli_fname : ".", file) <
                   (int) size
               ? 0
               : -1;
}

const heat_device_t *heat_cuda_load(ipc_error_t *error)
{
    static const char none[] = "no CUDA device here";
    char path[PATH_MAX];
    // Never closed: the driver leaves threads behind.
    if (!dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
        kernel_refuse(error, "DeviceError",
                      "%s: the driver's libcuda.so.1 is not installed", none);
        return NULL;
    }
    void *library =
        find_beside(path, sizeof path) ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        kernel_refuse(error, "DeviceError", "%s: %.300s", none, dlerror());
        return NULL;
    }
    heat_device_fn device_of;
    *(void **) &device_of = dlsym(library, HEAT_CUDA_SYMBOL);
    const heat_device_t *device = device_of ? device_of() : NULL;
    if (!device || device->abi != HEAT_DEVICE_ABI) {
        kernel_refuse(error, "DeviceError", "%s: %s is of another version than heat.so",
                      none, path);
        return NULL;
    }
    return device;
}
