//  kernel_input_t: an array as it was given to a function: an ipc_array_t, memory of the
//  caller's, or an array on a device.
#ifndef KERNELS_COMMON_INPUT_H
#define KERNELS_COMMON_INPUT_H

#include "engine/ipmodule.h"

typedef struct kernel_input {
    const void *data;
    ipc_dtype_t dtype;
    int ndim;
    size_t shape[IPC_MAX_DIMENSIONS]; // ndim lengths
    bool on_device;                   // data is the memory of a CUDA device (arrays.h)
} kernel_input_t;

//  The array of a value of kind IPC_KIND_ARRAY (lent).
kernel_input_t kernel_input_of(ipc_value_t value);

#endif
