//  Finds the CUDA part of a module, which is a library of its own: modules work without a
//  driver.
#ifndef KERNELS_COMMON_CUDA_LOADER_H
#define KERNELS_COMMON_CUDA_LOADER_H

#include "kernels/common/refuse.h"

//  Loads a library that lies beside the module, for good, when there is a driver. Gives the
//  address of a symbol in it, or NULL with *error: DeviceError, "no CUDA device here: …".
//      file     borrowed; "heat_cuda.so"
//      symbol   borrowed; a function
void *kernel_cuda_load(const char *file, const char *symbol, ipc_error_t *error);

#endif
