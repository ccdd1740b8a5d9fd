//  Finite differences in one dimension. A warp takes many steps of a strip (see
//  cuda_strip.cuh) without looking at memory in between: as many as leave half of the strip
//  right. A grid that is a strip as a whole, with its edges in it, takes all its steps so.
#include "kernels/common/cuda_launch.cuh"
#include "kernels/heat/cuda_stencil.h"
#include "kernels/heat/cuda_strip.cuh"

enum {
    POINTS = 8, // of a lane
    STRIP = LANES * POINTS,
    MOST_LEVELS = STRIP / 4
};

//  What a launch works on.
template <typename real> struct lines {
    heat_boundary_t boundary;
    long count, columns, strips;
    long halo;   // columns that a strip loses at each side
    int levels;  // steps
    double side; // ratio
    const double *pace;
    const real *face;
    const real *source;
    bool aligned; // lines begin at multiples of 16 bytes
};

//  One step of a lane's points.
//      face    before each point, and behind the last
template <typename real, bool FACES>
static __device__ inline void step_line(real (&value)[POINTS], const real (&face)[POINTS + 1],
                                        const real (&source)[POINTS], bool has_source,
                                        const bool (&kept)[POINTS], real centre, real side)
{
    real before, behind, left;
    beside(value, &before, &behind);
    left = before;
#pragma unroll
    for (int k = 0; k < POINTS; k++) {
        const real middle = value[k], right = k + 1 < POINTS ? value[k + 1 < POINTS ? k + 1 : 0] : behind;
        real out = FACES ? middle + (face[k + 1] * (right - middle) - face[k] * (middle - left))
                         : centre * middle + side * (left + right);
        if (has_source)
            out += source[k];
        value[k] = kept[k] ? middle : out;
        left = middle;
    }
}

//  All steps of one strip.
template <typename real, bool FACES>
static __device__ void take_strip(const lines<real> &grid, const real *from, real *to, long tile)
{
    const long which = tile / grid.strips;
    const long left = tile % grid.strips * (STRIP - 2 * grid.halo) - grid.halo;
    const long first = left + threadIdx.x * POINTS;
    const bool whole = grid.aligned && left >= 0 && left + STRIP <= grid.columns;
    const double side = grid.side * (grid.pace ? grid.pace[which] : 1);
    const real *line = from + which * (size_t) grid.columns;
    int column[POINTS];
    bool kept[POINTS];
    real value[POINTS], source[POINTS] = {}, face[POINTS + 1] = {};
#pragma unroll
    for (int k = 0; k < POINTS; k++) {
        column[k] = point_of(grid.boundary, first + k, grid.columns);
        kept[k] = grid.boundary == HEAT_FIXED && (first + k <= 0 || first + k >= grid.columns - 1);
        if (grid.source)
            source[k] = grid.source[column[k]];
    }
#pragma unroll
    for (int k = 0; FACES && k <= POINTS; k++)
        face[k] = grid.face[surface_of(grid.boundary, first + k, grid.columns)];
    load_points(line, column, whole, value);
    for (int level = 0; level < grid.levels; level++)
        step_line<real, FACES>(value, face, source, grid.source != nullptr, kept,
                               (real) (1 - 2 * side), (real) side);
    const long own = threadIdx.x * POINTS;
    if (own >= grid.halo && own < STRIP - grid.halo && first < grid.columns)
        store_points(to + which * (size_t) grid.columns, first, grid.columns,
                     grid.aligned && first + POINTS <= grid.columns, value);
}

template <typename real, bool FACES>
__global__ void __launch_bounds__(LANES *WARPS)
    take_strips(lines<real> grid, const real *from, real *to)
{
    for (long tile = warp_number(); tile < grid.count * grid.strips; tile += warp_count())
        take_strip<real, FACES>(grid, from, to, tile);
}

template <typename real>
static int64_t take(const heat_cuda_grids_t *grids, int64_t most, void *from, void *to)
{
    lines<real> grid = {};
    grid.boundary = grids->boundary;
    grid.count = (long) grids->count;
    grid.columns = (long) grids->length[HEAT_X];
    grid.side = grids->ratio[HEAT_X];
    grid.pace = grids->pace;
    grid.face = (const real *) grids->face[HEAT_X];
    grid.source = (const real *) grids->source;
    grid.aligned = grid.columns * sizeof(real) % 16 == 0;
    const bool alone = grid.boundary == HEAT_FIXED && grid.columns <= STRIP;
    const int64_t bound = alone ? INT32_MAX : MOST_LEVELS;
    grid.levels = (int) (most < bound ? most : bound);
    grid.halo = alone ? 0 : (grid.levels + POINTS - 1) / POINTS * POINTS;
    const long valid = STRIP - 2 * grid.halo;
    grid.strips = (grid.columns + valid - 1) / valid;
    const long blocks = (grid.count * grid.strips + WARPS - 1) / WARPS;
    const dim3 all(cuda_some((size_t) blocks));
    if (grid.face)
        cuda_launch(take_strips<real, true>, all, dim3(LANES, WARPS), grid, (const real *) from,
                    (real *) to);
    else
        cuda_launch(take_strips<real, false>, all, dim3(LANES, WARPS), grid,
                    (const real *) from, (real *) to);
    return grid.levels;
}

int64_t heat_cuda_step_lines(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                        int64_t most, void *from, void *to, void **here)
{
    (void) machine;
    *here = to;
    return (grids->single ? take<float> : take<double>)(grids, most, from, to);
}
