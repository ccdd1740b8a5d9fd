//  Finite differences in three dimensions, one step in a launch. A thread goes down a column
//  of points from plane to plane: what is above and below it is in its registers, what is
//  beside it in the first cache, since its block's points lie together.
#include "kernels/common/cuda_launch.cuh"
#include "kernels/heat/cuda_stencil.h"
#include "kernels/heat/cuda_strip.cuh"

enum { WIDE = 32, HIGH = 8, DEPTH = 32 }; // points of a block, planes of a thread

//  What a launch works on.
template <typename real> struct solids {
    heat_boundary_t boundary;
    long count, planes, rows, columns;
    long across, down, deep; // blocks of a grid along each axis
    double ratio[HEAT_AXES];
    const double *pace;
    const real *face[HEAT_AXES];
    const real *source;
};

//  The neighbour before (-1) or behind (1) a point that is not fixed.
static __device__ inline long neighbour(heat_boundary_t boundary, long i, long n, int side)
{
    return point_of(boundary, i + side, n);
}

//  A point's next value where one alpha holds.
template <typename real> struct plain_step {
    real centre, x, y, z;
    __device__ real operator()(real middle, real left, real right, real up, real down,
                               real over, real under) const
    {
        return centre * middle +
               (x * (left + right) + (y * (up + down) + z * (over + under)));
    }
};

//  The same where each surface has a number, beginning at those before the point.
template <typename real>
static __device__ inline real step_faces(const solids<real> &grid, long z, long y, long x,
                                         real middle, real left, real right, real up,
                                         real down, real over, real under)
{
    const size_t line = z * (size_t) grid.rows + y;
    const real *sides = grid.face[HEAT_X] + line * (grid.columns + 1) + x;
    const real *rows = grid.face[HEAT_Y] +
                       (z * (size_t) (grid.rows + 1) + y) * grid.columns + x;
    const real *planes = grid.face[HEAT_Z] + line * grid.columns + x;
    real out = middle;
    out += sides[1] * (right - middle) - sides[0] * (middle - left);
    out += rows[grid.columns] * (down - middle) - rows[0] * (middle - up);
    out += planes[(size_t) grid.rows * grid.columns] * (under - middle) -
           planes[0] * (middle - over);
    return out;
}

template <typename real>
__global__ void __launch_bounds__(WIDE *HIGH)
    take_step(solids<real> grid, const real *__restrict__ from, real *__restrict__ to)
{
    long block = blockIdx.x;
    const long x = block % grid.across * WIDE + threadIdx.x;
    block /= grid.across;
    const long y = block % grid.down * HIGH + threadIdx.y;
    block /= grid.down;
    const long first = block % grid.deep * DEPTH, which = block / grid.deep;
    if (x >= grid.columns || y >= grid.rows)
        return;
    const long end = first + DEPTH < grid.planes ? first + DEPTH : grid.planes;
    const bool fixed = grid.boundary == HEAT_FIXED;
    const bool edge = fixed && (x == 0 || x + 1 == grid.columns || y == 0 || y + 1 == grid.rows);
    const double pace = grid.pace ? grid.pace[which] : 1;
    const double rz = grid.ratio[HEAT_Z] * pace, ry = grid.ratio[HEAT_Y] * pace,
                 rx = grid.ratio[HEAT_X] * pace;
    const plain_step<real> step = {(real) (1 - 2 * (rz + ry + rx)), (real) rx, (real) ry,
                                   (real) rz};
    const size_t plane = (size_t) grid.rows * grid.columns;
    const size_t base = which * (size_t) grid.planes * plane, here = y * (size_t) grid.columns + x;
    // From the point to those beside it, of which the edges' rule says where they are.
    const long left = neighbour(grid.boundary, x, grid.columns, -1) - x;
    const long right = neighbour(grid.boundary, x, grid.columns, 1) - x;
    const long up = (neighbour(grid.boundary, y, grid.rows, -1) - y) * grid.columns;
    const long down = (neighbour(grid.boundary, y, grid.rows, 1) - y) * grid.columns;
    const real *column = from + base + here;
    real over = column[neighbour(grid.boundary, first, grid.planes, -1) * plane];
    real middle = column[first * plane];
    for (long z = first; z < end; z++) {
        const real *at = column + z * plane;
        const real under = column[neighbour(grid.boundary, z, grid.planes, 1) * plane];
        real out = middle;
        if (!edge && !(fixed && (z == 0 || z + 1 == grid.planes))) {
            out = grid.face[HEAT_X]
                      ? step_faces(grid, z, y, x, middle, at[left], at[right], at[up],
                                   at[down], over, under)
                      : step(middle, at[left], at[right], at[up], at[down], over, under);
            if (grid.source)
                out += grid.source[z * plane + here];
        }
        to[base + z * plane + here] = out;
        over = middle;
        middle = under;
    }
}

template <typename real>
static void launch(const heat_cuda_grids_t *grids, const void *from, void *to)
{
    solids<real> grid = {};
    grid.boundary = grids->boundary;
    grid.count = (long) grids->count;
    grid.planes = (long) grids->length[HEAT_Z];
    grid.rows = (long) grids->length[HEAT_Y];
    grid.columns = (long) grids->length[HEAT_X];
    grid.across = (grid.columns + WIDE - 1) / WIDE;
    grid.down = (grid.rows + HIGH - 1) / HIGH;
    grid.deep = (grid.planes + DEPTH - 1) / DEPTH;
    grid.pace = grids->pace;
    grid.source = (const real *) grids->source;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        grid.ratio[axis] = grids->ratio[axis];
        grid.face[axis] = (const real *) grids->face[axis];
    }
    cuda_launch(take_step<real>, dim3((unsigned) (grid.across * grid.down * grid.deep * grid.count)),
                dim3(WIDE, HIGH), grid, (const real *) from, (real *) to);
}

int64_t heat_cuda_step_solids(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                         int64_t most, void *from, void *to, void **here)
{
    (void) machine, (void) most;
    (grids->single ? launch<float> : launch<double>)(grids, from, to);
    *here = to;
    return 1;
}
