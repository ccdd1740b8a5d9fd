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

static ipc_value_t single_number(const random_options_t *options,
                                 random_function_t function)
{
    float single = 0;
    double number = 0;
    if (options->dtype == IPC_F64)
        fill(options, function, &number);
    else
        fill(options, function, &single);
    return ipc_value_from_f64(options->dtype == IPC_F64 ? number : single);
}

static ipc_value_t numbers(random_function_t function, ipc_value_t keywords)
{
    // ipc_raise() leaves this function without looking back: all that must be freed is
    // freed before.
    ipc_error_t error;
    random_options_t options;
    ipc_array_t *array = NULL;
    if (random_options_read(&options, function, keywords, &error))
        ipc_raise(error.kind, "%s", error.text);
    if (options.ndim > 0) {
        array = ipc_array_new(options.dtype, options.ndim, options.shape, &error);
        if (!array)
            ipc_raise(error.kind, "%s", error.text);
        fill(&options, function, ipc_array_data(array));
    }
    ipc_value_t result =
        array ? ipc_value_from_array(array) : single_number(&options, function);
    if (!options.keep)
        return result;
    ipc_ns_set(options.keep, result);
    ipc_array_destroy(&array);
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

//  Gives {inside, samples, pi, error}: pi is 4 inside / samples, and its standard deviation
//  is error = sqrt(pi (4 - pi) / samples). Counts of several streams may be added up.
static IPC_REMOTE(ipc_value_t, pi, (ipc_value_t keywords))
{
    ipc_error_t error;
    random_options_t options;
    if (random_options_read(&options, RANDOM_PI, keywords, &error))
        ipc_raise(error.kind, "%s", error.text);
    const random_part_t part = part_of(&options);
    kernel_cores_t cores = kernel_cores_claim(options.threads);
    const uint64_t inside =
        random_inside(module()->pool, cores.threads, &part, random_variant(0));
    kernel_cores_release(&cores);
    const double samples = (double) options.count;
    return ipc_give(ipc_dict("inside", (int64_t) inside, "samples", (int64_t) options.count,
                             "pi", 4 * (double) inside / samples, "error",
                             sqrt(M_PI * (4 - M_PI) / samples)));
}

static IPC_REMOTE(ipc_value_t, info, (void) )
{
    kernel_cores_t cores = kernel_cores_claim(0);
    kernel_cores_release(&cores);
    return ipc_give(ipc_dict("generator", "Philox4x32-10", "instructions",
                             random_variant(0)->name, "threads", cores.threads, "cores",
                             kernel_cores_available(), "devices", ipc_list("cpu")));
}

IPC_MODULE(random, init, fini, uniform, normal, pi, info)
