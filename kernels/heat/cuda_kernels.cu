#include "kernels/heat/cuda_kernels.h"

//  A block of threads is one row of 32 x 8 points; neighbours come from the cache.
static const unsigned WIDTH = 32, HEIGHT = 8, MOST_BLOCKS = 65535;

//  The operations and their order are the host's (host_fd_tile.h); built without
//  contraction to multiply-add, the results are equal to the host's bit for bit.
template <typename real>
__global__ void step(const real *__restrict__ from, real *__restrict__ to, size_t rows,
                     size_t columns, real centre, real side)
{
    const size_t c = 1 + blockIdx.x * (size_t) blockDim.x + threadIdx.x;
    if (c + 1 >= columns)
        return;
    // Grids may have more rows than a launch has blocks, so each takes several.
    for (size_t r = 1 + blockIdx.y * (size_t) blockDim.y + threadIdx.y; r + 1 < rows;
         r += (size_t) gridDim.y * blockDim.y) {
        const real *at = from + r * columns + c;
        to[r * columns + c] =
            centre * at[0] +
            side * ((at[-(ptrdiff_t) columns] + at[columns]) + (at[-1] + at[1]));
    }
}

template <typename real2, typename real>
__global__ void decay(real2 *spectrum, size_t rows, size_t waves,
                      const double *__restrict__ by_row,
                      const double *__restrict__ by_column, double scale)
{
    const size_t n = blockIdx.x * (size_t) blockDim.x + threadIdx.x;
    if (n >= waves)
        return;
    for (size_t m = blockIdx.y * (size_t) blockDim.y + threadIdx.y; m < rows;
         m += (size_t) gridDim.y * blockDim.y) {
        const real by = (real) (by_row[m] * by_column[n] * scale);
        real2 *wave = spectrum + m * waves + n;
        wave->x *= by;
        wave->y *= by;
    }
}

static dim3 blocks_for(size_t rows, size_t columns)
{
    const size_t across = (columns + WIDTH - 1) / WIDTH,
                 down = (rows + HEIGHT - 1) / HEIGHT;
    return dim3((unsigned) across, (unsigned) (down < MOST_BLOCKS ? down : MOST_BLOCKS));
}

void heat_cuda_step(bool single, const void *from, void *to, size_t rows, size_t columns,
                    double centre, double side)
{
    const dim3 blocks = blocks_for(rows - 2, columns - 2), threads(WIDTH, HEIGHT);
    if (single)
        step<float><<<blocks, threads>>>((const float *) from, (float *) to, rows, columns,
                                         (float) centre, (float) side);
    else
        step<double><<<blocks, threads>>>((const double *) from, (double *) to, rows,
                                          columns, centre, side);
}

void heat_cuda_decay(bool single, void *spectrum, size_t rows, size_t waves,
                     const double *by_row, const double *by_column, double scale)
{
    const dim3 blocks = blocks_for(rows, waves), threads(WIDTH, HEIGHT);
    if (single)
        decay<float2, float><<<blocks, threads>>>((float2 *) spectrum, rows, waves, by_row,
                                                  by_column, scale);
    else
        decay<double2, double><<<blocks, threads>>>((double2 *) spectrum, rows, waves,
                                                    by_row, by_column, scale);
}
