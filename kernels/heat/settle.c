#include "kernels/heat/settle.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "kernels/common/keywords.h"
#include "kernels/heat/initial.h"

enum { SHAPE_TEXT = 96 }; // bytes of "1024 x 1024 x 1024"

static const char *const extent_names[] = {
    [HEAT_Z] = "lz", [HEAT_Y] = "ly", [HEAT_X] = "lx"};

//  Writes "4 x 5", and gives it.
static const char *shape_text(char *text, int ndim, const size_t *shape)
{
    size_t length = 0;
    for (int k = 0; k < ndim && length < SHAPE_TEXT; k++)
        length += (size_t) snprintf(text + length, SHAPE_TEXT - length, "%s%zu",
                                    k > 0 ? " x " : "", shape[k]);
    return text;
}

//  The lengths of a grid, without the axes that it does not have.
static const size_t *lengths_of(const heat_options_t *self)
{
    return self->length + HEAT_AXES - self->ndim;
}

static size_t points_of(const heat_options_t *self)
{
    return self->length[HEAT_Z] * self->length[HEAT_Y] * self->length[HEAT_X];
}

//  Whether an array holds some rows of the grid, one engine's of a decomposed one: how many they must be
//  is known where the world is.
static bool are_rows(const heat_options_t *self, const heat_given_t *given, const kernel_input_t *input)
{
    return self->decompose && (given->n || given->shape) && input->ndim == self->ndim &&
           memcmp(lengths_of(self) + 1, input->shape + 1, ((size_t) self->ndim - 1) * sizeof(size_t)) == 0;
}

static int take_rows(heat_options_t *self, const heat_given_t *given)
{
    if (!given->dtype)
        self->dtype = self->initial.dtype == IPC_F32 ? IPC_F32 : IPC_F64;
    return 0;
}

//  Takes the shape of the array that was given; with batch, its first length is the number
//  of grids.
static int take_initial(heat_options_t *self, const heat_given_t *given,
                        const char *function, ipc_error_t *error)
{
    const kernel_input_t *initial = &self->initial;
    const int more = self->batch ? 1 : 0, ndim = initial->ndim - more;
    const size_t *shape = initial->shape + more;
    char text[SHAPE_TEXT], other[SHAPE_TEXT];
    if (ndim < 1 || ndim > HEAT_AXES)
        return kernel_refuse(
            error, "ValueError", "initial of %s must have %d to %d dimensions%s, not %d",
            function, 1 + more, HEAT_AXES + more, more ? " with batch" : "", initial->ndim);
    if (are_rows(self, given, initial))
        return take_rows(self, given);
    for (int k = 0; k < ndim; k++)
        if (shape[k] < HEAT_MIN_LENGTH || shape[k] > HEAT_MAX_LENGTH)
            return kernel_refuse(
                error, "ValueError",
                "initial of %s is %s, and each length must be from %d to %d", function,
                shape_text(text, initial->ndim, initial->shape), HEAT_MIN_LENGTH,
                HEAT_MAX_LENGTH);
    if (self->batch && (initial->shape[0] < 1 || initial->shape[0] > HEAT_MAX_LENGTH))
        return kernel_refuse(error, "ValueError", "initial of %s has no grids: it is %s",
                             function, shape_text(text, initial->ndim, initial->shape));
    if ((given->n || given->shape) &&
        (self->ndim != ndim ||
         memcmp(lengths_of(self), shape, (size_t) ndim * sizeof *shape) != 0))
        return kernel_refuse(error, "ValueError",
                             "%s says %s, but initial is %s: leave %s out or correct it",
                             given->n ? "n" : "shape",
                             shape_text(text, self->ndim, lengths_of(self)),
                             shape_text(other, ndim, shape), given->n ? "n" : "shape");
    self->ndim = ndim;
    self->count = self->batch ? initial->shape[0] : 1;
    for (int axis = 0; axis < HEAT_AXES; axis++)
        self->length[axis] = axis < HEAT_AXES - ndim ? 1 : shape[axis - (HEAT_AXES - ndim)];
    if (!given->dtype)
        self->dtype = initial->dtype == IPC_F32 ? IPC_F32 : IPC_F64;
    return 0;
}

