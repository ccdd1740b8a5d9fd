//  Finite differences in two dimensions. A warp sweeps down a tile of the grid (see
//  cuda_strip.cuh) with several steps (levels) one row behind the other: it reads each row
//  once, and writes it LEVELS steps later. Of each level only the last two rows are needed,
//  and stay in registers:
//
//      a row of level 0 is read  ->  level 1 gets the row above it  ->  … level LEVELS
//
//  So the memory moves as much for LEVELS steps as for one, but for the halo of a tile. A
//  grid that fits into the second cache is worked on in one launch, whose blocks wait for
//  one another after each LEVELS steps; larger ones in a launch for each.
#include <cooperative_groups.h>

#include "kernels/common/cuda_launch.cuh"
#include "kernels/heat/cuda_stencil.h"
#include "kernels/heat/cuda_strip.cuh"

enum {
    POINTS = 4, // of a lane
    STRIP = LANES * POINTS,
    WARPS_AT_ONCE = 8 // of a multiprocessor: there are registers for no more
};

//  The steps of a pass. Where each point has surfaces of its own, these are read again for
//  each step, and more steps would not have room for it all in the registers.
static constexpr __host__ __device__ int levels_of(heat_cuda_rule_t rule)
{
    return rule == RULE_FACES ? 2 : 8;
}

//  What a launch works on.
template <typename real> struct planes {
    heat_boundary_t boundary;
    long count;
    int rows, columns;
    int strips, chunks, height; // tiles of a grid: across, down, and rows of each
    double side, across;         // ratios along a row, and from row to row
    const double *pace;
    const real *face_side, *face_across; // surfaces between columns, between rows
    const real *source;
    bool aligned; // rows begin at multiples of 16 bytes
};

//  Columns that a strip loses at each side: whole lanes, so that strips stay aligned.
static constexpr __host__ __device__ int halo_of(int levels)
{
    return (levels + POINTS - 1) / POINTS * POINTS;
}

template <typename real> struct weights {
    real centre, side, across;
};

//  A lane's part of a tile.
template <typename real> struct lane {
    const planes<real> *grid;
    int column[POINTS];      // that each point stands for
    int surface[POINTS + 1]; // before each point, and behind the last
    bool kept[POINTS];       // a fixed point
    bool whole;              // see load_points()
    weights<real> weight;
};

//  One step of a row of a lane.
template <typename real, heat_cuda_rule_t RULE>
static __device__ inline void step_row(const lane<real> &at, int row,
                                       const real (&up)[POINTS], const real (&middle)[POINTS],
                                       const real (&down)[POINTS], real (&out)[POINTS])
{
    const planes<real> &grid = *at.grid;
    const weights<real> &by = at.weight;
    real before, behind;
    beside(middle, &before, &behind);
    const real *near = nullptr, *far = nullptr, *cross = nullptr, *source = nullptr;
    if (RULE == RULE_FACES) {
        near = grid.face_across + surface_of(grid.boundary, row, grid.rows) * (size_t) grid.columns;
        far = grid.face_across +
              surface_of(grid.boundary, row + 1, grid.rows) * (size_t) grid.columns;
        cross = grid.face_side +
                point_of(grid.boundary, row, grid.rows) * (size_t) (grid.columns + 1);
    }
    if (RULE != RULE_EQUAL && grid.source)
        source = grid.source + point_of(grid.boundary, row, grid.rows) * (size_t) grid.columns;
#pragma unroll
    for (int k = 0; k < POINTS; k++) {
        const real left = k > 0 ? middle[k > 0 ? k - 1 : 0] : before;
        const real right = k + 1 < POINTS ? middle[k + 1 < POINTS ? k + 1 : 0] : behind;
        if (RULE == RULE_EQUAL) {
            out[k] = by.centre * middle[k] + by.side * ((up[k] + down[k]) + (left + right));
        } else if (RULE == RULE_RATIOS) {
            out[k] = by.centre * middle[k] +
                     (by.across * (up[k] + down[k]) + by.side * (left + right));
        } else {
            real value = middle[k];
            value += cross[at.surface[k + 1]] * (right - middle[k]) -
                     cross[at.surface[k]] * (middle[k] - left);
            value += far[at.column[k]] * (down[k] - middle[k]) -
                     near[at.column[k]] * (middle[k] - up[k]);
            out[k] = value;
        }
        if (RULE != RULE_EQUAL && source)
            out[k] += source[at.column[k]];
    }
}

