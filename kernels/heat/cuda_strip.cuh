//  What the kernels of the finite differences share, in CUDA C++. A warp works alone on a
//  strip of STRIP points of a row, POINTS in a row of each lane, kept in registers;
//  neighbours in other lanes come by shuffles. At each step the outermost points of a strip
//  become wrong, since they lack a neighbour; so strips overlap, and nobody waits.
//
//  Outside of the grid, strips hold what the rule of the edges gives: the points again
//  behind periodic edges, mirrored ones behind insulated ones. These go through the same
//  steps as the points that they stand for, so within a launch no edge needs to be looked
//  at. Fixed points are kept.
#ifndef HEAT_CUDA_STRIP_H
#define HEAT_CUDA_STRIP_H

#include <cuda_runtime.h>

#include "kernels/heat/axes.h"

enum { LANES = 32, WARPS = 4 }; // of a block

//  How a point's next value is computed.
typedef enum heat_cuda_rule {
    RULE_EQUAL,  // one ratio along both axes, no source
    RULE_RATIOS, // a ratio for each axis
    RULE_FACES   // a number for each surface between two points
} heat_cuda_rule_t;

//  The point that a place outside of an axis of n points stands for. Behind fixed edges
//  nothing depends on it. Places are never far outside: no division, which takes registers.
template <typename whole>
static __device__ inline int point_of(heat_boundary_t boundary, whole at, whole n)
{
    if (boundary == HEAT_FIXED)
        return (int) (at < 0 ? 0 : at < n ? at : n - 1);
    while (at < 0 || at >= n)
        at = boundary == HEAT_PERIODIC ? at + (at < 0 ? n : -n) : (at < 0 ? 0 : n) - 1 - at + (at < 0 ? 0 : n);
    return (int) at;
}

//  The same for surfaces, of which n + 1 are there, at i the one before point i.
template <typename whole>
static __device__ inline int surface_of(heat_boundary_t boundary, whole at, whole n)
{
    if (boundary == HEAT_FIXED)
        return (int) (at < 0 ? 0 : at < n ? at : n);
    while (at < 0 || at > n)
        at = boundary == HEAT_PERIODIC ? at + (at < 0 ? n : -n) : (at < 0 ? 0 : n) - at + (at < 0 ? 0 : n);
    return (int) at;
}

//  Points that are read and written at once.
template <typename real, int POINTS> struct alignas(16) pack {
    real at[POINTS];
};

//  Reads or writes the points of a lane in a row.
//      line    the row's first point
//      column  of each of the lane's points, in the grid
//      whole   they follow one another from a multiple of 16 bytes on
template <typename real, int POINTS>
static __device__ inline void load_points(const real *line, const int (&column)[POINTS],
                                          bool whole, real (&value)[POINTS])
{
    if (whole) {
        const pack<real, POINTS> points =
            *reinterpret_cast<const pack<real, POINTS> *>(line + column[0]);
#pragma unroll
        for (int k = 0; k < POINTS; k++) value[k] = points.at[k];
        return;
    }
#pragma unroll
    for (int k = 0; k < POINTS; k++) value[k] = line[column[k]];
}

template <typename real, int POINTS>
static __device__ inline void store_points(real *line, long first, long columns, bool whole,
                                           const real (&value)[POINTS])
{
    if (whole) {
        pack<real, POINTS> points;
#pragma unroll
        for (int k = 0; k < POINTS; k++) points.at[k] = value[k];
        *reinterpret_cast<pack<real, POINTS> *>(line + first) = points;
        return;
    }
#pragma unroll
    for (int k = 0; k < POINTS; k++)
        if (first + k < columns)
            line[first + k] = value[k];
}

//  The values of the points before a lane's first and behind its last one.
template <typename real, int POINTS>
static __device__ inline void beside(const real (&value)[POINTS], real *before, real *behind)
{
    *before = __shfl_up_sync(0xffffffffu, value[POINTS - 1], 1);
    *behind = __shfl_down_sync(0xffffffffu, value[0], 1);
}

//  The number of this warp among all of the launch, and how many there are.
static __device__ inline long warp_number()
{
    return (long) blockIdx.x * WARPS + threadIdx.y;
}

static __device__ inline long warp_count()
{
    return (long) gridDim.x * WARPS;
}

//  --- The host's side -------------------------------------------------------------------

static inline long ceiling(long a, long b)
{
    return (a + b - 1) / b;
}

//  How many lines each part of a sweep is to have, so that all of the device works to the end.
//      lines      of a sweep, which may be cut
//      sweeps     that there are
//      together   parts that the device works on at once
//      more       lines that each part reads beside its own
//      least      lines of a part
static inline long height_of(long lines, long sweeps, long together, long more, long least)
{
    enum { MOST_TURNS = 12 };
    long best = lines, cost = 0;
    for (long turns = 1; turns <= MOST_TURNS; turns++) {
        const long parts = turns * together / sweeps, fair = ceiling(lines, parts > 1 ? parts : 1);
        const long height = fair < least ? least : fair;
        const long all = ceiling(sweeps * ceiling(lines, height), together) * (height + more);
        if (turns == 1 || all < cost) {
            best = height;
            cost = all;
        }
    }
    return best;
}

#endif