//  Grids that a solve holds at once.
static double grids_needed(const heat_options_t *self)
{
    double need = HEAT_NEED * (double) self->count;
    if (self->source.data)
        need += 2;
    if (self->alphas.data)
        need += 1 + self->ndim;
    return need;
}

static int check_memory(const heat_options_t *self, ipc_error_t *error)
{
    char text[SHAPE_TEXT];
    shape_text(text, self->ndim, lengths_of(self));
    const double gib = 1.0 / (1 << 30);
    const double bytes = (double) self->length[HEAT_Z] * (double) self->length[HEAT_Y] *
                         (double) self->length[HEAT_X] *
                         (double) ipc_dtype_size(self->dtype);
    if (bytes * (double) self->count > (double) HEAT_MAX_GRID_BYTES)
        return kernel_refuse(
            error, "MemoryError",
            "a grid of %s %s takes %.1f GiB, more than the limit of %.0f GiB", text,
            ipc_dtype_name(self->dtype), bytes * (double) self->count * gib,
            (double) HEAT_MAX_GRID_BYTES * gib);
    const double need = bytes * grids_needed(self);
    const double memory = (double) sysconf(_SC_PHYS_PAGES) * (double) sysconf(_SC_PAGESIZE);
    if (memory > 0 && need > memory)
        return kernel_refuse(
            error, "MemoryError",
            "a grid of %s %s needs %.1f GiB to be solved, and this host has %.1f GiB", text,
            ipc_dtype_name(self->dtype), need * gib, memory * gib);
    return 0;
}

int heat_settle_split(heat_options_t *self, const heat_given_t *given, ipc_error_t *error)
{
    if (!self->decompose)
        return given->split ? kernel_refuse(error, "ValueError",
                                            "%s of heat.solve is of grids that are split over the engines: add "
                                            "decompose, or leave it out",
                                            given->split)
                            : 0;
    if (self->batch)
        return kernel_refuse(error, "ValueError", "decompose splits one grid, and not a batch of them");
    if (self->place == HEAT_CUDA)
        return kernel_refuse(error, "DeviceError", "a decomposed grid is solved on the host: leave device out");
    if (self->threads > 1)
        return kernel_refuse(error, "ValueError",
                             "decompose takes one thread of each engine: start more engines, and leave threads out");
    if (self->out && (self->keep || self->result == HEAT_GATHERED))
        return kernel_refuse(error, "ValueError", "out of heat.solve writes the grid to a file: leave %s out",
                             self->keep ? "keep" : "result");
    return 0;
}

int heat_settle_grid(heat_options_t *self, const heat_given_t *given, const char *function,
                     ipc_error_t *error)
{
    if (given->n && given->shape)
        return kernel_refuse(error, "ValueError", "%s takes n or shape, not both",
                             function);
    // Before initial is looked at: without batch it would be a grid of one dimension more.
    if (!self->batch && !ipc_value_is_none(self->each))
        return kernel_refuse(error, "ValueError",
                             "alphas of %s are of the grids of a batch: add batch, or for one grid use alpha",
                             function);
    if (self->initial.ndim > 0 && take_initial(self, given, function, error))
        return -1;
    if (self->batch && self->initial.ndim == 0)
        return kernel_refuse(error, "ValueError",
                             "batch of %s needs initial, an array of grids", function);
    return check_memory(self, error);
}

//  The distances between points, of the lengths of the domain.
static int settle_spacing(heat_options_t *self, const heat_given_t *given,
                          ipc_error_t *error)
{
    for (int axis = 0; axis < HEAT_AXES; axis++) {
        const double extent = given->extent[axis];
        const size_t n = self->length[axis];
        self->spacing[axis] = 1;
        if (extent == 0)
            continue;
        if (n == 1)
            return kernel_refuse(
                error, "ValueError", "%s of heat.solve is given, but the grid has %s",
                extent_names[axis], self->ndim == 1 ? "1 dimension" : "2 dimensions");
        self->spacing[axis] = extent / (double) (self->boundary == HEAT_FIXED ? n - 1 : n);
        const double squared = self->spacing[axis] * self->spacing[axis];
        if (!isnormal(squared) || !isnormal(1 / squared))
            return kernel_refuse(error, "ValueError",
                                 "%s = %g puts points %g apart, which has no finite square",
                                 extent_names[axis], extent, self->spacing[axis]);
    }
    return 0;
}

