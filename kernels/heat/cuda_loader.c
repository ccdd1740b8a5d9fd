#include "kernels/heat/cuda_loader.h"

#include "kernels/common/cuda_loader.h"

const heat_device_t *heat_cuda_load(ipc_error_t *error)
{
    static const char file[] = "heat_cuda.so";
    heat_device_fn device_of;
    *(void **) &device_of = kernel_cuda_load(file, HEAT_CUDA_SYMBOL, error);
    const heat_device_t *device = device_of ? device_of() : NULL;
    if (device_of && (!device || device->abi != HEAT_DEVICE_ABI)) {
        kernel_refuse(error, "DeviceError",
                      "no CUDA device here: %s is of another version than heat.so", file);
        return NULL;
    }
    return device;
}
