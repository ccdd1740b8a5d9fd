//  The module `linalg`: what engines call by name.
//      linalg.matvec    a matrix times a vector; keywords as in options.h
//      linalg.matmul    a matrix times a matrix
//      linalg.asarray   puts an array on a device
//      linalg.get       gives an array of the host
//      linalg.bandwidth tells how fast the device copies
//      linalg.info      tells what a product would use
#include <stdlib.h>
#include <string.h>

#include "kernels/common/cores.h"
#include "kernels/common/cuda_loader.h"
#include "kernels/linalg/device.h"
#include "kernels/linalg/options.h"
#include "kernels/linalg/product.h"

//  The module's one object: named functions take no context.
typedef struct module {
    const linalg_device_t *device; // NULL until there is work for it
    linalg_device_state_t *state;
} module_t;

static module_t *module(void)
{
    static module_t self;
    return &self;
}

static void fini(void)
{
    if (module()->device)
        module()->device->close(&module()->state);
}

//  Opens the CUDA device. 0, or -1 with *error.
static int open_device(ipc_error_t *error)
{
    module_t *self = module();
    if (self->state)
        return 0;
    linalg_device_fn device_of;
    *(void **) &device_of = kernel_cuda_load("linalg_cuda.so", LINALG_CUDA_SYMBOL, error);
    const linalg_device_t *device = device_of ? device_of() : NULL;
    if (!device)
        return -1;
    if (device->abi != LINALG_DEVICE_ABI)
        return kernel_refuse(error, "DeviceError",
                             "no CUDA device here: linalg_cuda.so is of another version than "
                             "linalg.so");
    self->device = device;
    self->state = device->open(error);
    return self->state ? 0 : -1;
}

//  --- Products --------------------------------------------------------------------------

//  Computes on the device into memory of its own or of the host. 0, or -1 with *error.
static int multiply_there(const linalg_options_t *options, void *out, bool out_on_device,
                          ipc_error_t *error)
{
    const cuda_arrays_t *arrays = kernel_arrays(error);
    const size_t size =
        options->rows * options->columns * ipc_dtype_size(options->left.dtype);
    if (!arrays || open_device(error))
        return -1;
    if (size == 0)
        return 0;
    if (options->inner == 0) { // no products to add up
        void *zeros = calloc(1, size);
        const int failed = zeros ? arrays->copy(out, zeros, size, error)
                                 : kernel_refuse(error, "MemoryError", "no memory for zeros");
        free(zeros);
        return failed;
    }
    const linalg_work_t work = {.left = options->left,
                                .right = options->right,
                                .transpose_left = options->transpose_left,
                                .transpose_right = options->transpose_right,
                                .rows = options->rows,
                                .inner = options->inner,
                                .columns = options->columns,
                                .out = out,
                                .out_on_device = out_on_device};
    return module()->device->product(module()->state, &work, error);
}

static int multiply_here(const linalg_options_t *options, void *out)
{
    kernel_cores_t cores = kernel_cores_claim(options->threads);
    linalg_product(options, cores.threads, out);
    kernel_cores_release(&cores);
    return 0;
}

//  Whether the result is to stay on the device; *array is it then. 0, or -1 with *error.
static int multiply_and_stay(const linalg_options_t *options, const cuda_array_t **array,
                             ipc_error_t *error)
{
    const size_t shape[] = {options->rows, options->columns};
    *array = kernel_array_make(options->keep, options->left.dtype, options->right.ndim, shape,
                               error);
    return *array ? multiply_there(options, (*array)->data, true, error) : -1;
}

static int multiply_to_host(const linalg_options_t *options, ipc_array_t **result,
                            ipc_error_t *error)
{
    const size_t shape[] = {options->rows, options->columns};
    *result = ipc_array_new(options->left.dtype, options->right.ndim, shape, error);
    if (!*result)
        return -1;
    return options->place == KERNEL_CUDA
               ? multiply_there(options, ipc_array_data(*result), false, error)
               : multiply_here(options, ipc_array_data(*result));
}

//  Returns an array of the host, or keeps it under a name.
static ipc_value_t give(ipc_array_t *result, const char *keep)
{
    if (!keep)
        return ipc_value_from_array(result);
    ipc_ns_keep(keep, &result);
    return ipc_none();
}