static const char *method_name(const heat_options_t *self)
{
    return self->method == HEAT_FD ? "fd" : self->method == HEAT_CN ? "cn" : "fft";
}

//  Settles t and steps, which say the same in two ways.
static int settle_time(heat_options_t *self, const heat_given_t *given, ipc_error_t *error)
{
    if (given->t && given->steps)
        return kernel_refuse(error, "ValueError", "heat.solve takes t or steps, not both");
    if (!given->t) {
        self->t = (double) self->steps * self->dt;
        return isfinite(self->t) ? 0
                                 : kernel_refuse(error, "ValueError",
                                                 "%lld steps of dt = %g are no finite time",
                                                 (long long) self->steps, self->dt);
    }
    if (self->method == HEAT_FFT)
        return 0;
    const double steps = self->t / self->dt;
    if (!(steps <= INT32_MAX))
        return kernel_refuse(error, "ValueError",
                             "t = %g is %g steps of dt = %g, more than the most, %d",
                             self->t, steps, self->dt, INT32_MAX);
    if (fabs(steps - round(steps)) > 1e-9 * fmax(1, steps))
        return kernel_refuse(error, "ValueError",
                             "t = %g is %g steps of dt = %g, and method %s needs a whole "
                             "number: change dt, or use method fft",
                             self->t, steps, self->dt, method_name(self));
    self->steps = (int64_t) round(steps);
    return 0;
}

//  An array that says something of each point has the shape of a grid.
static int check_shape(const heat_options_t *self, const kernel_input_t *input,
                       const char *name, ipc_error_t *error)
{
    char text[SHAPE_TEXT], other[SHAPE_TEXT];
    // Of a decomposed grid it may be the rows of one engine.
    const int first = self->decompose ? 1 : 0;
    if (input->ndim == 0 ||
        (input->ndim == self->ndim &&
         memcmp(input->shape + first, lengths_of(self) + first,
                (size_t) (self->ndim - first) * sizeof(size_t)) == 0))
        return 0;
    return kernel_refuse(error, "ValueError", "%s of heat.solve is %s, but a grid is %s",
                         name, shape_text(text, input->ndim, input->shape),
                         shape_text(other, self->ndim, lengths_of(self)));
}

//  Looks at alpha where it varies, and finds the largest.
static int check_alphas(heat_options_t *self, ipc_error_t *error)
{
    if (self->alphas.ndim == 0)
        return 0;
    if (self->method != HEAT_FD)
        return kernel_refuse(
            error, "ValueError",
            "method %s takes one alpha for the whole grid, not an array: use "
            "method fd",
            method_name(self));
    self->alpha = 0;
    for (size_t i = 0; i < points_of(self) / lengths_of(self)[0] * self->alphas.shape[0]; i++) {
        const double alpha = heat_input_at(&self->alphas, i);
        char place[HEAT_PLACE_TEXT];
        if (!isfinite(alpha) || alpha < 0)
            return kernel_refuse(
                error, "ValueError",
                "alpha of heat.solve is %g at %s, and must be finite and not negative",
                alpha, heat_place_text(place, self, i));
        self->alpha = fmax(self->alpha, alpha);
    }
    return 0;
}

//  Looks at the alphas of a batch, and finds the largest.
static int check_each(heat_options_t *self, const heat_given_t *given, ipc_error_t *error)
{
    const kernel_reading_t one = {.function = "heat.solve", .keyword = "alphas"};
    const size_t count = ipc_value_count(self->each);
    if (ipc_value_is_none(self->each))
        return 0;
    if (given->alpha)
        return kernel_refuse(error, "ValueError",
                             "heat.solve takes alpha or alphas, not both");
    if (count != self->count)
        return kernel_refuse(error, "ValueError",
                             "alphas of heat.solve are %zu, but initial has %zu grids",
                             count, self->count);
    self->alpha = 0;
    for (size_t i = 0; i < count; i++) {
        double alpha;
        if (kernel_read_real(&one, ipc_value_at(self->each, i), 0, &alpha, error))
            return -1;
        self->alpha = fmax(self->alpha, alpha);
    }
    return 0;
}

