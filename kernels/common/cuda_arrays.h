//  cuda_arrays_t: arrays in the memory of a CUDA device that stay there from call to call,
//  those of all modules of the engine: what arrays_cuda.so offers. arrays.h is what modules
//  call.
#ifndef KERNELS_COMMON_CUDA_ARRAYS_H
#define KERNELS_COMMON_CUDA_ARRAYS_H

#include "kernels/common/refuse.h"

//  Changes when the structs below do.
enum { CUDA_ARRAYS_ABI = 1, CUDA_ARRAY_NAME = 256 };

//  An array on the device.
typedef struct cuda_array {
    int64_t number;             // its own, whatever else there was or is on other engines
    char name[CUDA_ARRAY_NAME]; // under which the engine's namespace has it
    void *data;                 // of the device
    ipc_dtype_t dtype;
    int ndim;
    size_t shape[IPC_MAX_DIMENSIONS];
    size_t size; // in bytes
} cuda_array_t;

typedef struct cuda_arrays {
    uint32_t abi;

    //  What people call the device, or NULL with *error: DeviceError (lent).
    const char *(*device)(ipc_error_t *error);

    //  Makes an array, whose content is undefined, or gives NULL with *error: MemoryError,
    //  DeviceError (lent until it is dropped).
    const cuda_array_t *(*make)(const char *name, ipc_dtype_t dtype, int ndim,
                                const size_t *shape, ipc_error_t *error);
    void (*drop)(int64_t number);

    //  The arrays there are (lent), and NULL from their count on.
    const cuda_array_t *(*at)(size_t i);

    //  Copies between host and device, whichever side the pointers are of, after all work
    //  that was queued. 0, or -1 with *error.
    int (*copy)(void *to, const void *from, size_t size, ipc_error_t *error);

    //  Bytes that a copy of so many on the device reads and writes in a second; 0 with
    //  *error: MemoryError, DeviceError.
    double (*bandwidth)(size_t size, ipc_error_t *error);
} cuda_arrays_t;

//  The name under which arrays_cuda.so exports a function of type cuda_arrays_fn.
#define CUDA_ARRAYS_SYMBOL "kernel_cuda_arrays"
typedef const cuda_arrays_t *(*cuda_arrays_fn)(void);

#endif
