#include "kernels/random/options.h"

#include <float.h>
#include <math.h>

#include "kernels/common/memory.h"
#include "kernels/random/fill.h"

//  The keywords, by their places in the table below.
enum {
    N,
    SHAPE,
    DTYPE,
    LOW,
    HIGH,
    MEAN,
    SIGMA,
    SAMPLES,
    SEED,
    STREAM,
    FIRST,
    DEVICE,
    THREADS,
    KEEP,
    KEYWORDS
};

//  The functions that take them.
enum {
    UNIFORM = 1 << RANDOM_UNIFORM,
    NORMAL = 1 << RANDOM_NORMAL,
    PI = 1 << RANDOM_PI,
    ARRAYS = UNIFORM | NORMAL,
    ALL = ARRAYS | PI
};

static random_options_t *options_of(const kernel_reading_t *self)
{
    return self->options;
}

//  --- Each keyword ----------------------------------------------------------------------

static int read_length(const kernel_reading_t *self, ipc_value_t value, size_t *length,
                       ipc_error_t *error)
{
    int64_t given = 0;
    if (kernel_read_integer(self, value, 0, INT64_MAX, &given, error))
        return -1;
    *length = (size_t) given;
    return 0;
}

static int read_n(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    options_of(self)->ndim = 1;
    return read_length(self, value, options_of(self)->shape, error);
}

//  A list, a range or an array of integers.
static int read_shape(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return kernel_wrong_kind(self, "a list of lengths", value, error);
    const size_t count = ipc_value_count(value);
    if (count < 1 || count > IPC_MAX_DIMENSIONS)
        return kernel_refuse(error, "ValueError",
                             "shape of %s has %zu lengths, and must have from 1 to %d",
                             self->function, count, IPC_MAX_DIMENSIONS);
    options_of(self)->ndim = (int) count;
    for (size_t k = 0; k < count; k++)
        if (read_length(self, ipc_value_at(value, k), &options_of(self)->shape[k], error))
            return -1;
    return 0;
}

static int read_dtype(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"float64", "float32"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 2, &place, error))
        return -1;
    options_of(self)->dtype = place == 0 ? IPC_F64 : IPC_F32;
    return 0;
}

static int read_low(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_real(self, value, -INFINITY, &options_of(self)->low, error);
}

static int read_high(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_real(self, value, -INFINITY, &options_of(self)->high, error);
}

static int read_mean(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_real(self, value, -INFINITY, &options_of(self)->mean, error);
}

static int read_sigma(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_real(self, value, 0, &options_of(self)->sigma, error);
}

static int read_samples(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    int64_t given = 0;
    if (kernel_read_integer(self, value, 1, INT64_MAX, &given, error))
        return -1;
    options_of(self)->count = (uint64_t) given;
    return 0;
}

//  Any integer that is not negative.
static int read_bits(const kernel_reading_t *self, ipc_value_t value, uint64_t *bits,
                     ipc_error_t *error)
{
    int64_t given = 0;
    if (ipc_value_kind(value) == IPC_KIND_U64) {
        *bits = ipc_value_u64(value);
        return 0;
    }
    if (kernel_read_integer(self, value, 0, INT64_MAX, &given, error))
        return -1;
    *bits = (uint64_t) given;
    return 0;
}

static int read_seed(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_bits(self, value, &options_of(self)->seed, error);
}

static int read_stream(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_bits(self, value, &options_of(self)->stream, error);
}

static int read_first(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_bits(self, value, &options_of(self)->first, error);
}

static int read_device(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_place(self, value, &options_of(self)->place, error);
}

static int read_threads(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_threads(self, value, &options_of(self)->threads, error);
}

static int read_keep(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_name(self, value, &options_of(self)->keep, error);
}

