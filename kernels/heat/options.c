#include "kernels/heat/options.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "kernels/heat/nearest.h"
#include "kernels/heat/pool.h"
#include "kernels/heat/reading.h"

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

//  What is known while the keywords are read.
typedef struct reading {
    heat_options_t *options;
    heat_reading_t one;   // the keyword that is being read
    bool given[KEYWORDS]; // by its place in the table
} reading_t;

typedef int (*read_fn)(reading_t *self, ipc_value_t value, ipc_error_t *error);

typedef struct keyword {
    const char *name;
    read_fn read;
    bool initial; // heat.initial takes it too
} keyword_t;

static int read_n(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    int64_t n = 0;
    if (heat_read_integer(&self->one, value, HEAT_MIN_LENGTH, HEAT_MAX_LENGTH, &n, error))
        return -1;
    self->options->rows = self->options->columns = (size_t) n;
    return 0;
}

//  A list, a range or an array of two integers.
static int read_shape(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return heat_read_wrong_kind(&self->one, "two lengths", value, error);
    if (ipc_value_count(value) != 2)
        return heat_refuse(error, "ValueError",
                           "shape of %s must have two lengths, not %zu", self->one.function,
                           ipc_value_count(value));
    int64_t lengths[2] = {0, 0};
    for (size_t k = 0; k < 2; k++)
        if (heat_read_integer(&self->one, ipc_value_at(value, k), HEAT_MIN_LENGTH,
                              HEAT_MAX_LENGTH, &lengths[k], error))
            return -1;
    self->options->rows = (size_t) lengths[0];
    self->options->columns = (size_t) lengths[1];
    return 0;
}

static heat_input_t input_of(ipc_value_t value)
{
    heat_input_t input = {0};
    const ipc_array_t *array = ipc_value_array(value);
    if (!array) {
        input = (heat_input_t){.data = value.as.borrowed.data,
                               .dtype = (ipc_dtype_t) value.dtype,
                               .ndim = value.ndim};
        memcpy(input.shape, value.as.borrowed.shape, sizeof input.shape);
        return input;
    }
    input = (heat_input_t){.data = ipc_array_data(array),
                           .dtype = ipc_array_dtype(array),
                           .ndim = ipc_array_ndim(array)};
    for (int k = 0; k < input.ndim && k < 2; k++)
        input.shape[k] = ipc_array_shape(array)[k];
    return input;
}

static int read_initial(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"cross"};
    size_t place = 0;
    if (ipc_value_kind(value) == IPC_KIND_STR)
        return heat_read_word(&self->one, value, words, 1, &place, error);
    if (ipc_value_kind(value) != IPC_KIND_ARRAY)
        return heat_read_wrong_kind(&self->one, "\"cross\" or an array", value, error);
    heat_input_t input = input_of(value);
    if (input.ndim != 2)
        return heat_refuse(error, "ValueError",
                           "initial of %s must have 2 dimensions, not %d",
                           self->one.function, input.ndim);
    if (input.dtype == IPC_C64 || input.dtype == IPC_C128)
        return heat_refuse(error, "TypeError",
                           "initial of %s must hold real numbers, not %s",
                           self->one.function, ipc_dtype_name(input.dtype));
    for (int k = 0; k < 2; k++)
        if (input.shape[k] < HEAT_MIN_LENGTH || input.shape[k] > HEAT_MAX_LENGTH)
            return heat_refuse(
                error, "ValueError",
                "initial of %s is %zu x %zu, and each length must be from %d to %d",
                self->one.function, input.shape[0], input.shape[1], HEAT_MIN_LENGTH,
                HEAT_MAX_LENGTH);
    self->options->initial = input;
    return 0;
}

static int read_alpha(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_real(&self->one, value, &self->options->alpha, error);
}

static int read_dt(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_positive(&self->one, value, &self->options->dt, error);
}

static int read_steps(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_integer(&self->one, value, 0, INT32_MAX, &self->options->steps, error);
}

static int read_t(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_real(&self->one, value, &self->options->t, error);
}

static int read_method(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {[HEAT_FD] = "fd", [HEAT_FFT] = "fft"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 2, &place, error))
        return -1;
    self->options->method = (heat_method_t) place;
    return 0;
}

