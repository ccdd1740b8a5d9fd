#include "kernels/heat/initial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void set_ones(ipc_dtype_t dtype, void *grid, size_t first, size_t end)
{
    if (dtype == IPC_F32)
        for (size_t i = first; i < end; i++) ((float *) grid)[i] = 1;
    else
        for (size_t i = first; i < end; i++) ((double *) grid)[i] = 1;
}

//  Writes ones from first to end along each axis.
static void fill_bar(ipc_dtype_t dtype, const size_t *length, const size_t *first,
                     const size_t *end, void *grid)
{
    for (size_t z = first[HEAT_Z]; z < end[HEAT_Z]; z++)
        for (size_t y = first[HEAT_Y]; y < end[HEAT_Y]; y++) {
            const size_t line = (z * length[HEAT_Y] + y) * length[HEAT_X];
            set_ones(dtype, grid, line + first[HEAT_X], line + end[HEAT_X]);
        }
}

void heat_cross(ipc_dtype_t dtype, const size_t *length, void *grid)
{
    memset(grid, 0,
           length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X] * ipc_dtype_size(dtype));
    for (int along = HEAT_Z; along < HEAT_AXES; along++) {
        size_t first[HEAT_AXES], end[HEAT_AXES];
        if (length[along] == 1)
            continue;
        for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
            const size_t n = length[axis], half = n / 20;
            first[axis] = axis == along ? n / 4 : n / 2 - half;
            end[axis] = (axis == along ? 3 * n / 4 : n / 2 + half) + 1;
        }
        fill_bar(dtype, length, first, end, grid);
    }
}

#define CONVERT(dtype_, type)                                                              \
    case dtype_:                                                                           \
        if (to == IPC_F32)                                                                 \
            for (size_t i = 0; i < count; i++)                                             \
                ((float *) grid)[i] = (float) ((const type *) input->data)[i];             \
        else                                                                               \
            for (size_t i = 0; i < count; i++)                                             \
                ((double *) grid)[i] = (double) ((const type *) input->data)[i];           \
        return

void heat_convert(const kernel_input_t *input, size_t count, ipc_dtype_t to, void *grid)
{
    switch (input->dtype) {
        CONVERT(IPC_BOOL, bool);
        CONVERT(IPC_I8, int8_t);
        CONVERT(IPC_I16, int16_t);
        CONVERT(IPC_I32, int32_t);
        CONVERT(IPC_I64, int64_t);
        CONVERT(IPC_U8, uint8_t);
        CONVERT(IPC_U16, uint16_t);
        CONVERT(IPC_U32, uint32_t);
        CONVERT(IPC_U64, uint64_t);
        CONVERT(IPC_F32, float);
        CONVERT(IPC_F64, double);
    default:
        memset(grid, 0, count * ipc_dtype_size(to)); // complex numbers were refused before
    }
}

//  The first number that is not finite, or count. Whole blocks are looked at first, without
//  branches: 0 * x is 0 for finite numbers alone.
#define FIRST_WRONG(name, type)                                                            \
    static size_t name(const type *grid, size_t count)                                     \
    {                                                                                      \
        enum { BLOCK = 1024 };                                                             \
        for (size_t first = 0; first < count; first += BLOCK) {                            \
            const size_t end = count - first < BLOCK ? count : first + BLOCK;              \
            int wrong = 0;                                                                 \
            for (size_t i = first; i < end; i++) wrong |= grid[i] * 0 != 0;                \
            for (size_t i = first; wrong && i < end; i++)                                  \
                if (!isfinite(grid[i]))                                                    \
                    return i;                                                              \
        }                                                                                  \
        return count;                                                                      \
    }
FIRST_WRONG(first_wrong_f32, float)
FIRST_WRONG(first_wrong_f64, double)

double heat_input_at(const kernel_input_t *input, size_t i)
{
    const size_t size = ipc_dtype_size(input->dtype);
    const kernel_input_t one = {.data = (const char *) input->data + i * size,
                                .dtype = input->dtype};
    double number;
    heat_convert(&one, 1, IPC_F64, &number);
    return number;
}

const char *heat_place_text(char *text, const heat_options_t *options, size_t i)
{
    static const char *const names[] = {"plane", "row", "column"};
    const size_t *length = options->length;
    const size_t columns = length[HEAT_X], rows = length[HEAT_Y];
    const size_t place[] = {i / (columns * rows) % length[HEAT_Z], i / columns % rows,
                            i % columns};
    size_t size = 0;
    *text = 0;
    if (options->batch)
        size = (size_t) snprintf(text, HEAT_PLACE_TEXT, "grid %zu, ",
                                 i / (columns * rows * length[HEAT_Z]));
    for (int axis = HEAT_AXES - options->ndim; axis < HEAT_AXES; axis++)
        size += (size_t) snprintf(text + size, HEAT_PLACE_TEXT - size, "%s %zu%s",
                                  names[axis], place[axis], axis < HEAT_X ? ", " : "");
    return text;
}

int heat_check_finite(const heat_options_t *options, const char *name, size_t count,
                      const void *grids, ipc_error_t *error)
{
    const bool single = options->dtype == IPC_F32;
    const size_t points =
        count * options->length[HEAT_Z] * options->length[HEAT_Y] * options->length[HEAT_X];
    const size_t i =
        single ? first_wrong_f32(grids, points) : first_wrong_f64(grids, points);
    if (i == points)
        return 0;
    const double value = single ? ((const float *) grids)[i] : ((const double *) grids)[i];
    char place[HEAT_PLACE_TEXT];
    return kernel_refuse(error, "ValueError",
                         "%s of heat.solve is %s at %s%s, and must be finite", name,
                         isnan(value) ? "NaN" : "infinite",
                         heat_place_text(place, options, i), single ? " as float32" : "");
}