//  Takes LEVELS steps of the rows first … end - 1 of a lane, and writes them.
//      edges   the tile may have fixed points
template <typename real, int LEVELS, heat_cuda_rule_t RULE>
static __device__ inline void sweep(const lane<real> &at, const real *from, real *to,
                                    int first, int end, int column, bool writes, bool edges)
{
    const planes<real> &grid = *at.grid;
    real older[LEVELS][POINTS] = {}, newer[LEVELS][POINTS] = {}, ahead[POINTS];
    load_points(from + point_of(grid.boundary, first - LEVELS, grid.rows) * (size_t) grid.columns,
                at.column, at.whole, ahead);
#pragma unroll 1
    for (int row = first - LEVELS; row < end + LEVELS; row++) {
        real next[POINTS];
#pragma unroll
        for (int k = 0; k < POINTS; k++) next[k] = ahead[k];
        load_points(from + point_of(grid.boundary, row + 1, grid.rows) * (size_t) grid.columns,
                    at.column, at.whole, ahead);
#pragma unroll
        for (int level = 0; level < LEVELS; level++) {
            const int y = row - 1 - level;
            real stepped[POINTS];
            step_row<real, RULE>(at, y, older[level], newer[level], next, stepped);
            if (edges) {
                const bool keep = y <= 0 || y >= grid.rows - 1;
#pragma unroll
                for (int k = 0; k < POINTS; k++)
                    stepped[k] = keep || at.kept[k] ? newer[level][k] : stepped[k];
            }
#pragma unroll
            for (int k = 0; k < POINTS; k++) {
                older[level][k] = newer[level][k];
                newer[level][k] = next[k];
                next[k] = stepped[k];
            }
        }
        if (writes && row - LEVELS >= first)
            store_points(to + (row - LEVELS) * (size_t) grid.columns, column, grid.columns,
                         grid.aligned && column + POINTS <= grid.columns, next);
    }
}

//  The steps of one tile.
template <typename real, int LEVELS, heat_cuda_rule_t RULE>
static __device__ void take_tile(const planes<real> &grid, const real *from, real *to,
                                 long tile)
{
    constexpr int HALO = halo_of(LEVELS), VALID = STRIP - 2 * HALO;
    const long rest = tile / grid.strips, which = rest / grid.chunks;
    const int strip = (int) (tile % grid.strips), chunk = (int) (rest % grid.chunks);
    const int first = chunk * grid.height;
    const int end = first + grid.height < grid.rows ? first + grid.height : grid.rows;
    const int left = strip * VALID - HALO, column = left + (int) threadIdx.x * POINTS;
    const bool inside = left >= 0 && left + STRIP <= grid.columns;
    const double pace = grid.pace ? grid.pace[which] : 1;
    const double side = grid.side * pace, across = grid.across * pace;
    lane<real> at;
    at.grid = &grid;
    at.whole = grid.aligned && inside;
    at.weight = {(real) (1 - 2 * (across + side)), (real) side, (real) across};
#pragma unroll
    for (int k = 0; k < POINTS; k++) {
        at.column[k] = point_of(grid.boundary, column + k, grid.columns);
        at.kept[k] = column + k <= 0 || column + k >= grid.columns - 1;
    }
#pragma unroll
    for (int k = 0; k <= POINTS; k++)
        at.surface[k] = surface_of(grid.boundary, column + k, grid.columns);
    const bool writes = threadIdx.x >= HALO / POINTS && threadIdx.x < LANES - HALO / POINTS &&
                        column < grid.columns;
    const size_t offset = which * (size_t) grid.rows * grid.columns;
    const bool edges = grid.boundary == HEAT_FIXED &&
                       (left <= 0 || left + STRIP >= grid.columns || first <= LEVELS ||
                        end + LEVELS >= grid.rows);
    sweep<real, LEVELS, RULE>(at, from + offset, to + offset, first, end, column, writes,
                              edges);
}

template <typename real, int LEVELS, heat_cuda_rule_t RULE>
static __device__ void take_tiles(const planes<real> &grid, const real *from, real *to)
{
    const long tiles = grid.count * (long) grid.chunks * grid.strips;
    for (long tile = warp_number(); tile < tiles; tile += warp_count())
        take_tile<real, LEVELS, RULE>(grid, from, to, tile);
}

template <typename real, int LEVELS, heat_cuda_rule_t RULE>
__global__ void __launch_bounds__(LANES *WARPS)
    take_levels(planes<real> grid, const real *from, real *to)
{
    take_tiles<real, LEVELS, RULE>(grid, from, to);
}

//  The two grids take turns. Neither is read through the caches of constant memory, since
//  other blocks write to them meanwhile.
template <typename real, heat_cuda_rule_t RULE>
__global__ void __launch_bounds__(LANES *WARPS)
    take_rounds(planes<real> grid, real *one, real *other, long rounds)
{
    for (long round = 0; round < rounds; round++) {
        take_tiles<real, levels_of(RULE), RULE>(grid, round % 2 ? other : one,
                                            round % 2 ? one : other);
        cooperative_groups::this_grid().sync();
    }
}