static int read_dtype(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"float64", "float32"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 2, &place, error))
        return -1;
    self->options->dtype = place == 0 ? IPC_F64 : IPC_F32;
    return 0;
}

static int read_device(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {
        [HEAT_AUTO] = "auto", [HEAT_CPU] = "cpu", [HEAT_CUDA] = "cuda"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 3, &place, error))
        return -1;
    self->options->place = (heat_place_t) place;
    return 0;
}

static int read_threads(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    int64_t threads = 0;
    if (heat_read_integer(&self->one, value, 1, HEAT_MAX_THREADS, &threads, error))
        return -1;
    self->options->threads = (int) threads;
    return 0;
}

static int read_keep(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const char *name = ipc_value_str(value);
    if (!name)
        return heat_read_wrong_kind(&self->one, "a name", value, error);
    if (!*name)
        return heat_refuse(error, "ValueError", "keep of %s is an empty name",
                           self->one.function);
    self->options->keep = name;
    return 0;
}

static const keyword_t keywords_known[KEYWORDS] = {
    [N] = {"n", read_n, true},
    [SHAPE] = {"shape", read_shape, true},
    [INITIAL] = {"initial", read_initial, false},
    [ALPHA] = {"alpha", read_alpha, false},
    [DT] = {"dt", read_dt, false},
    [STEPS] = {"steps", read_steps, false},
    [T] = {"t", read_t, false},
    [METHOD] = {"method", read_method, false},
    [DTYPE] = {"dtype", read_dtype, true},
    [DEVICE] = {"device", read_device, false},
    [THREADS] = {"threads", read_threads, false},
    [KEEP] = {"keep", read_keep, false},
};

static int unknown_keyword(const reading_t *self, const char *name, bool for_initial,
                           ipc_error_t *error)
{
    const char *names[KEYWORDS];
    size_t count = 0;
    for (size_t i = 0; i < KEYWORDS; i++)
        if (!for_initial || keywords_known[i].initial)
            names[count++] = keywords_known[i].name;
    return heat_refuse(error, "NameError",
                       "%s has no keyword '%.40s': the nearest it has is '%s'",
                       self->one.function, name, heat_nearest(name, names, count));
}

static int read_keyword(reading_t *self, const char *name, ipc_value_t value,
                        bool for_initial, ipc_error_t *error)
{
    if (!name)
        return heat_refuse(error, "TypeError", "the keywords of %s must be strings",
                           self->one.function);
    for (size_t i = 0; i < KEYWORDS; i++) {
        const keyword_t *keyword = &keywords_known[i];
        if (strcmp(name, keyword->name) != 0 || (for_initial && !keyword->initial))
            continue;
        if (self->given[i])
            return heat_refuse(error, "ValueError", "%s is given twice to %s", name,
                               self->one.function);
        if (ipc_value_is_none(value))
            return 0;
        self->one.keyword = keyword->name;
        self->given[i] = true;
        return keyword->read(self, value, error);
    }
    return unknown_keyword(self, name, for_initial, error);
}

static int check_grid(const reading_t *self, ipc_error_t *error)
{
    const heat_options_t *options = self->options;
    const size_t element = ipc_dtype_size(options->dtype);
    const size_t bytes = options->rows * options->columns * element;
    const double gib = 1.0 / (1 << 30);
    if (bytes > HEAT_MAX_GRID_BYTES)
        return heat_refuse(
            error, "MemoryError",
            "a grid of %zu x %zu %s takes %.1f GiB, more than the limit of %.0f GiB",
            options->rows, options->columns, ipc_dtype_name(options->dtype),
            (double) bytes * gib, (double) HEAT_MAX_GRID_BYTES * gib);
    const double need = (double) bytes * HEAT_NEED;
    const double memory = (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE);
    if (memory > 0 && need > memory)
        return heat_refuse(
            error, "MemoryError",
            "a grid of %zu x %zu %s needs %.1f GiB to be solved, and this host has "
            "%.1f GiB",
            options->rows, options->columns, ipc_dtype_name(options->dtype), need * gib,
            memory * gib);
    return 0;
}

