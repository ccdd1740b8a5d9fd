//  The module `random`: what engines call by name.
//      random.uniform   numbers evenly spread; keywords as in options.h
//      random.normal    numbers of the normal distribution
//      random.pi        points in a square, of which so many are within a quarter circle
//      random.info      tells how numbers are made
//
//  A stream is a seed and a number; the n-th number of a stream is always the same, for
//  each function and dtype, on every processor, and with any number of threads. Streams of
//  one seed are independent of one another. Functions share the words of a stream: what
//  must not depend on one another, two functions too, takes a stream each.
#include <math.h>

#include "kernels/common/cores.h"
#include "kernels/common/cuda_loader.h"
#include "kernels/random/device.h"
#include "kernels/random/fill.h"
#include "kernels/random/options.h"

//  The module's one object: named functions take no context.
typedef struct module {
    kernel_pool_t *pool;
} module_t;

static module_t *module(void)
{
    static module_t self;
    return &self;
}

static int init(ipc_error_t *error)
{
    module()->pool = kernel_pool_new();
    return module()->pool
               ? 0
               : kernel_refuse(error, "MemoryError", "no memory for the threads of random");
}

static void fini(void)
{
    kernel_pool_destroy(&module()->pool);
}

static random_part_t part_of(const random_options_t *options)
{
    return (random_part_t){.generator = {.seed = options->seed, .stream = options->stream},
                           .first = options->first,
                           .count = options->count};
}

static random_maker_t maker_of(const random_options_t *options, random_function_t function)
{
    const random_variant_t *variant = random_variant(0);
    const bool single = options->dtype == IPC_F32, uniform = function == RANDOM_UNIFORM;
    random_maker_t maker = {.blocks = variant->blocks,
                            .size = ipc_dtype_size(options->dtype),
                            .law = {.mean = options->mean, .sigma = options->sigma}};
    if (single) {
        const float low = (float) options->low, high = (float) options->high;
        maker.law.low = low;
        maker.law.width = high - low;
        maker.law.most = nextafterf(high, low);
    } else {
        maker.law.low = options->low;
        maker.law.width = options->high - options->low;
        maker.law.most = nextafter(options->high, options->low);
    }
    if (uniform)
        maker.make = single ? variant->uniform_f32 : variant->uniform_f64;
    else
        maker.make = single ? variant->normal_f32 : variant->normal_f64;
    maker.per_block = uniform && single ? 4 : 2;
    return maker;
}

static void fill(const random_options_t *options, random_function_t function, void *numbers)
{
    const random_part_t part = part_of(options);
    const random_maker_t maker = maker_of(options, function);
    kernel_cores_t cores = kernel_cores_claim(options->threads);
    random_fill(module()->pool, cores.threads, &part, &maker, numbers);
    kernel_cores_release(&cores);
}

//  --- On a device -----------------------------------------------------------------------

//  The CUDA device, or NULL with *error.
static const random_device_t *open_device(ipc_error_t *error)
{
    random_device_fn device_of;
    if (!kernel_arrays(error))
        return NULL;
    *(void **) &device_of = kernel_cuda_load("random_cuda.so", RANDOM_CUDA_SYMBOL, error);
    const random_device_t *device = device_of ? device_of() : NULL;
    if (!device || device->abi == RANDOM_DEVICE_ABI)
        return device;
    kernel_refuse(error, "DeviceError",
                  "no CUDA device here: random_cuda.so is of another version than random.so");
    return NULL;
}

//  Makes the numbers in an array on the device, or gives NULL with *error.
static const cuda_array_t *fill_there(const random_options_t *options,
                                      random_function_t function, ipc_error_t *error)
{
    const size_t one = 1;
    const random_part_t part = part_of(options);
    const random_maker_t maker = maker_of(options, function);
    const bool single = options->dtype == IPC_F32;
    const random_device_law_t law =
        function == RANDOM_UNIFORM ? (single ? RANDOM_UNIFORM_F32 : RANDOM_UNIFORM_F64)
                                   : (single ? RANDOM_NORMAL_F32 : RANDOM_NORMAL_F64);
    const random_device_t *device = open_device(error);
    const cuda_array_t *array =
        device ? kernel_array_make(options->keep ? options->keep : "", options->dtype,
                                   options->ndim > 0 ? options->ndim : 1,
                                   options->ndim > 0 ? options->shape : &one, error)
               : NULL;
    if (array && part.count > 0 && device->fill(&part, law, &maker.law, array->data, error))
        return NULL; // nobody has its name: it goes when the next one is made
    return array;
}

//  The same into the host's memory. 0, or -1 with *error.
static int fill_from_there(const random_options_t *options, random_function_t function,
                           void *numbers, ipc_error_t *error)
{
    random_options_t unnamed = *options;
    unnamed.keep = NULL;
    const cuda_array_t *array = fill_there(&unnamed, function, error);
    const cuda_arrays_t *arrays = array ? kernel_arrays(error) : NULL;
    if (!arrays)
        return -1;
    const int failed = arrays->copy(numbers, array->data, array->size, error);
    arrays->drop(array->number);
    return failed;
}