//  --- The host's side -------------------------------------------------------------------

//  Cuts the grids into tiles that keep all of the device busy, none much smaller than its halo.
template <typename real>
static planes<real> tiles_of(const heat_cuda_grids_t *grids,
                             const heat_cuda_machine_t *machine, int levels)
{
    planes<real> tiles = {};
    tiles.boundary = grids->boundary;
    tiles.count = (long) grids->count;
    tiles.rows = (int) grids->length[HEAT_Y];
    tiles.columns = (int) grids->length[HEAT_X];
    tiles.side = grids->ratio[HEAT_X];
    tiles.across = grids->ratio[HEAT_Y];
    tiles.pace = grids->pace;
    tiles.face_side = (const real *) grids->face[HEAT_X];
    tiles.face_across = (const real *) grids->face[HEAT_Y];
    tiles.source = (const real *) grids->source;
    tiles.aligned = tiles.columns * sizeof(real) % 16 == 0;
    tiles.strips = (int) ceiling(tiles.columns, STRIP - 2 * halo_of(levels));
    const long together = (long) machine->multiprocessors * WARPS_AT_ONCE;
    tiles.height = (int) height_of(tiles.rows, tiles.strips * tiles.count, together, 2 * levels, 2 * levels);
    tiles.chunks = (int) ceiling(tiles.rows, tiles.height);
    return tiles;
}

template <typename real> static unsigned blocks_of(const planes<real> &tiles)
{
    return cuda_some((size_t) ceiling(tiles.count * tiles.chunks * tiles.strips, WARPS));
}

template <typename real, int LEVELS, heat_cuda_rule_t RULE>
static int64_t launch(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                      real *from, real *to)
{
    const planes<real> tiles = tiles_of<real>(grids, machine, LEVELS);
    cuda_launch(take_levels<real, LEVELS, RULE>, dim3(blocks_of(tiles)), dim3(LANES, WARPS),
                tiles, (const real *) from, to);
    return LEVELS;
}

//  All rounds of steps in one launch, where the grids stay in the second cache.
//  Gives how many steps it took: 0, where that is not to be.
template <typename real, heat_cuda_rule_t RULE>
static int64_t launch_rounds(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                             int64_t most, real *one, real *other)
{
    constexpr int LEVELS = levels_of(RULE);
    const planes<real> tiles = tiles_of<real>(grids, machine, LEVELS);
    const double arrays = 2 * (double) tiles.count + (tiles.source ? 1 : 0) + (tiles.face_side ? 2 : 0);
    const double bytes = arrays * (double) tiles.rows * tiles.columns * sizeof(real);
    const long rounds = most / LEVELS;
    if (!machine->together || rounds < 2 || bytes > 0.8 * (double) machine->cache)
        return 0;
    const int blocks = cuda_blocks_at_once(take_rounds<real, RULE>, dim3(LANES, WARPS), 0);
    const unsigned room = (unsigned) (blocks * machine->multiprocessors);
    if (room == 0)
        return 0;
    cuda_launch_together(take_rounds<real, RULE>,
                         dim3(blocks_of(tiles) < room ? blocks_of(tiles) : room),
                         dim3(LANES, WARPS), tiles, one, other, rounds);
    return rounds * LEVELS;
}

template <typename real, heat_cuda_rule_t RULE>
static int64_t take(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                    int64_t most, void *from_p, void *to_p, void **here)
{
    real *from = (real *) from_p, *to = (real *) to_p;
    constexpr int LEVELS = levels_of(RULE);
    const int64_t taken = launch_rounds<real, RULE>(grids, machine, most, from, to);
    *here = taken > 0 && taken / LEVELS % 2 == 0 ? from : to;
    if (taken > 0)
        return taken;
    return most >= LEVELS ? launch<real, LEVELS, RULE>(grids, machine, from, to)
                          : launch<real, 1, RULE>(grids, machine, from, to);
}

template <typename real>
static int64_t choose(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                      int64_t most, void *from, void *to, void **here)
{
    if (grids->face[HEAT_X])
        return take<real, RULE_FACES>(grids, machine, most, from, to, here);
    if (grids->ratio[HEAT_X] == grids->ratio[HEAT_Y] && !grids->source)
        return take<real, RULE_EQUAL>(grids, machine, most, from, to, here);
    return take<real, RULE_RATIOS>(grids, machine, most, from, to, here);
}

int64_t heat_cuda_step_planes(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                         int64_t most, void *from, void *to, void **here)
{
    return (grids->single ? choose<float> : choose<double>)(grids, machine, most, from, to,
                                                            here);
}
