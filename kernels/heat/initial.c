#include "kernels/heat/initial.h"

#include <math.h>
#include <string.h>

static void set_ones(ipc_dtype_t dtype, void *grid, size_t first, size_t end)
{
    if (dtype == IPC_F32)
        for (size_t i = first; i < end; i++) ((float *) grid)[i] = 1;
    else
        for (size_t i = first; i < end; i++) ((double *) grid)[i] = 1;
}

void heat_cross(ipc_dtype_t dtype, size_t rows, size_t columns, void *grid)
{
    const size_t half_height = rows / 20, half_width = columns / 20;
    const size_t top = rows / 4, bottom = 3 * rows / 4;
    memset(grid, 0, rows * columns * ipc_dtype_size(dtype));
    for (size_t row = top; row <= bottom; row++)
        set_ones(dtype, grid, row * columns + columns / 2 - half_width,
                 row * columns + columns / 2 + half_width + 1);
    for (size_t row = rows / 2 - half_height; row <= rows / 2 + half_height; row++)
        set_ones(dtype, grid, row * columns + columns / 4,
                 row * columns + 3 * columns / 4 + 1);
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

int heat_check_finite(ipc_dtype_t dtype, size_t rows, size_t columns, const void *grid,
                      ipc_error_t *error)
{
    const size_t count = rows * columns;
    const size_t i =
        dtype == IPC_F32 ? first_wrong_f32(grid, count) : first_wrong_f64(grid, count);
    if (i == count)
        return 0;
    const double value =
        dtype == IPC_F32 ? ((const float *) grid)[i] : ((const double *) grid)[i];
    return kernel_refuse(
        error, "ValueError",
        "initial of heat.solve is %s at row %zu, column %zu%s, and must be finite",
        isnan(value) ? "NaN" : "infinite", i / columns, i % columns,
        dtype == IPC_F32 ? " as float32" : "");
}