//  --- The functions ---------------------------------------------------------------------

//  Makes the numbers in memory of the host. 0, or -1 with *error.
static int fill_here(const random_options_t *options, random_function_t function,
                     void *numbers, ipc_error_t *error)
{
    if (options->place == KERNEL_CUDA)
        return fill_from_there(options, function, numbers, error);
    fill(options, function, numbers);
    return 0;
}

static int single_number(const random_options_t *options, random_function_t function,
                         ipc_value_t *value, ipc_error_t *error)
{
    float single = 0;
    double number = 0;
    const bool wide = options->dtype == IPC_F64;
    if (fill_here(options, function, wide ? (void *) &number : &single, error))
        return -1;
    *value = ipc_value_from_f64(wide ? number : single);
    return 0;
}

//  Makes what is wanted: an array, or a number. 0, or -1 with *error.
static int make(const random_options_t *options, random_function_t function,
                ipc_array_t **array, ipc_value_t *value, ipc_error_t *error)
{
    if (options->ndim == 0)
        return single_number(options, function, value, error);
    *array = ipc_array_new(options->dtype, options->ndim, options->shape, error);
    if (!*array || fill_here(options, function, ipc_array_data(*array), error))
        return -1;
    *value = ipc_value_from_array(*array);
    return 0;
}

static ipc_value_t numbers(random_function_t function, ipc_value_t keywords)
{
    // ipc_raise() leaves this function without looking back: all that must be freed is
    // freed before.
    ipc_error_t error;
    random_options_t options;
    ipc_value_t value = ipc_none();
    ipc_array_t *array = NULL;
    const cuda_array_t *there = NULL;
    int failed = random_options_read(&options, function, keywords, &error);
    if (!failed && options.place == KERNEL_CUDA && options.keep && options.ndim > 0) {
        there = fill_there(&options, function, &error);
        failed = there ? 0 : -1;
    } else if (!failed) {
        failed = make(&options, function, &array, &value, &error);
    }
    if (failed) {
        ipc_array_destroy(&array);
        ipc_raise(error.kind, "%s", error.text);
    }
    if (there)
        kernel_array_bind(there);
    else if (!options.keep)
        return value;
    else if (array)
        ipc_ns_keep(options.keep, &array);
    else
        ipc_ns_set(options.keep, value);
    return ipc_none();
}

static IPC_REMOTE(ipc_value_t, uniform, (ipc_value_t keywords))
{
    return numbers(RANDOM_UNIFORM, keywords);
}

static IPC_REMOTE(ipc_value_t, normal, (ipc_value_t keywords))
{
    return numbers(RANDOM_NORMAL, keywords);
}

//  Counts the points within the quarter circle. 0, or -1 with *error.
static int count_inside(const random_options_t *options, uint64_t *inside, ipc_error_t *error)
{
    const random_part_t part = part_of(options);
    if (options->place == KERNEL_CUDA) {
        const random_device_t *device = open_device(error);
        return device ? device->inside(&part, inside, error) : -1;
    }
    kernel_cores_t cores = kernel_cores_claim(options->threads);
    *inside = random_inside(module()->pool, cores.threads, &part, random_variant(0));
    kernel_cores_release(&cores);
    return 0;
}

//  Gives {inside, samples, pi, error}: pi is 4 inside / samples, and its standard deviation
//  is error = sqrt(pi (4 - pi) / samples). Counts of several streams may be added up.
static IPC_REMOTE(ipc_value_t, pi, (ipc_value_t keywords))
{
    ipc_error_t error;
    random_options_t options;
    if (random_options_read(&options, RANDOM_PI, keywords, &error))
        ipc_raise(error.kind, "%s", error.text);
    uint64_t inside;
    if (count_inside(&options, &inside, &error))
        ipc_raise(error.kind, "%s", error.text);
    const double samples = (double) options.count;
    return ipc_give(ipc_dict("inside", (int64_t) inside, "samples", (int64_t) options.count,
                             "pi", 4 * (double) inside / samples, "error",
                             sqrt(M_PI * (4 - M_PI) / samples)));
}

static IPC_REMOTE(ipc_value_t, info, (void) )
{
    ipc_error_t error;
    kernel_cores_t cores = kernel_cores_claim(0);
    kernel_cores_release(&cores);
    const cuda_arrays_t *arrays = kernel_arrays(&error);
    return ipc_give(ipc_dict("generator", "Philox4x32-10", "instructions",
                             random_variant(0)->name, "threads", cores.threads, "cores",
                             kernel_cores_available(), "devices",
                             arrays ? ipc_list("cpu", "cuda") : ipc_list("cpu"), "cuda",
                             arrays ? arrays->device(&error) : error.text));
}

IPC_MODULE(random, init, fini, uniform, normal, pi, info)