static ipc_value_t multiply(linalg_function_t function, ipc_value_t keywords)
{
    // ipc_raise() leaves this function without looking back: all that must be freed is
    // freed before.
    ipc_error_t error;
    linalg_options_t options;
    ipc_array_t *result = NULL;
    const cuda_array_t *array = NULL;
    int failed = linalg_options_read(&options, function, keywords, &error);
    if (!failed)
        failed = options.keep && options.place == KERNEL_CUDA
                     ? multiply_and_stay(&options, &array, &error)
                     : multiply_to_host(&options, &result, &error);
    if (failed) {
        ipc_array_destroy(&result);
        ipc_raise(error.kind, "%s", error.text);
    }
    if (!array)
        return give(result, options.keep);
    kernel_array_bind(array);
    return ipc_none();
}

static IPC_REMOTE(ipc_value_t, matvec, (ipc_value_t keywords))
{
    return multiply(LINALG_MATVEC, keywords);
}

static IPC_REMOTE(ipc_value_t, matmul, (ipc_value_t keywords))
{
    return multiply(LINALG_MATMUL, keywords);
}

//  --- Arrays that move ------------------------------------------------------------------

static size_t size_of(const kernel_input_t *input)
{
    size_t size = ipc_dtype_size(input->dtype);
    for (int k = 0; k < input->ndim; k++) size *= input->shape[k];
    return size;
}

//  A copy on the host, or NULL with *error.
static ipc_array_t *copy_here(const kernel_input_t *input, ipc_error_t *error)
{
    ipc_array_t *array = ipc_array_new(input->dtype, input->ndim, input->shape, error);
    if (!array || !input->on_device) {
        if (array && size_of(input) > 0)
            memcpy(ipc_array_data(array), input->data, size_of(input));
        return array;
    }
    const cuda_arrays_t *arrays = kernel_arrays(error);
    if (!arrays || arrays->copy(ipc_array_data(array), input->data, size_of(input), error))
        ipc_array_destroy(&array);
    return array;
}

//  A copy on the device, or NULL with *error.
static const cuda_array_t *copy_there(const linalg_options_t *options, ipc_error_t *error)
{
    const kernel_input_t *input = &options->left;
    const cuda_array_t *array =
        kernel_array_make(options->keep, input->dtype, input->ndim, input->shape, error);
    return array && kernel_arrays(error)->copy(array->data, input->data, array->size, error) == 0
               ? array
               : NULL;
}

static IPC_REMOTE(ipc_value_t, asarray, (ipc_value_t keywords))
{
    ipc_error_t error;
    linalg_options_t options;
    const cuda_array_t *array = NULL;
    ipc_array_t *here = NULL;
    if (!linalg_options_read(&options, LINALG_ASARRAY, keywords, &error)) {
        if (options.place != KERNEL_CPU &&
            (options.place == KERNEL_CUDA || kernel_arrays(NULL)))
            array = copy_there(&options, &error);
        else
            here = copy_here(&options.left, &error);
    }
    if (!array && !here)
        ipc_raise(error.kind, "%s", error.text);
    if (!array)
        return give(here, options.keep);
    kernel_array_bind(array);
    return ipc_none();
}

static IPC_REMOTE(ipc_value_t, get, (ipc_value_t keywords))
{
    ipc_error_t error;
    linalg_options_t options;
    ipc_array_t *array = NULL;
    if (!linalg_options_read(&options, LINALG_GET, keywords, &error))
        array = copy_here(&options.left, &error);
    if (!array)
        ipc_raise(error.kind, "%s", error.text);
    return give(array, options.keep);
}

//  Bytes that a copy of so many from one array on the device to another reads and writes in a
//  second.
static IPC_REMOTE(double, bandwidth, (uint64_t size))
{
    ipc_error_t error;
    const cuda_arrays_t *arrays = kernel_arrays(&error);
    const double rate = arrays ? arrays->bandwidth(size > 0 ? size : 1, &error) : 0;
    if (rate == 0)
        ipc_raise(error.kind, "%s", error.text);
    return rate;
}

static IPC_REMOTE(ipc_value_t, info, (void) )
{
    ipc_error_t error;
    kernel_cores_t cores = kernel_cores_claim(0);
    kernel_cores_release(&cores);
    const cuda_arrays_t *arrays = kernel_arrays(&error);
    return ipc_give(ipc_dict("library", linalg_library(), "instructions",
                             linalg_instructions(), "threads", cores.threads, "cores",
                             kernel_cores_available(), "devices",
                             arrays ? ipc_list("cpu", "cuda") : ipc_list("cpu"), "cuda",
                             arrays ? arrays->device(&error) : error.text));
}

IPC_MODULE(linalg, NULL, fini, matvec, matmul, asarray, get, bandwidth, info)