static const kernel_keyword_t table[KEYWORDS] = {
    [N] = {"n", read_n, ARRAYS},
    [SHAPE] = {"shape", read_shape, ARRAYS},
    [DTYPE] = {"dtype", read_dtype, ARRAYS},
    [LOW] = {"low", read_low, UNIFORM},
    [HIGH] = {"high", read_high, UNIFORM},
    [MEAN] = {"mean", read_mean, NORMAL},
    [SIGMA] = {"sigma", read_sigma, NORMAL},
    [SAMPLES] = {"samples", read_samples, PI},
    [SEED] = {"seed", read_seed, ALL},
    [STREAM] = {"stream", read_stream, ALL},
    [FIRST] = {"first", read_first, ALL},
    [DEVICE] = {"device", read_device, ALL},
    [THREADS] = {"threads", read_threads, ALL},
    [KEEP] = {"keep", read_keep, ARRAYS},
};

//  --- What they say together ------------------------------------------------------------

//  Counts the numbers, and refuses more than there is memory for.
static int settle_shape(const kernel_reading_t *self, ipc_error_t *error)
{
    random_options_t *options = options_of(self);
    if (kernel_is_given(self, N) && kernel_is_given(self, SHAPE))
        return kernel_refuse(error, "ValueError", "%s takes n or shape, not both",
                             self->function);
    double count = 1;
    for (int k = 0; k < options->ndim; k++) count *= (double) options->shape[k];
    if (kernel_check_memory(count, options->dtype, error))
        return -1;
    options->count = (uint64_t) count;
    return 0;
}

//  The numbers must be finite in their dtype, and low and high differ there.
static int check_law(const random_options_t *options, const char *function,
                     ipc_error_t *error)
{
    const char *name = ipc_dtype_name(options->dtype);
    const double most = options->dtype == IPC_F32 ? FLT_MAX : DBL_MAX;
    double low = options->low, high = options->high;
    if (options->dtype == IPC_F32) {
        low = (float) low;
        high = (float) high;
    }
    if (!(high - low <= most))
        return kernel_refuse(error, "ValueError",
                             "from low = %g to high = %g is more than %s can hold",
                             options->low, options->high, name);
    if (!(low < high))
        return kernel_refuse(error, "ValueError",
                             "high of %s is %g, and must be more than low, %g, as %s",
                             function, options->high, options->low, name);
    // No normal number is beyond 9 sigma.
    if (!(fabs(options->mean) + 9 * options->sigma <= most))
        return kernel_refuse(error, "ValueError",
                             "mean = %g and sigma = %g give more than %s can hold",
                             options->mean, options->sigma, name);
    return 0;
}

static int check_places(const random_options_t *options, const char *function,
                        ipc_error_t *error)
{
    if (options->first <= RANDOM_MAX_PLACE &&
        options->count <= RANDOM_MAX_PLACE - options->first)
        return 0;
    return kernel_refuse(error, "ValueError",
                         "first of %s is %llu, from where a stream does not have %llu more",
                         function, (unsigned long long) options->first,
                         (unsigned long long) options->count);
}

int random_options_read(random_options_t *self, random_function_t function,
                        ipc_value_t keywords, ipc_error_t *error)
{
    static const char *const names[] = {[RANDOM_UNIFORM] = "random.uniform",
                                        [RANDOM_NORMAL] = "random.normal",
                                        [RANDOM_PI] = "random.pi"};
    const int64_t engine = ipc_engine_id();
    random_options_t options = {.count = RANDOM_DEFAULT_SAMPLES,
                                .dtype = IPC_F64,
                                .high = 1,
                                .sigma = 1,
                                .stream = engine > 0 ? (uint64_t) engine : 0};
    kernel_reading_t reading = {
        .function = names[function], .bit = 1u << function, .options = &options};
    if (kernel_read_keywords(&reading, table, KEYWORDS, keywords, error))
        return -1;
    if (function != RANDOM_PI &&
        (settle_shape(&reading, error) || check_law(&options, names[function], error)))
        return -1;
    if (check_places(&options, names[function], error))
        return -1;
    *self = options;
    return 0;
}
