#include "kernels/heat/options.h"

#include <string.h>

#include "kernels/common/arrays.h"
#include "kernels/heat/settle.h"

//  The keywords, by their places in the table below.
enum {
    N,
    SHAPE,
    INITIAL,
    ALPHA,
    DT,
    STEPS,
    DAMPED,
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
    DECOMPOSE,
    RESULT,
    OUT,
    WAIT,
    KEYWORDS
};

//  What the rows of the table fill.
typedef struct reading {
    heat_options_t *options;
    heat_given_t given;
} reading_t;

//  The functions that take keywords, for the rows of the table.
enum { SOLVE = 1, INITIAL_STATE = 2, BOTH = SOLVE | INITIAL_STATE };

static reading_t *reading_of(const kernel_reading_t *self)
{
    return self->options;
}

static heat_options_t *options_of(const kernel_reading_t *self)
{
    return reading_of(self)->options;
}

static int read_n(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    int64_t n = 0;
    if (kernel_read_integer(self, value, HEAT_MIN_LENGTH, HEAT_MAX_LENGTH, &n, error))
        return -1;
    heat_options_t *options = options_of(self);
    options->ndim = 2;
    options->length[HEAT_Z] = 1;
    options->length[HEAT_Y] = options->length[HEAT_X] = (size_t) n;
    reading_of(self)->given.n = true;
    return 0;
}

//  A list, a range or an array of one to three integers.
static int read_shape(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return kernel_wrong_kind(self, "a list of lengths", value, error);
    const size_t count = ipc_value_count(value);
    if (count < 1 || count > HEAT_AXES)
        return kernel_refuse(error, "ValueError",
                             "shape of %s must have one to three lengths, not %zu",
                             self->function, count);
    int64_t lengths[HEAT_AXES] = {1, 1, 1};
    for (size_t k = 0; k < count; k++)
        if (kernel_read_integer(self, ipc_value_at(value, k), HEAT_MIN_LENGTH,
                                HEAT_MAX_LENGTH, &lengths[HEAT_AXES - count + k], error))
            return -1;
    for (int axis = 0; axis < HEAT_AXES; axis++)
        options_of(self)->length[axis] = (size_t) lengths[axis];
    options_of(self)->ndim = (int) count;
    reading_of(self)->given.shape = true;
    return 0;
}

//  An array of real numbers of any shape: what shape is right, heat_settle_… says.
static int read_array(const kernel_reading_t *self, const char *wanted, ipc_value_t value,
                      kernel_input_t *input, ipc_error_t *error)
{
    if (ipc_value_kind(value) != IPC_KIND_ARRAY)
        return kernel_wrong_kind(self, wanted, value, error);
    const kernel_input_t given = kernel_input_of(value);
    if (given.dtype == IPC_C64 || given.dtype == IPC_C128)
        return kernel_refuse(error, "TypeError", "%s of %s must hold real numbers, not %s",
                             self->keyword, self->function, ipc_dtype_name(given.dtype));
    *input = given;
    return 0;
}

static int read_initial(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    if (ipc_value_kind(value) == IPC_KIND_STR && strcmp(ipc_value_str(value), "cross") != 0)
        return kernel_refuse(error, "ValueError", "initial of %s is \"cross\" or an array, not '%.40s'",
                             self->function, ipc_value_str(value));
    if (ipc_value_kind(value) == IPC_KIND_STR)
        return 0;
    if (kernel_is_device_array(value))
        return kernel_read_input(self, value, "an array", &options_of(self)->initial, error);
    return read_array(self, "\"cross\" or an array", value, &options_of(self)->initial,
                      error);
}

static int read_source(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_array(self, "an array", value, &options_of(self)->source, error);
}

static int read_alpha(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    reading_of(self)->given.alpha = true;
    if (ipc_value_kind(value) == IPC_KIND_ARRAY)
        return read_array(self, "a number or an array", value, &options_of(self)->alphas,
                          error);
    return kernel_read_real(self, value, 0, &options_of(self)->alpha, error);
}

static int read_dt(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_positive(self, value, &options_of(self)->dt, error);
}

static int read_steps(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    reading_of(self)->given.steps = true;
    return kernel_read_integer(self, value, 0, INT32_MAX, &options_of(self)->steps, error);
}

static int read_damped(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_integer(self, value, 0, INT32_MAX, &options_of(self)->damped, error);
}

static int read_t(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    reading_of(self)->given.t = true;
    return kernel_read_real(self, value, 0, &options_of(self)->t, error);
}

static int read_method(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {
        [HEAT_FD] = "fd", [HEAT_FFT] = "fft", [HEAT_CN] = "cn"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 3, &place, error))
        return -1;
    options_of(self)->method = (heat_method_t) place;
    return 0;
}

static int read_boundary(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {[HEAT_FIXED] = "fixed",
                                        [HEAT_PERIODIC] = "periodic",
                                        [HEAT_INSULATED] = "insulated"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 3, &place, error))
        return -1;
    options_of(self)->boundary = (heat_boundary_t) place;
    reading_of(self)->given.boundary = true;
    return 0;
}

static int read_laplacian(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {
        [HEAT_CONTINUOUS] = "continuous", [HEAT_DISCRETE] = "discrete"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 2, &place, error))
        return -1;
    options_of(self)->laplacian = (heat_laplacian_t) place;
    reading_of(self)->given.laplacian = true;
    return 0;
}

