#include "kernels/heat/options.h"

#include <string.h>

#include "kernels/heat/nearest.h"
#include "kernels/heat/pool.h"
#include "kernels/heat/reading.h"
#include "kernels/heat/settle.h"

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
    BOUNDARY,
    LAPLACIAN,
    LX,
    LY,
    LZ,
    SOURCE,
    BATCH,
    ALPHAS,
    PLAN,
    DTYPE,
    DEVICE,
    THREADS,
    KEEP,
    KEYWORDS
};

//  What is known while the keywords are read.
typedef struct reading {
    heat_options_t *options;
    heat_given_t given;
    heat_reading_t one;  // the keyword that is being read
    bool seen[KEYWORDS]; // by its place in the table
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
    heat_options_t *options = self->options;
    options->ndim = 2;
    options->length[HEAT_Z] = 1;
    options->length[HEAT_Y] = options->length[HEAT_X] = (size_t) n;
    self->given.n = true;
    return 0;
}

//  A list, a range or an array of one to three integers.
static int read_shape(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return heat_read_wrong_kind(&self->one, "a list of lengths", value, error);
    const size_t count = ipc_value_count(value);
    if (count < 1 || count > HEAT_AXES)
        return heat_refuse(error, "ValueError",
                           "shape of %s must have one to three lengths, not %zu",
                           self->one.function, count);
    int64_t lengths[HEAT_AXES] = {1, 1, 1};
    for (size_t k = 0; k < count; k++)
        if (heat_read_integer(&self->one, ipc_value_at(value, k), HEAT_MIN_LENGTH,
                              HEAT_MAX_LENGTH, &lengths[HEAT_AXES - count + k], error))
            return -1;
    for (int axis = 0; axis < HEAT_AXES; axis++)
        self->options->length[axis] = (size_t) lengths[axis];
    self->options->ndim = (int) count;
    self->given.shape = true;
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
        memcpy(input.shape, value.as.borrowed.shape, sizeof value.as.borrowed.shape);
        return input;
    }
    input = (heat_input_t){.data = ipc_array_data(array),
                           .dtype = ipc_array_dtype(array),
                           .ndim = ipc_array_ndim(array)};
    for (int k = 0; k < input.ndim && k <= HEAT_AXES; k++)
        input.shape[k] = ipc_array_shape(array)[k];
    return input;
}

//  An array of real numbers of any shape: what shape is right, heat_settle_… says.
static int read_array(const reading_t *self, const char *wanted, ipc_value_t value,
                      heat_input_t *input, ipc_error_t *error)
{
    if (ipc_value_kind(value) != IPC_KIND_ARRAY)
        return heat_read_wrong_kind(&self->one, wanted, value, error);
    const heat_input_t given = input_of(value);
    if (given.dtype == IPC_C64 || given.dtype == IPC_C128)
        return heat_refuse(error, "TypeError", "%s of %s must hold real numbers, not %s",
                           self->one.keyword, self->one.function,
                           ipc_dtype_name(given.dtype));
    *input = given;
    return 0;
}

static int read_initial(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"cross"};
    size_t place = 0;
    if (ipc_value_kind(value) == IPC_KIND_STR)
        return heat_read_word(&self->one, value, words, 1, &place, error);
    return read_array(self, "\"cross\" or an array", value, &self->options->initial, error);
}

static int read_source(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_array(self, "an array", value, &self->options->source, error);
}

static int read_alpha(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    self->given.alpha = true;
    if (ipc_value_kind(value) == IPC_KIND_ARRAY)
        return read_array(self, "a number or an array", value, &self->options->alphas,
                          error);
    return heat_read_real(&self->one, value, &self->options->alpha, error);
}

static int read_dt(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_positive(&self->one, value, &self->options->dt, error);
}

static int read_steps(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    self->given.steps = true;
    return heat_read_integer(&self->one, value, 0, INT32_MAX, &self->options->steps, error);
}

static int read_t(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    self->given.t = true;
    return heat_read_real(&self->one, value, &self->options->t, error);
}

static int read_method(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {
        [HEAT_FD] = "fd", [HEAT_FFT] = "fft", [HEAT_CN] = "cn"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 3, &place, error))
        return -1;
    self->options->method = (heat_method_t) place;
    return 0;
}

static int read_boundary(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {[HEAT_FIXED] = "fixed",
                                        [HEAT_PERIODIC] = "periodic",
                                        [HEAT_INSULATED] = "insulated"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 3, &place, error))
        return -1;
    self->options->boundary = (heat_boundary_t) place;
    self->given.boundary = true;
    return 0;
}

static int read_laplacian(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {
        [HEAT_CONTINUOUS] = "continuous", [HEAT_DISCRETE] = "discrete"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 2, &place, error))
        return -1;
    self->options->laplacian = (heat_laplacian_t) place;
    self->given.laplacian = true;
    return 0;
}

static int read_lx(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_positive(&self->one, value, &self->given.extent[HEAT_X], error);
}

static int read_ly(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_positive(&self->one, value, &self->given.extent[HEAT_Y], error);
}

static int read_lz(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_positive(&self->one, value, &self->given.extent[HEAT_Z], error);
}

//  A list, a range or an array of numbers.
static int read_alphas(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return heat_read_wrong_kind(&self->one, "a list of numbers", value, error);
    self->options->each = value;
    return 0;
}

static int read_plan(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"estimate", "measure"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 2, &place, error))
        return -1;
    self->options->measure = place == 1;
    return 0;
}

static int read_batch(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return heat_read_bool(&self->one, value, &self->options->batch, error);
}

static int read_dtype(reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"float64", "float32"};
    size_t place = 0;
    if (heat_read_word(&self->one, value, words, 2, &place, error))
        return -1;
    self->options->dtype = place == 0 ? IPC_F64 : IPC_F32;
    self->given.dtype = true;
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
    [BOUNDARY] = {"boundary", read_boundary, false},
    [LAPLACIAN] = {"laplacian", read_laplacian, false},
    [LX] = {"lx", read_lx, false},
    [LY] = {"ly", read_ly, false},
    [LZ] = {"lz", read_lz, false},
    [SOURCE] = {"source", read_source, false},
    [BATCH] = {"batch", read_batch, false},
    [ALPHAS] = {"alphas", read_alphas, false},
    [PLAN] = {"plan", read_plan, false},
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
        if (self->seen[i])
            return heat_refuse(error, "ValueError", "%s is given twice to %s", name,
                               self->one.function);
        if (ipc_value_is_none(value))
            return 0;
        self->one.keyword = keyword->name;
        self->seen[i] = true;
        return keyword->read(self, value, error);
    }
    return unknown_keyword(self, name, for_initial, error);
}

static int read_all(reading_t *self, ipc_value_t keywords, bool for_initial,
                    ipc_error_t *error)
{
    *self->options =
        (heat_options_t){.ndim = 2,
                         .count = 1,
                         .length = {1, HEAT_DEFAULT_LENGTH, HEAT_DEFAULT_LENGTH},
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
    if (read_all(&reading, keywords, false, error) ||
        heat_settle_grid(&options, &reading.given, reading.one.function, error) ||
        heat_settle_solve(&options, &reading.given, error))
        return -1;
    *self = options;
    return 0;
}

int heat_options_read_initial(heat_options_t *self, ipc_value_t keywords,
                              ipc_error_t *error)
{
    heat_options_t options;
    reading_t reading = {.options = &options, .one.function = "heat.initial"};
    if (read_all(&reading, keywords, true, error) ||
        heat_settle_grid(&options, &reading.given, reading.one.function, error))
        return -1;
    *self = options;
    return 0;
}
