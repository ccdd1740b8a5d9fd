#include "kernels/linalg/options.h"

#include "kernels/common/memory.h"

//  The keywords, by their places in the table below.
enum { A, X, B, TRANSPOSE, TRANSPOSE_A, TRANSPOSE_B, DEVICE, THREADS, KEEP, KEYWORDS };

//  The functions that take them.
enum {
    MATVEC = 1 << LINALG_MATVEC,
    MATMUL = 1 << LINALG_MATMUL,
    ASARRAY = 1 << LINALG_ASARRAY,
    GET = 1 << LINALG_GET,
    BOTH = MATVEC | MATMUL,
    ALL = BOTH | ASARRAY | GET
};

static linalg_options_t *options_of(const kernel_reading_t *self)
{
    return self->options;
}

//  --- Each keyword ----------------------------------------------------------------------

static bool is_inexact(ipc_dtype_t dtype)
{
    return dtype == IPC_F32 || dtype == IPC_F64 || dtype == IPC_C64 || dtype == IPC_C128;
}

static int read_operand(const kernel_reading_t *self, ipc_value_t value, int ndim,
                        kernel_input_t *operand, ipc_error_t *error)
{
    kernel_input_t input;
    if (kernel_read_input(self, value, "an array", &input, error))
        return -1;
    if (!is_inexact(input.dtype))
        return kernel_refuse(
            error, "TypeError",
            "%s of %s must hold float32, float64, complex64 or complex128, not %s",
            self->keyword, self->function, ipc_dtype_name(input.dtype));
    if (input.ndim != ndim)
        return kernel_refuse(error, "ValueError",
                             "%s of %s must have %d dimension%s, not %d", self->keyword,
                             self->function, ndim, ndim == 1 ? "" : "s", input.ndim);
    for (int k = 0; k < ndim; k++)
        if (input.shape[k] > LINALG_MAX_LENGTH)
            return kernel_refuse(
                error, "ValueError", "%s of %s has a length of %zu, more than the most, %d",
                self->keyword, self->function, input.shape[k], LINALG_MAX_LENGTH);
    *operand = input;
    return 0;
}

static int read_a(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    if (self->bit & (ASARRAY | GET))
        return kernel_read_input(self, value, "an array", &options_of(self)->left, error);
    return read_operand(self, value, 2, &options_of(self)->left, error);
}

static int read_x(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_operand(self, value, 1, &options_of(self)->right, error);
}

static int read_b(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return read_operand(self, value, 2, &options_of(self)->right, error);
}

static int read_transpose_a(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_bool(self, value, &options_of(self)->transpose_left, error);
}

static int read_transpose_b(kernel_reading_t *self, ipc_value_t value, ipc_error_t *error)
{
    return kernel_read_bool(self, value, &options_of(self)->transpose_right, error);
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
    [A] = {"a", read_a, ALL},
    [X] = {"x", read_x, MATVEC},
    [B] = {"b", read_b, MATMUL},
    [TRANSPOSE] = {"transpose", read_transpose_a, MATVEC},
    [TRANSPOSE_A] = {"transpose_a", read_transpose_a, MATMUL},
    [TRANSPOSE_B] = {"transpose_b", read_transpose_b, MATMUL},
    [DEVICE] = {"device", read_device, BOTH | ASARRAY},
    [THREADS] = {"threads", read_threads, BOTH},
    [KEEP] = {"keep", read_keep, ALL},
};

//  --- What they say together ------------------------------------------------------------

static int check_operands(const kernel_reading_t *self, int right, ipc_error_t *error)
{
    const linalg_options_t *options = options_of(self);
    const char *name = table[right].name;
    if (!kernel_is_given(self, A) || !kernel_is_given(self, right))
        return kernel_refuse(error, "TypeError", "%s needs a and %s: %s is missing",
                             self->function, name, kernel_is_given(self, A) ? name : "a");
    if (options->left.dtype != options->right.dtype)
        return kernel_refuse(error, "TypeError",
                             "a of %s is of %s and %s of %s: both must have one dtype",
                             self->function, ipc_dtype_name(options->left.dtype), name,
                             ipc_dtype_name(options->right.dtype));
    return 0;
}

