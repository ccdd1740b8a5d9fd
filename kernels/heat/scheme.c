#include "kernels/heat/scheme.h"

#include <math.h>

#include "kernels/common/keywords.h"
#include "kernels/heat/initial.h"

static size_t points_of(const heat_options_t *options)
{
    return options->length[HEAT_Z] * options->length[HEAT_Y] * options->length[HEAT_X];
}

static double number_at(ipc_dtype_t dtype, const void *numbers, size_t i)
{
    return dtype == IPC_F32 ? ((const float *) numbers)[i] : ((const double *) numbers)[i];
}

static void set_number(ipc_dtype_t dtype, void *numbers, size_t i, double value)
{
    if (dtype == IPC_F32)
        ((float *) numbers)[i] = (float) value;
    else
        ((double *) numbers)[i] = value;
}

//  What each point gains in so much time, or NULL in *source where there is no source.
static int prepare_source(heat_scheme_t *self, const heat_options_t *options, double time,
                          const void **source, ipc_error_t *error)
{
    const size_t count = points_of(options);
    *source = NULL;
    if (!options->source.data)
        return 0;
    void *numbers =
        heat_buffer_reserve(&self->source, count * ipc_dtype_size(options->dtype), error);
    if (!numbers)
        return -1;
    heat_convert(&options->source, count, options->dtype, numbers);
    if (heat_check_finite(options, "source", 1, numbers, error))
        return -1;
    for (size_t i = 0; time != 1 && i < count; i++)
        set_number(options->dtype, numbers, i,
                   time * number_at(options->dtype, numbers, i));
    *source = numbers;
    return 0;
}

//  What flows through the surface between two points of different alpha, as through two
//  layers of half the distance each.
static double mean_alpha(double a, double b)
{
    return a + b > 0 ? 2 * a * b / (a + b) : 0;
}

//  Writes the surfaces that cross an axis: see heat_steps_t. Gives their number.
static size_t write_faces(const heat_options_t *options, const void *alpha, int axis,
                          void *faces)
{
    const size_t *length = options->length;
    const size_t stride[HEAT_AXES] = {length[HEAT_Y] * length[HEAT_X], length[HEAT_X], 1};
    size_t more[HEAT_AXES] = {length[HEAT_Z], length[HEAT_Y], length[HEAT_X]};
    const size_t n = more[axis]++;
    const double by = options->dt / (options->spacing[axis] * options->spacing[axis]);
    const size_t count = more[HEAT_Z] * more[HEAT_Y] * more[HEAT_X];
    for (size_t i = 0; i < count; i++) {
        const size_t place[HEAT_AXES] = {i / (more[HEAT_Y] * more[HEAT_X]),
                                         i / more[HEAT_X] % more[HEAT_Y], i % more[HEAT_X]};
        size_t behind = 0; // the point behind the surface, were it the axis's first one
        for (int k = HEAT_Z; k < HEAT_AXES; k++)
            behind += k == axis ? 0 : place[k] * stride[k];
        const bool outer = place[axis] == 0 || place[axis] == n;
        const size_t next = behind + place[axis] % n * stride[axis];
        const size_t last = behind + (place[axis] + n - 1) % n * stride[axis];
        const double mean = mean_alpha(number_at(options->dtype, alpha, last),
                                       number_at(options->dtype, alpha, next));
        set_number(options->dtype, faces, i,
                   outer && options->boundary != HEAT_PERIODIC ? 0 : by * mean);
    }
    return count;
}

static int prepare_faces(heat_scheme_t *self, const heat_options_t *options,
                         ipc_error_t *error)
{
    const size_t points = points_of(options), element = ipc_dtype_size(options->dtype);
    size_t size = points;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        size += options->length[axis] > 1 ? points + points / options->length[axis] : 0;
    char *at = heat_buffer_reserve(&self->alpha, size * element, error);
    if (!at)
        return -1;
    const void *alpha = at;
    heat_convert(&options->alphas, points, options->dtype, at);
    at += points * element;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        if (options->length[axis] > 1) {
            self->steps.face[axis] = at;
            at += element * write_faces(options, alpha, axis, at);
        }
    return 0;
}

static int prepare_steps(heat_scheme_t *self, const heat_options_t *options,
                         ipc_error_t *error)
{
    self->steps = (heat_steps_t){.count = options->steps};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        if (options->length[axis] > 1)
            self->steps.ratio[axis] = options->alpha * options->dt /
                                      (options->spacing[axis] * options->spacing[axis]);
    if (options->alphas.data && prepare_faces(self, options, error))
        return -1;
    return prepare_source(self, options, options->dt, &self->steps.source, error);
}

//  Waves along an axis, and points between whose values they are.
static size_t waves_along(const heat_options_t *options, int axis)
{
    const size_t n = options->length[axis];
    return options->boundary == HEAT_FIXED && n > 1 ? n - 2 : n;
}