//  Settles shape and dtype among n, shape, initial and dtype.
static int settle_grid(reading_t *self, ipc_error_t *error)
{
    heat_options_t *options = self->options;
    const heat_input_t *initial = &options->initial;
    if (self->given[N] && self->given[SHAPE])
        return heat_refuse(error, "ValueError", "%s takes n or shape, not both",
                           self->one.function);
    if (initial->data || initial->ndim == 2) {
        if ((self->given[N] || self->given[SHAPE]) &&
            (options->rows != initial->shape[0] || options->columns != initial->shape[1]))
            return heat_refuse(
                error, "ValueError",
                "%s says %zu x %zu, but initial is %zu x %zu: leave %s out or correct it",
                self->given[N] ? "n" : "shape", options->rows, options->columns,
                initial->shape[0], initial->shape[1], self->given[N] ? "n" : "shape");
        options->rows = initial->shape[0];
        options->columns = initial->shape[1];
        if (!self->given[DTYPE])
            options->dtype = initial->dtype == IPC_F32 ? IPC_F32 : IPC_F64;
    }
    return check_grid(self, error);
}

//  Settles t and steps, which say the same in two ways.
static int settle_time(reading_t *self, ipc_error_t *error)
{
    heat_options_t *options = self->options;
    if (self->given[T] && self->given[STEPS])
        return heat_refuse(error, "ValueError", "%s takes t or steps, not both",
                           self->one.function);
    if (!self->given[T]) {
        options->t = (double) options->steps * options->dt;
        return isfinite(options->t)
                   ? 0
                   : heat_refuse(error, "ValueError",
                                 "%lld steps of dt = %g are no finite time",
                                 (long long) options->steps, options->dt);
    }
    if (options->method != HEAT_FD)
        return 0;
    const double steps = options->t / options->dt;
    if (!(steps <= INT32_MAX))
        return heat_refuse(error, "ValueError",
                           "t = %g is %g steps of dt = %g, more than the most, %d",
                           options->t, steps, options->dt, INT32_MAX);
    if (fabs(steps - round(steps)) > 1e-9 * fmax(1, steps))
        return heat_refuse(
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
    return heat_refuse(
        error, "ValueError",
        "alpha dt = %g is above 1/4, the bound up to which method fd is stable: "
        "use dt <= %g, or method fft",
        ratio, 0.25 / options->alpha);
}

static int read_all(reading_t *self, ipc_value_t keywords, bool for_initial,
                    ipc_error_t *error)
{
    *self->options = (heat_options_t){.rows = HEAT_DEFAULT_LENGTH,
                                      .columns = HEAT_DEFAULT_LENGTH,
                                      .dtype = IPC_F64,
                                      .alpha = 1,
                                      .dt = 0.1,
                                      .steps = HEAT_DEFAULT_STEPS};
    if (ipc_value_is_none(keywords))
        return 0;
    if (ipc_value_kind(keywords) != IPC_KIND_DICT)
        return heat_refuse(error, "TypeError", "%s takes a dictionary of keywords, not %s",
                           self->one.function, heat_kind_name(keywords));
    for (size_t i = 0; i < ipc_value_count(keywords); i++)
        if (read_keyword(self, ipc_value_key(keywords, i), ipc_value_at(keywords, i),
                         for_initial, error))
            return -1;
    return 0;
}

int heat_options_read(heat_options_t *self, ipc_value_t keywords, ipc_error_t *error)
{
    heat_options_t options;
    reading_t reading = {.options = &options, .one.function = "heat.solve"};
    if (read_all(&reading, keywords, false, error) || settle_grid(&reading, error) ||
        settle_time(&reading, error) || check_stable(&options, error))
        return -1;
    *self = options;
    return 0;
}

int heat_options_read_initial(heat_options_t *self, ipc_value_t keywords,
                              ipc_error_t *error)
{
    heat_options_t options;
    reading_t reading = {.options = &options, .one.function = "heat.initial"};
    if (read_all(&reading, keywords, true, error) || settle_grid(&reading, error))
        return -1;
    *self = options;
    return 0;
}
