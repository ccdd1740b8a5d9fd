//  heat_t: the heat equation  du/dt = alpha (d2u/dx2 + d2u/dy2)  on a grid with dx = dy = 1,
//  solved above whatever device there is. It keeps devices, plans and memory between solves.
//  One solve at a time; others wait.
//      HEAT_FD    steps of the explicit scheme, outermost rows and columns fixed
//      HEAT_FFT   the exact solution with periodic edges: each wave (m, n) of the Fourier
//                 transform decays by exp(-4 pi^2 (m^2 / rows^2 + n^2 / columns^2) alpha t),
//                 m and n being signed
#ifndef HEAT_SOLVER_H
#define HEAT_SOLVER_H

#include "kernels/heat/device.h"
#include "kernels/heat/options.h"

typedef struct heat heat_t;

//  What the last solve was.
typedef struct heat_last {
    bool solved;        // false: there was none
    const char *device; // "cpu", "cuda"
    const char *method; // "fd", "fft"
    int threads;
    double seconds; // on the device, without the preparation of the initial grid
} heat_last_t;

//  Gives a solver without devices: they are opened when first needed. NULL without memory.
heat_t *heat_new(void);
void heat_destroy(heat_t **self_p);

//  Solves, and gives the grid at the end, or NULL with *error: ValueError (a number that is
//  not finite), MemoryError, DeviceError (no such device here).
ipc_array_t *heat_run(heat_t *self, const heat_options_t *options, ipc_error_t *error);

heat_last_t heat_last(heat_t *self);

//  The CUDA device's description, or NULL with *error, which says why there is none (lent).
const char *heat_cuda_name(heat_t *self, ipc_error_t *error);

#endif