//  The number with its digits after the sixth cut off: who types it in stays below it.
static double cut_off(double number)
{
    const double unit = pow(10, floor(log10(number)) - 5);
    return floor(number / unit * (1 + 1e-12)) * unit;
}

static int check_stable(const heat_options_t *self, ipc_error_t *error)
{
    static const char *const sums[] = {"1/dx^2", "1/dx^2 + 1/dy^2",
                                       "1/dx^2 + 1/dy^2 + 1/dz^2"};
    const bool varies = self->alphas.ndim > 0, each = !ipc_value_is_none(self->each);
    const char *alpha = varies || each ? "the largest alpha times dt" : "alpha dt";
    const char *other = varies ? "" : ", or method cn or fft";
    double sum = 0;
    bool unit = true;
    for (int axis = HEAT_AXES - self->ndim; axis < HEAT_AXES; axis++) {
        sum += 1 / (self->spacing[axis] * self->spacing[axis]);
        unit = unit && self->spacing[axis] == 1;
    }
    const double ratio = self->alpha * self->dt;
    // Products such as 2.5 x 0.1 may miss 1/4 by a rounding, which does no harm.
    if (self->method != HEAT_FD || ratio * sum <= 0.5 * (1 + 1e-12))
        return 0;
    const double most = cut_off(0.5 / (self->alpha * sum));
    if (unit)
        return kernel_refuse(error, "ValueError",
                             "%s = %.12g is above 1/%d, the bound up to which method fd is "
                             "stable: use dt <= %g%s",
                             alpha, ratio, 2 * self->ndim, most, other);
    return kernel_refuse(error, "ValueError",
                         "%s (%s) = %.12g is above 1/2, the bound up to which method fd is "
                         "stable: use dt <= %g%s",
                         alpha, sums[self->ndim - 1], ratio * sum, most, other);
}

//  Grids that are on a device are solved there, in their own dtype.
static int settle_place(heat_options_t *self, ipc_error_t *error)
{
    const kernel_input_t *initial = &self->initial;
    if (!initial->on_device)
        return 0;
    if (self->place == HEAT_CPU)
        return kernel_refuse(error, "ValueError",
                             "initial of heat.solve is on a device, and device is cpu: "
                             "linalg.get gives an array of the host");
    if (initial->dtype != self->dtype)
        return kernel_refuse(error, "ValueError",
                             "initial of heat.solve is on a device as %s, and stays so: dtype "
                             "cannot be %s",
                             ipc_dtype_name(initial->dtype), ipc_dtype_name(self->dtype));
    self->place = HEAT_CUDA;
    return 0;
}

int heat_settle_solve(heat_options_t *self, const heat_given_t *given, ipc_error_t *error)
{
    if (!given->boundary)
        self->boundary = self->method == HEAT_FFT ? HEAT_PERIODIC : HEAT_FIXED;
    if (!given->laplacian)
        self->laplacian = self->method == HEAT_FFT ? HEAT_CONTINUOUS : HEAT_DISCRETE;
    if (self->method == HEAT_FD && self->laplacian == HEAT_CONTINUOUS)
        return kernel_refuse(error, "ValueError",
                             "method fd has the discrete laplacian alone: leave laplacian "
                             "out, or use method fft");
    if (self->method != HEAT_CN && self->damped > 0)
        return kernel_refuse(error, "ValueError",
                             "method %s has no steps that need damping: leave damped out, or use method cn",
                             method_name(self));
    if (self->method == HEAT_FD && self->measure)
        return kernel_refuse(error, "ValueError",
                             "method fd has no plan to measure: leave plan out");
    return settle_place(self, error) || settle_spacing(self, given, error) ||
                   settle_time(self, given, error) ||
                   check_shape(self, &self->source, "source", error) ||
                   check_shape(self, &self->alphas, "alpha", error) ||
                   check_alphas(self, error) || check_each(self, given, error)
               ? -1
               : check_stable(self, error);
}
