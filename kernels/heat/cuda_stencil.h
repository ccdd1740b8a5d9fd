//  The finite differences of the CUDA device, as functions that C can call. All pointers are
//  the device's; the work is only queued (on the default stream), errors are read with
//  cudaGetLastError(). The operations and their order are the host's (host_tiles_real.h, host_slab_real.h),
//  and nothing is contracted to multiply-add: the results are equal to
//  the host's bit for bit, but for numbers below the normal ones, which the host takes as 0.
#ifndef HEAT_CUDA_STENCIL_H
#define HEAT_CUDA_STENCIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/heat/axes.h"

#ifdef __cplusplus
extern "C" {
#endif

//  The grids and the steps: see heat_grid_t, heat_steps_t.
typedef struct heat_cuda_grids {
    bool single; // float, or double
    heat_boundary_t boundary;
    size_t count;
    size_t length[HEAT_AXES];
    double ratio[HEAT_AXES];
    const double *pace;          // or NULL
    const void *face[HEAT_AXES]; // or NULL
    const void *source;          // or NULL
} heat_cuda_grids_t;

//  What the device is.
typedef struct heat_cuda_machine {
    int multiprocessors;
    size_t cache;  // bytes of its second cache
    size_t shared; // bytes of shared memory that a block can have
    bool together; // all blocks of a launch can wait for one another
} heat_cuda_machine_t;

//  Takes up to that many of the steps in one launch.
//      most   steps, above 0
//      from   the grids; overwritten where more than one pass is made
//      to     room for them; not from
//      here   written; which of the two holds them now
//  Gives how many were taken.
int64_t heat_cuda_step_lines(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                        int64_t most, void *from, void *to, void **here);  // 1 dimension
int64_t heat_cuda_step_planes(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                         int64_t most, void *from, void *to, void **here); // 2
int64_t heat_cuda_step_solids(const heat_cuda_grids_t *grids, const heat_cuda_machine_t *machine,
                         int64_t most, void *from, void *to, void **here); // 3

#ifdef __cplusplus
}
#endif
#endif
