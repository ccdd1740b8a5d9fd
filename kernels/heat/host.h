//  What the host device is made of: one function for each method, over the same state.
#ifndef HEAT_HOST_H
#define HEAT_HOST_H

#include "kernels/heat/buffer.h"
#include "kernels/heat/device.h"
#include "kernels/common/pool.h"

typedef struct heat_plans heat_plans_t;

struct heat_device_state {
    kernel_pool_t *pool;
    heat_buffer_t work;  // fd: two grids; fft: one block for each thread
    heat_plans_t *plans; // FFTW's, kept by length and dtype
};

//  See heat_device_t.fd, heat_device_t.fft. The results do not depend on the number of
//  threads.
int heat_host_fd(heat_device_state_t *state, const heat_grid_t *grid, double ratio,
                 int64_t steps, ipc_error_t *error);
int heat_host_fft(heat_device_state_t *state, const heat_grid_t *grid, const double *by_row,
                  const double *by_column, ipc_error_t *error);

//  The instructions that the finite differences use on this processor: "avx512", "avx2",
//  "baseline".
const char *heat_host_instructions(void);

//  Makes an empty store of plans; frees it with its plans, NULL is fine.
heat_plans_t *heat_plans_new(void);
void heat_plans_destroy(heat_plans_t **self_p);

//  How many plans were made since the store was; a solve with a kept plan makes none.
size_t heat_plans_made(const heat_plans_t *self);

#endif