//  "2 x 3", "4 elements", "3 x 2, transposed".
static const char *shape_text(const kernel_input_t *input, bool transpose, char text[64])
{
    if (input->ndim == 1)
        snprintf(text, 64, "%zu element%s", input->shape[0],
                 input->shape[0] == 1 ? "" : "s");
    else
        snprintf(text, 64, "%zu x %zu%s", input->shape[0], input->shape[1],
                 transpose ? ", transposed" : "");
    return text;
}

//  Settles the lengths of the product, of which the inner one must be the same on both
//  sides.
static int settle_lengths(const kernel_reading_t *self, int right_row, ipc_error_t *error)
{
    linalg_options_t *options = options_of(self);
    const kernel_input_t *left = &options->left, *right = &options->right;
    const bool vector = right->ndim == 1;
    char left_text[64], right_text[64];
    const size_t inner = right->shape[options->transpose_right ? 1 : 0];
    options->rows = left->shape[options->transpose_left ? 1 : 0];
    options->inner = left->shape[options->transpose_left ? 0 : 1];
    options->columns = vector ? 1 : right->shape[options->transpose_right ? 0 : 1];
    if (options->inner != inner)
        return kernel_refuse(
            error, "ValueError",
            "%s cannot multiply a (%s) by %s (%s): %s must have %zu %s", self->function,
            shape_text(left, options->transpose_left, left_text), table[right_row].name,
            shape_text(right, options->transpose_right, right_text), table[right_row].name,
            options->inner,
            vector                     ? "elements"
            : options->transpose_right ? "columns"
                                       : "rows");
    return kernel_check_memory((double) options->rows * (double) options->columns,
                               left->dtype, error);
}

//  An operand on a device says where to compute.
static int settle_place(const kernel_reading_t *self, ipc_error_t *error)
{
    linalg_options_t *options = options_of(self);
    const bool left = options->left.on_device, right = options->right.on_device;
    if (!left && !right)
        return 0;
    if (options->place == KERNEL_CPU)
        return kernel_refuse(error, "ValueError",
                             "%s of %s is on a device, and device is cpu: linalg.get gives an "
                             "array of the host",
                             left ? "a" : "the second operand", self->function);
    options->place = KERNEL_CUDA;
    return 0;
}

static int read_move(kernel_reading_t *reading, ipc_value_t keywords, ipc_error_t *error)
{
    const linalg_options_t *options = options_of(reading);
    if (kernel_read_keywords(reading, table, KEYWORDS, keywords, error))
        return -1;
    if (!kernel_is_given(reading, A))
        return kernel_refuse(error, "TypeError", "%s needs a", reading->function);
    if (reading->bit == ASARRAY && !options->keep)
        return kernel_refuse(error, "TypeError",
                             "%s needs keep, the name of the array on the engine",
                             reading->function);
    return 0;
}

int linalg_options_read(linalg_options_t *self, linalg_function_t function,
                        ipc_value_t keywords, ipc_error_t *error)
{
    linalg_options_t options = {0};
    static const char *const names[] = {[LINALG_MATVEC] = "linalg.matvec",
                                        [LINALG_MATMUL] = "linalg.matmul",
                                        [LINALG_ASARRAY] = "linalg.asarray",
                                        [LINALG_GET] = "linalg.get"};
    const bool vector = function == LINALG_MATVEC;
    kernel_reading_t reading = {.function = names[function],
                                .bit = 1u << function,
                                .options = &options};
    if (function == LINALG_ASARRAY || function == LINALG_GET) {
        if (read_move(&reading, keywords, error))
            return -1;
        *self = options;
        return 0;
    }
    if (kernel_read_keywords(&reading, table, KEYWORDS, keywords, error) ||
        settle_place(&reading, error) || check_operands(&reading, vector ? X : B, error) ||
        settle_lengths(&reading, vector ? X : B, error))
        return -1;
    *self = options;
    return 0;
}
