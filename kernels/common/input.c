#include "kernels/common/input.h"

#include <string.h>

kernel_input_t kernel_input_of(ipc_value_t value)
{
    kernel_input_t input = {0};
    const ipc_array_t *array = ipc_value_array(value);
    if (!array) {
        input = (kernel_input_t){.data = value.as.borrowed.data,
                                 .dtype = (ipc_dtype_t) value.dtype,
                                 .ndim = value.ndim};
        memcpy(input.shape, value.as.borrowed.shape, sizeof value.as.borrowed.shape);
        return input;
    }
    input = (kernel_input_t){.data = ipc_array_data(array),
                             .dtype = ipc_array_dtype(array),
                             .ndim = ipc_array_ndim(array)};
    for (int k = 0; k < input.ndim; k++) input.shape[k] = ipc_array_shape(array)[k];
    return input;
}