static int read_lx(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_positive(self, value, &reading_of(self)->given.extent[HEAT_X],
                                error);
}

static int read_ly(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_positive(self, value, &reading_of(self)->given.extent[HEAT_Y],
                                error);
}

static int read_lz(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_positive(self, value, &reading_of(self)->given.extent[HEAT_Z],
                                error);
}

//  A list, a range or an array of numbers.
static int read_alphas(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    const ipc_kind_t kind = ipc_value_kind(value);
    if (kind != IPC_KIND_LIST && kind != IPC_KIND_ARRAY && kind != IPC_KIND_RANGE)
        return kernel_wrong_kind(self, "a list of numbers", value, error);
    options_of(self)->each = value;
    return 0;
}

static int read_plan(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"estimate", "measure"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 2, &place, error))
        return -1;
    options_of(self)->measure = place == 1;
    return 0;
}

static int read_batch(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_bool(self, value, &options_of(self)->batch, error);
}

static int read_dtype(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {"float64", "float32"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 2, &place, error))
        return -1;
    options_of(self)->dtype = place == 0 ? IPC_F64 : IPC_F32;
    reading_of(self)->given.dtype = true;
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

static int read_decompose(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_bool(self, value, &options_of(self)->decompose, error);
}

static int read_result(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    static const char *const words[] = {[HEAT_ROWS] = "rows", [HEAT_GATHERED] = "gathered"};
    size_t place = 0;
    if (kernel_read_word(self, value, words, 2, &place, error))
        return -1;
    options_of(self)->result = (heat_result_t) place;
    reading_of(self)->given.split = self->keyword;
    return 0;
}

static int read_out(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    reading_of(self)->given.split = self->keyword;
    return kernel_read_name(self, value, &options_of(self)->out, error);
}

static int read_wait(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    reading_of(self)->given.split = self->keyword;
    return kernel_read_real(self, value, 0, &options_of(self)->wait, error);
}

static const kernel_keyword_t table[KEYWORDS] = {
    [N] = {"n", read_n, BOTH},
    [SHAPE] = {"shape", read_shape, BOTH},
    [INITIAL] = {"initial", read_initial, SOLVE},
    [ALPHA] = {"alpha", read_alpha, SOLVE},
    [DT] = {"dt", read_dt, SOLVE},
    [STEPS] = {"steps", read_steps, SOLVE},
    [DAMPED] = {"damped", read_damped, SOLVE},
    [T] = {"t", read_t, SOLVE},
    [METHOD] = {"method", read_method, SOLVE},
    [BOUNDARY] = {"boundary", read_boundary, SOLVE},
    [LAPLACIAN] = {"laplacian", read_laplacian, SOLVE},
    [LX] = {"lx", read_lx, SOLVE},
    [LY] = {"ly", read_ly, SOLVE},
    [LZ] = {"lz", read_lz, SOLVE},
    [SOURCE] = {"source", read_source, SOLVE},
    [BATCH] = {"batch", read_batch, SOLVE},
    [ALPHAS] = {"alphas", read_alphas, SOLVE},
    [PLAN] = {"plan", read_plan, SOLVE},
    [DTYPE] = {"dtype", read_dtype, BOTH},
    [DEVICE] = {"device", read_device, SOLVE},
    [THREADS] = {"threads", read_threads, SOLVE},
    [KEEP] = {"keep", read_keep, SOLVE},
    [DECOMPOSE] = {"decompose", read_decompose, SOLVE},
    [RESULT] = {"result", read_result, SOLVE},
    [OUT] = {"out", read_out, SOLVE},
    [WAIT] = {"wait", read_wait, SOLVE},
};

static int read_all(kernel_reading_t *self, ipc_value_t keywords, ipc_error_t *error)
{
    *options_of(self) =
        (heat_options_t){.ndim = 2,
                         .count = 1,
                         .length = {1, HEAT_DEFAULT_LENGTH, HEAT_DEFAULT_LENGTH},
                         .dtype = IPC_F64,
                         .alpha = 1,
                         .dt = 0.1,
                         .steps = HEAT_DEFAULT_STEPS,
                         .wait = HEAT_DEFAULT_WAIT};
    return kernel_read_keywords(self, table, KEYWORDS, keywords, error);
}

int heat_options_read(heat_options_t *self, ipc_value_t keywords, ipc_error_t *error)
{
    heat_options_t options;
    reading_t reading = {.options = &options};
    kernel_reading_t one = {.function = "heat.solve", .bit = SOLVE, .options = &reading};
    const int result = read_all(&one, keywords, error) ||
                               heat_settle_split(&options, &reading.given, error) ||
                               heat_settle_grid(&options, &reading.given, one.function, error) ||
                               heat_settle_solve(&options, &reading.given, error)
                           ? -1
                           : 0;
    *self = options;
    return result;
}

int heat_options_read_initial(heat_options_t *self, ipc_value_t keywords,
                              ipc_error_t *error)
{
    heat_options_t options;
    reading_t reading = {.options = &options};
    kernel_reading_t one = {
        .function = "heat.initial", .bit = INITIAL_STATE, .options = &reading};
    if (read_all(&one, keywords, error) ||
        heat_settle_grid(&options, &reading.given, one.function, error))
        return -1;
    *self = options;
    return 0;
}