//  By what angle wave k goes on from one point to the next.
static double angle_of(heat_boundary_t boundary, size_t k, size_t n)
{
    switch (boundary) {
    case HEAT_FIXED: return M_PI * (double) (k + 1) / (double) (n - 1);
    case HEAT_INSULATED: return M_PI * (double) k / (double) n;
    default: return 2 * M_PI * (double) (k <= n / 2 ? k : n - k) / (double) n;
    }
}

//  Writes the tables of one axis: the rates, those of the five-point Laplacian, and what is
//  left of each wave after the time.
static void fill_tables(const heat_options_t *options, int axis, double *rate,
                        double *grid_rate, double *factor)
{
    // Waves that decay further contribute nothing, but would cost time as denormal numbers.
    const double smallest = 1e-300, d = options->spacing[axis];
    for (size_t k = 0; k < waves_along(options, axis); k++) {
        const double angle = angle_of(options->boundary, k, options->length[axis]);
        const double waves = angle / d, grid_waves = 2 * sin(angle / 2) / d;
        grid_rate[k] = options->alpha * grid_waves * grid_waves;
        rate[k] = options->laplacian == HEAT_DISCRETE ? grid_rate[k]
                                                      : options->alpha * waves * waves;
        factor[k] = exp(-rate[k] * options->t);
        if (factor[k] < smallest)
            factor[k] = 0;
    }
}

//  Whether a number on the edge of a grid is not 0.
static bool edges_matter(const heat_options_t *options, const void *initial)
{
    const size_t *length = options->length, columns = length[HEAT_X];
    const size_t lines = options->count * length[HEAT_Z] * length[HEAT_Y];
    for (size_t line = 0; line < lines; line++) {
        const size_t y = line % length[HEAT_Y], z = line / length[HEAT_Y] % length[HEAT_Z];
        const bool edge = (length[HEAT_Y] > 1 && (y == 0 || y + 1 == length[HEAT_Y])) ||
                          (length[HEAT_Z] > 1 && (z == 0 || z + 1 == length[HEAT_Z]));
        for (size_t c = 0; c < columns; c += edge ? 1 : columns - 1)
            if (number_at(options->dtype, initial, line * columns + c) != 0)
                return true;
    }
    return false;
}

static int prepare_waves(heat_scheme_t *self, const heat_options_t *options,
                         const void *initial, ipc_error_t *error)
{
    // Numbers on a device are not looked at.
    const bool edges = options->boundary == HEAT_FIXED &&
                       (options->initial.on_device || edges_matter(options, initial));
    size_t count = 0;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) count += waves_along(options, axis);
    const int64_t steps = options->method == HEAT_CN ? options->steps : 0;
    self->waves = (heat_waves_t){.t = options->t,
                                 .steps = steps,
                                 .damped = options->damped < steps ? options->damped : steps};
    double *table = heat_buffer_reserve(&self->tables, 3 * count * sizeof *table, error);
    if (!table || prepare_source(self, options, 1, &self->waves.source, error))
        return -1;
    const bool product =
        options->method == HEAT_FFT && !edges && !self->waves.source && !self->pace;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        const size_t waves = waves_along(options, axis);
        const double d = options->spacing[axis];
        if (options->length[axis] == 1)
            continue;
        fill_tables(options, axis, table, table + waves, table + 2 * waves);
        self->waves.rate[axis] = table;
        self->waves.grid_rate[axis] = table + waves;
        self->waves.factor[axis] = product ? table + 2 * waves : NULL;
        self->waves.left[axis] = options->method == HEAT_FFT && !self->pace ? table + 2 * waves : NULL;
        self->waves.coupling[axis] = edges ? options->alpha / (d * d) : 0;
        table += 3 * waves;
    }
    return 0;
}

//  Writes the alpha of each grid over the largest, which the scheme is made for.
static int prepare_pace(heat_scheme_t *self, const heat_options_t *options,
                        ipc_error_t *error)
{
    self->pace = NULL;
    if (ipc_value_is_none(options->each))
        return 0;
    double *pace = heat_buffer_reserve(&self->alpha, options->count * sizeof *pace, error);
    for (size_t i = 0; pace && i < options->count; i++) {
        const double alpha = kernel_number(ipc_value_at(options->each, i));
        pace[i] = options->alpha > 0 ? alpha / options->alpha : 0;
    }
    self->pace = pace;
    return pace ? 0 : -1;
}

int heat_scheme_prepare(heat_scheme_t *self, const heat_options_t *options,
                        const void *initial, ipc_error_t *error)
{
    if (prepare_pace(self, options, error))
        return -1;
    return options->method == HEAT_FD ? prepare_steps(self, options, error)
                                      : prepare_waves(self, options, initial, error);
}

void heat_scheme_trim(heat_scheme_t *self)
{
    heat_buffer_trim(&self->tables);
    heat_buffer_trim(&self->source);
    heat_buffer_trim(&self->alpha);
}

void heat_scheme_clear(heat_scheme_t *self)
{
    heat_buffer_clear(&self->tables);
    heat_buffer_clear(&self->source);
    heat_buffer_clear(&self->alpha);
}
