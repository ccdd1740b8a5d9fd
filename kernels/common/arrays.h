//  Arrays that stay on a CUDA device from call to call, as modules see them.
//
//  Such an array has a name in the engine's namespace. What is bound there is a dictionary
//  that says what it is:
//
//      {"device": "cuda", "array": 7, "dtype": "float64", "shape": [1024, 1024]}
//
//  Given to a function of a module, by ipc_ref() as any array, it stands for the array on the
//  device, and nothing moves. The memory is the name's: once the name is gone (ipc_clear()),
//  or bound to something else, it is freed when the next array on the device is asked for;
//  with the process at the latest.
#ifndef KERNELS_COMMON_ARRAYS_H
#define KERNELS_COMMON_ARRAYS_H

#include "kernels/common/cuda_arrays.h"
#include "kernels/common/input.h"
#include "kernels/common/keywords.h"

//  Where a function is to compute.
typedef enum kernel_place { KERNEL_AUTO, KERNEL_CPU, KERNEL_CUDA } kernel_place_t;

//  For the rows of a table: "auto", "cpu" or "cuda". 0, or -1 with *error.
int kernel_read_place(const kernel_reading_t *self, ipc_value_t value, kernel_place_t *place,
                      ipc_error_t *error);

//  Whether a value stands for an array on the device.
bool kernel_is_device_array(ipc_value_t value);

//  For the rows of a table: an array of the host or of the device. 0, or -1 with *error.
//      wanted   borrowed; "an array", for the sentence
int kernel_read_input(const kernel_reading_t *self, ipc_value_t value, const char *wanted,
                      kernel_input_t *input, ipc_error_t *error);

//  The arrays on the device, or NULL with *error: DeviceError, "no CUDA device here: …".
const cuda_arrays_t *kernel_arrays(ipc_error_t *error);

//  Makes an array on the device for a name, once those are freed whose names are gone; or
//  gives NULL with *error: MemoryError, DeviceError. Its content is undefined. It is the
//  name's when it is bound; one that is never bound goes as if its name were gone.
const cuda_array_t *kernel_array_make(const char *name, ipc_dtype_t dtype, int ndim,
                                      const size_t *shape, ipc_error_t *error);

//  Binds the name in the namespace. Within a task.
void kernel_array_bind(const cuda_array_t *array);

#endif
