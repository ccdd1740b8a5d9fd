#include "kernels/heat/options.h"

#include <math.h>
#include <unistd.h>

#include "kernels/common/keywords.h"

//  The keywords, by their places in the table below.
enum {
    N,
    SHAPE,
    INITIAL,
    ALPHA,
    DT,
    STEPS,
    T,
    METHOD,
    DTYPE,
    DEVICE,
    THREADS,
    KEEP,
    KEYWORDS
};

//  The functions that take keywords, for the rows of the table.
enum { SOLVE = 1, INITIAL_STATE = 2, BOTH = SOLVE | INITIAL_STATE };

static heat_options_t *options_of(const kernel_reading_t *self)
{
    return self->options;
}

static int read_n(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    int64_t n = 0;
    if (kernel_read_integer(self, value, HEAT_MIN_LENGTH, HEAT_MAX_LENGTH, &n, error))
        return -1;
    options_of(self)->rows = options_of(self)->columns = (size_t) n;
    return 0;
}

//  A list, a range or an array of two integers.
static int read_shape(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return kernel_wrong_kind(self, "two lengths", value, error);
    if (ipc_value_count(value) != 2)
        return kernel_refuse(error, "ValueError",
                             "shape of %s must have two lengths, not %zu", self->function,
                             ipc_value_count(value));
    int64_t lengths[2] = {0, 0};
    for (size_t k = 0; k < 2; k++)
        if (kernel_read_integer(self, ipc_value_at(value, k), HEAT_MIN_LENGTH,
                                HEAT_MAX_LENGTH, &lengths[k], error))
            return -1;
    options_of(self)->rows = (size_t) lengths[0];
    options_of(self)->columns = (size_t) lengths[1];
    return 0;
}

static int read_initial(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"cross"};
    size_t place = 0;
    if (ipc_value_kind(value) == IPC_KIND_STR)
        return kernel_read_word(self, value, words, 1, &place, error);
    if (ipc_value_kind(value) != IPC_KIND_ARRAY)
        return kernel_wrong_kind(self, "\"cross\" or an array", value, error);
    kernel_input_t input = kernel_input_of(value);
    if (input.ndim != 2)
        return kernel_refuse(error, "ValueError",
                             "initial of %s must have 2 dimensions, not %d", self->function,
                             input.ndim);
    if (input.dtype == IPC_C64 || input.dtype == IPC_C128)
        return kernel_refuse(error, "TypeError",
                             "initial of %s must hold real numbers, not %s", self->function,
                             ipc_dtype_name(input.dtype));
    for (int k = 0; k < 2; k++)
        if (input.shape[k] < HEAT_MIN_LENGTH || input.shape[k] > HEAT_MAX_LENGTH)
            return kernel_refuse(
                error, "ValueError",
                "initial of %s is %zu x %zu, and each length must be from %d to %d",
                self->function, input.shape[0], input.shape[1], HEAT_MIN_LENGTH,
                HEAT_MAX_LENGTH);
    options_of(self)->initial = input;
    return 0;
}

static int read_alpha(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_real(self, value, 0, &options_of(self)->alpha, error);
}

static int read_dt(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_positive(self, value, &options_of(self)->dt, error);
}

static int read_steps(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_integer(self, value, 0, INT32_MAX, &options_of(self)->steps, error);
}

static int read_t(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_real(self, value, 0, &options_of(self)->t, error);
}

static int read_method(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {[HEAT_FD] = "fd", [HEAT_FFT] = "fft"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 2, &place, error))
        return -1;
    options_of(self)->method = (heat_method_t) place;
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

static int read_device(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {
        [HEAT_AUTO] = "auto", [HEAT_CPU] = "cpu", [HEAT_CUDA] = "cuda"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 3, &place, error))
        return -1;
    options_of(self)->place = (heat_place_t) place;
    return 0;
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
    [N] = {"n", read_n, BOTH},
    [SHAPE] = {"shape", read_shape, BOTH},
    [INITIAL] = {"initial", read_initial, SOLVE},
    [ALPHA] = {"alpha", read_alpha, SOLVE},
    [DT] = {"dt", read_dt, SOLVE},
    [STEPS] = {"steps", read_steps, SOLVE},
    [T] = {"t", read_t, SOLVE},
    [METHOD] = {"method", read_method, SOLVE},
    [DTYPE] = {"dtype", read_dtype, BOTH},
    [DEVICE] = {"device", read_device, SOLVE},
    [THREADS] = {"threads", read_threads, SOLVE},
    [KEEP] = {"keep", read_keep, SOLVE},
};

