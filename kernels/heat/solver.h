//  heat_t: the heat equation  du/dt = div(alpha grad u) + source  on a grid, solved above
//  whatever device there is. It keeps devices, plans and memory between solves. One solve at
//  a time; others wait.
//      HEAT_FD    steps of the explicit scheme (device.h). Where alpha varies, what flows
//                 between two points is by the harmonic mean of theirs: heat is conserved,
//                 and layers are exact
//      HEAT_FFT   exact in time: each wave decays by exp(-rate t), and a source f of it adds
//                 f (1 - exp(-rate t)) / rate; options.h says what the rates are. Fixed
//                 edges that are not 0 keep their values, and the grid tends to the one that
//                 is harmonic between them by the five-point Laplacian
//      HEAT_CN    each wave decays by (1 - rate dt/2) / (1 + rate dt/2) in a step
#ifndef HEAT_SOLVER_H
#define HEAT_SOLVER_H

#include "kernels/heat/device.h"
#include "kernels/heat/options.h"

typedef struct heat heat_t;

//  What the last solve was.
typedef struct heat_last {
    bool solved;        // false: there was none
    const char *device; // "cpu", "cuda", "mpi"
    const char *method; // "fd", "fft", "cn"
    int threads;
    double seconds; // on the device, without the preparation of the initial grid
} heat_last_t;

//  Gives a solver without devices: they are opened when first needed. NULL without memory.
heat_t *heat_new(void);
void heat_destroy(heat_t **self_p);

//  Solves, and gives the grid at the end, or NULL with *error: ValueError (a number that is
//  not finite), MemoryError, DeviceError (no such device here).
ipc_array_t *heat_run(heat_t *self, const heat_options_t *options, ipc_error_t *error);

//  The same into memory of the caller's. 0, or -1 with *error.
//      grids       written
//      on_device   they are in the memory of the device, which the options say is HEAT_CUDA
int heat_run_into(heat_t *self, const heat_options_t *options, void *grids, bool on_device,
                  ipc_error_t *error);

//  The dimensions of the result: those of initial. Gives how many.
int heat_result_shape(const heat_options_t *options, size_t shape[1 + HEAT_AXES]);

heat_last_t heat_last(heat_t *self);

//  Notes a solve that was done elsewhere, together with other engines.
void heat_note(heat_t *self, heat_last_t last);

//  The CUDA device's description, or NULL with *error, which says why there is none (lent).
const char *heat_cuda_name(heat_t *self, ipc_error_t *error);

#endif
