//  random_device_t: what random_cuda.so offers: the numbers of the module on a CUDA device.
#ifndef RANDOM_DEVICE_H
#define RANDOM_DEVICE_H

#include "kernels/common/refuse.h"
#include "kernels/random/fill.h"

//  Changes when the structs below do.
enum { RANDOM_DEVICE_ABI = 1 };

//  What a law is called, on a device.
typedef enum random_device_law {
    RANDOM_UNIFORM_F32,
    RANDOM_UNIFORM_F64,
    RANDOM_NORMAL_F32,
    RANDOM_NORMAL_F64
} random_device_law_t;

typedef struct random_device {
    uint32_t abi;

    //  Writes the numbers of the part: those of random_fill(), bit for bit. 0, or -1 with
    //  *error: DeviceError.
    //      numbers   the device's memory
    int (*fill)(const random_part_t *part, random_device_law_t name, const random_law_t *law,
                void *numbers, ipc_error_t *error);

    //  Counts as random_inside() does. 0, or -1 with *error.
    int (*inside)(const random_part_t *part, uint64_t *inside, ipc_error_t *error);
} random_device_t;

//  The name under which random_cuda.so exports a function of type random_device_fn.
#define RANDOM_CUDA_SYMBOL "random_cuda_device"
typedef const random_device_t *(*random_device_fn)(void);

#endif
