//  What the host device is made of: one function for each method, over the same state.
#ifndef HEAT_HOST_H
#define HEAT_HOST_H

#include "kernels/common/pool.h"
#include "kernels/heat/buffer.h"
#include "kernels/heat/device.h"
#include "kernels/heat/plans.h"

//  The instructions that the finite differences use: the best that this processor has, or,
//  for tests, others. The results are equal bit for bit. HEAT_WIDE: vectors as AVX-512 has
//  them, by what every processor has.
typedef enum heat_vectors {
    HEAT_BASELINE,
    HEAT_WIDE,
    HEAT_AVX2,
    HEAT_AVX512
} heat_vectors_t;
heat_vectors_t heat_host_vectors(void);

struct heat_device_state {
    kernel_pool_t *pool;
    heat_buffer_t work;  // fd: the bands' grids; fft: one block for each thread
    heat_buffer_t terms; // fft: what a source and the edges give to each wave
    heat_plans_t *plans;
    heat_vectors_t vectors; // those of this processor
};

//  See heat_device_t.fd, heat_device_t.fft. The results do not depend on the number of
//  threads.
int heat_host_fd(heat_device_state_t *state, const heat_grid_t *grid,
                 const heat_steps_t *steps, ipc_error_t *error);
int heat_host_fft(heat_device_state_t *state, const heat_grid_t *grid,
                  const heat_waves_t *waves, ipc_error_t *error);

//  Lets waves decay along some axes alone, in place. Nothing is an edge here: with fixed edges the grids are what is
//  between them. 0, or -1 with *error: MemoryError.
//      grid       result is read, too; lengths may be any
//      factor     borrowed; for each axis what is left of each wave, or NULL: nothing happens along it
int heat_host_decay(heat_device_state_t *state, const heat_grid_t *grid, const double *const factor[HEAT_AXES],
                    ipc_error_t *error);

//  "avx512", "avx2", "baseline".
const char *heat_host_instructions(void);

#endif
