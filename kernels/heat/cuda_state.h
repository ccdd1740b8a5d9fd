//  What the CUDA device is made of: one function for each method, over the same state.
#ifndef HEAT_CUDA_STATE_H
#define HEAT_CUDA_STATE_H

#include <cuda_runtime_api.h>
#include <cufft.h>

#include "kernels/heat/cuda_stencil.h"
#include "kernels/heat/device.h"

//  Memory of the device that is kept from call to call. Zero-initialised, it is empty.
typedef struct heat_cuda_block {
    void *memory;
    size_t size; // in bytes
} heat_cuda_block_t;

//  What a plan of cuFFT is for; compared byte by byte.
typedef struct heat_cuda_shape {
    long long length[HEAT_AXES]; // of one transform
    long long rank;              // of those that count
    long long batch;             // transforms
    long long strided;           // number j of all transforms lies together, else each transform
    long long single, backward;
} heat_cuda_shape_t;

//  A plan, and what it needs.
typedef struct heat_cuda_plan {
    heat_cuda_shape_t shape;
    bool made;
    cufftHandle handle;
    size_t scratch; // bytes of working memory
    unsigned used;  // when: a count of the uses of all plans
} heat_cuda_plan_t;

enum { HEAT_CUDA_PLANS = 12 }; // there and back, along three axes, of two shapes

struct heat_device_state {
    char name[256]; // of the device
    heat_cuda_machine_t machine;
    heat_cuda_block_t grids[2]; // fd: that take turns; fft: the grid, its waves
    heat_cuda_block_t inputs;   // all that is read beside the grids
    heat_cuda_block_t lines;    // fft: numbers on their way into a transform and out of it
    heat_cuda_block_t terms;    // fft: what a source and the edges give to each wave
    heat_cuda_block_t scratch;  // of cuFFT
    heat_cuda_plan_t plans[HEAT_CUDA_PLANS];
    unsigned uses; // of all plans
};

//  0, or -1 with *error: the device failed to do `what`.
int heat_cuda_check(cudaError_t code, const char *what, ipc_error_t *error);
int heat_cuda_check_fft(cufftResult code, const char *what, ipc_error_t *error);

//  Makes room in a block; what was in it may be lost. 0, or -1 with *error.
int heat_cuda_reserve(heat_cuda_block_t *self, size_t size, ipc_error_t *error);

//  Copies between host and device, whichever side the pointers are of. 0, or -1 with *error.
int heat_cuda_copy(void *to, const void *from, size_t size, const char *what,
                   ipc_error_t *error);

//  Arrays that are to be copied to the device behind one another.
typedef struct heat_cuda_cargo {
    const void *from[16]; // borrowed; the host's
    size_t size[16];      // in bytes
    const void **to[16];  // written: where it is on the device
    int count;
} heat_cuda_cargo_t;

//  Adds an array; NULL stays NULL.
void heat_cuda_add(heat_cuda_cargo_t *self, const void *from, size_t size, const void **to);

//  Copies all of them into the block. 0, or -1 with *error.
int heat_cuda_send(heat_cuda_cargo_t *self, heat_cuda_block_t *block, ipc_error_t *error);

//  Bytes of all grids.
size_t heat_cuda_size(const heat_grid_t *grid);

//  Copies the solution to where it is to be, and waits until it is there. 0, or -1 with
//  *error.
int heat_cuda_finish(const heat_grid_t *grid, const void *from, ipc_error_t *error);

//  See heat_device_t.fd, heat_device_t.fft.
int heat_cuda_fd(heat_device_state_t *state, const heat_grid_t *grid,
                 const heat_steps_t *steps, ipc_error_t *error);
int heat_cuda_fft(heat_device_state_t *state, const heat_grid_t *grid,
                  const heat_waves_t *waves, ipc_error_t *error);

//  Destroys the plans of cuFFT.
void heat_cuda_forget_plans(heat_device_state_t *state);

#endif
