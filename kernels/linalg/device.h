//  linalg_device_t: what linalg_cuda.so offers: products on a CUDA device.
#ifndef LINALG_DEVICE_H
#define LINALG_DEVICE_H

#include "kernels/common/input.h"
#include "kernels/common/refuse.h"

//  Changes when the structs below do.
enum { LINALG_DEVICE_ABI = 1 };

//  A product as linalg_product() computes it (product.h). Operands and result may each be
//  the host's memory or the device's.
typedef struct linalg_work {
    kernel_input_t left, right;
    bool transpose_left, transpose_right;
    size_t rows, inner, columns; // none is 0
    void *out;                   // written
    bool out_on_device;
} linalg_work_t;

//  cuBLAS and memory that is kept between calls.
typedef struct linalg_device_state linalg_device_state_t;

typedef struct linalg_device {
    uint32_t abi;

    //  Gives the device's state, or NULL with *error: DeviceError, MemoryError.
    linalg_device_state_t *(*open)(ipc_error_t *error);
    void (*close)(linalg_device_state_t **state_p);

    //  Computes the product. 0, or -1 with *error.
    int (*product)(linalg_device_state_t *state, const linalg_work_t *work,
                   ipc_error_t *error);
} linalg_device_t;

//  The name under which linalg_cuda.so exports a function of type linalg_device_fn.
#define LINALG_CUDA_SYMBOL "linalg_cuda_device"
typedef const linalg_device_t *(*linalg_device_fn)(void);

#endif
