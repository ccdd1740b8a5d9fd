//  Finds the CUDA part of the module, which is a library of its own: heat.so works without
//  a driver.
#ifndef HEAT_CUDA_LOADER_H
#define HEAT_CUDA_LOADER_H

#include "kernels/heat/device.h"

//  Loads heat_cuda.so from the directory of heat.so, for good, when there is a driver.
//  Gives its device, or NULL with *error: DeviceError, "no CUDA device here: …".
const heat_device_t *heat_cuda_load(ipc_error_t *error);

#endif
