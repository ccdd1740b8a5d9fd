#include "kernels/common/arrays.h"

#include <string.h>

#include "kernels/common/cuda_loader.h"

int kernel_read_place(const kernel_reading_t *self, ipc_value_t value, kernel_place_t *place,
                      ipc_error_t *error)
{
    static const char *const words[] = {
        [KERNEL_AUTO] = "auto", [KERNEL_CPU] = "cpu", [KERNEL_CUDA] = "cuda"};
    size_t found = 0;
    if (kernel_read_word(self, value, words, 3, &found, error))
        return -1;
    *place = (kernel_place_t) found;
    return 0;
}

const cuda_arrays_t *kernel_arrays(ipc_error_t *error)
{
    static const char file[] = "arrays_cuda.so";
    cuda_arrays_fn arrays_of;
    *(void **) &arrays_of = kernel_cuda_load(file, CUDA_ARRAYS_SYMBOL, error);
    const cuda_arrays_t *arrays = arrays_of ? arrays_of() : NULL;
    if (!arrays)
        return NULL;
    if (arrays->abi != CUDA_ARRAYS_ABI) {
        kernel_refuse(error, "DeviceError",
                      "no CUDA device here: %s is of another version than the module", file);
        return NULL;
    }
    return arrays->device(error) ? arrays : NULL;
}

bool kernel_is_device_array(ipc_value_t value)
{
    if (ipc_value_kind(value) != IPC_KIND_DICT)
        return false;
    const char *device = ipc_value_str(ipc_value_get(value, "device"));
    return device && strcmp(device, "cuda") == 0 && ipc_value_has(value, "array");
}

static int64_t number_of(ipc_value_t value)
{
    return kernel_is_device_array(value) ? ipc_value_i64(ipc_value_get(value, "array")) : 0;
}

static int find_array(const kernel_reading_t *self, ipc_value_t value, kernel_input_t *input,
                      ipc_error_t *error)
{
    const cuda_arrays_t *arrays = kernel_arrays(error);
    const int64_t number = number_of(value);
    if (!arrays)
        return -1;
    const cuda_array_t *array;
    for (size_t i = 0; (array = arrays->at(i)); i++)
        if (array->number == number) {
            *input = (kernel_input_t){.data = array->data,
                                      .dtype = array->dtype,
                                      .ndim = array->ndim,
                                      .on_device = true};
            memcpy(input->shape, array->shape, sizeof input->shape);
            return 0;
        }
    return kernel_refuse(error, "ValueError",
                         "%s of %s was an array on a device, but is not one of this engine: "
                         "its name is bound to something else, or it is another engine's",
                         self->keyword, self->function);
}

int kernel_read_input(const kernel_reading_t *self, ipc_value_t value, const char *wanted,
                      kernel_input_t *input, ipc_error_t *error)
{
    if (kernel_is_device_array(value))
        return find_array(self, value, input, error);
    if (ipc_value_kind(value) != IPC_KIND_ARRAY)
        return kernel_wrong_kind(self, wanted, value, error);
    *input = kernel_input_of(value);
    return 0;
}

//  Frees the arrays whose names are gone, or mean something else.
static void sweep(const cuda_arrays_t *arrays)
{
    const cuda_array_t *array;
    for (size_t i = 0; (array = arrays->at(i));) {
        if (ipc_ns_has(array->name) && number_of(ipc_ns_get(array->name)) == array->number)
            i++;
        else
            arrays->drop(array->number); // another takes its place
    }
}

const cuda_array_t *kernel_array_make(const char *name, ipc_dtype_t dtype, int ndim,
                                      const size_t *shape, ipc_error_t *error)
{
    const cuda_arrays_t *arrays = kernel_arrays(error);
    if (!arrays)
        return NULL;
    if (strlen(name) >= CUDA_ARRAY_NAME) {
        kernel_refuse(error, "ValueError", "keep is longer than %d bytes, the most for an "
                      "array on a device", CUDA_ARRAY_NAME - 1);
        return NULL;
    }
    sweep(arrays);
    return arrays->make(name, dtype, ndim, shape, error);
}

void kernel_array_bind(const cuda_array_t *array)
{
    ipc_value_t shape[IPC_MAX_DIMENSIONS];
    for (int k = 0; k < array->ndim; k++) shape[k] = ipc_value_from_i64((int64_t) array->shape[k]);
    ipc_ns_set(array->name,
               ipc_dict("device", "cuda", "array", array->number, "dtype",
                        ipc_dtype_name(array->dtype), "shape",
                        ipc_value_from_list(shape, (size_t) array->ndim)));
}