static int check_grid(const kernel_reading_t *self, ipc_error_t *error)
{
    const heat_options_t *options = options_of(self);
    const size_t element = ipc_dtype_size(options->dtype);
    const size_t bytes = options->rows * options->columns * element;
    const double gib = 1.0 / (1 << 30);
    if (bytes > HEAT_MAX_GRID_BYTES)
        return kernel_refuse(
            error, "MemoryError",
            "a grid of %zu x %zu %s takes %.1f GiB, more than the limit of %.0f GiB",
            options->rows, options->columns, ipc_dtype_name(options->dtype),
            (double) bytes * gib, (double) HEAT_MAX_GRID_BYTES * gib);
    const double need = (double) bytes * HEAT_NEED;
    const double memory = (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE);
    if (memory > 0 && need > memory)
        return kernel_refuse(
            error, "MemoryError",
            "a grid of %zu x %zu %s needs %.1f GiB to be solved, and this host has "
            "%.1f GiB",
            options->rows, options->columns, ipc_dtype_name(options->dtype), need * gib,
            memory * gib);
    return 0;
}

//  Settles shape and dtype among n, shape, initial and dtype.
static int settle_grid(kernel_reading_t *self, ipc_error_t *error)
{
    heat_options_t *options = options_of(self);
    const kernel_input_t *initial = &options->initial;
    if (kernel_is_given(self, N) && kernel_is_given(self, SHAPE))
        return kernel_refuse(error, "ValueError", "%s takes n or shape, not both",
                             self->function);
    if (initial->data || initial->ndim == 2) {
        if ((kernel_is_given(self, N) || kernel_is_given(self, SHAPE)) &&
            (options->rows != initial->shape[0] || options->columns != initial->shape[1]))
            return kernel_refuse(
                error, "ValueError",
                "%s says %zu x %zu, but initial is %zu x %zu: leave %s out or correct it",
                kernel_is_given(self, N) ? "n" : "shape", options->rows, options->columns,
                initial->shape[0], initial->shape[1],
                kernel_is_given(self, N) ? "n" : "shape");
        options->rows = initial->shape[0];
        options->columns = initial->shape[1];
        if (!kernel_is_given(self, DTYPE))
            options->dtype = initial->dtype == IPC_F32 ? IPC_F32 : IPC_F64;
    }
    return check_grid(self, error);
}

//  Settles t and steps, which say the same in two ways.
static int settle_time(kernel_reading_t *self, ipc_error_t *error)
{
    heat_options_t *options = options_of(self);
    if (kernel_is_given(self, T) && kernel_is_given(self, STEPS))
        return kernel_refuse(error, "ValueError", "%s takes t or steps, not both",
                             self->function);
    if (!kernel_is_given(self, T)) {
        options->t = (double) options->steps * options->dt;
        return isfinite(options->t)
                   ? 0
                   : kernel_refuse(error, "ValueError",
                                   "%lld steps of dt = %g are no finite time",
                                   (long long) options->steps, options->dt);
    }
    if (options->method != HEAT_FD)
        return 0;
    const double steps = options->t / options->dt;
    if (!(steps <= INT32_MAX))
        return kernel_refuse(error, "ValueError",
                             "t = %g is %g steps of dt = %g, more than the most, %d",
                             options->t, steps, options->dt, INT32_MAX);
    if (fabs(steps - round(steps)) > 1e-9 * fmax(1, steps))
        return kernel_refuse(
            error, "ValueError",
            "t = %g is %g steps of dt = %g, and method fd needs a whole number: "
            "change dt, or use method fft",
            options->t, steps, options->dt);
    options->steps = (int64_t) round(steps);
    return 0;
}

static int check_stable(const heat_options_t *options, ipc_error_t *error)
{
    const double ratio = options->alpha * options->dt;
    // Products such as 2.5 x 0.1 may miss 1/4 by a rounding, which does no harm.
    if (options->method != HEAT_FD || ratio <= 0.25 * (1 + 1e-12))
        return 0;
    return kernel_refuse(
        error, "ValueError",
        "alpha dt = %g is above 1/4, the bound up to which method fd is stable: "
        "use dt <= %g, or method fft",
        ratio, 0.25 / options->alpha);
}

static int read_all(kernel_reading_t *self, ipc_value_t keywords, ipc_error_t *error)
{
    *options_of(self) = (heat_options_t){.rows = HEAT_DEFAULT_LENGTH,
                                         .columns = HEAT_DEFAULT_LENGTH,
                                         .dtype = IPC_F64,
                                         .alpha = 1,
                                         .dt = 0.1,
                                         .steps = HEAT_DEFAULT_STEPS};
    return kernel_read_keywords(self, table, KEYWORDS, keywords, error);
}

int heat_options_read(heat_options_t *self, ipc_value_t keywords, ipc_error_t *error)
{
    heat_options_t options;
    kernel_reading_t reading = {
        .function = "heat.solve", .bit = SOLVE, .options = &options};
    if (read_all(&reading, keywords, error) || settle_grid(&reading, error) ||
        settle_time(&reading, error) || check_stable(&options, error))
        return -1;
    *self = options;
    return 0;
}

int heat_options_read_initial(heat_options_t *self, ipc_value_t keywords,
                              ipc_error_t *error)
{
    heat_options_t options;
    kernel_reading_t reading = {
        .function = "heat.initial", .bit = INITIAL_STATE, .options = &options};
    if (read_all(&reading, keywords, error) || settle_grid(&reading, error))
        return -1;
    *self = options;
    return 0;
}
