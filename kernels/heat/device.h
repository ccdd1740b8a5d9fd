//  heat_device_t: what a device offers to the solver. What a solve means (options, checks,
//  the number of steps, the decay of each wave) is the solver's; a device only computes.
#ifndef HEAT_DEVICE_H
#define HEAT_DEVICE_H

#include "kernels/common/refuse.h"
#include "kernels/heat/axes.h"

//  Changes when the structs below do: the module and its CUDA part may come from two
//  builds.
enum { HEAT_DEVICE_ABI = 4 };

//  The grids to advance, one behind the other, each by itself; all arrays are in C order,
//  without gaps, in the host's memory but where from_device and to_device say otherwise.
typedef struct heat_grid {
    ipc_dtype_t dtype; // IPC_F32 or IPC_F64, also of the arrays that go with a grid
    heat_boundary_t boundary;
    size_t count;             // grids
    size_t length[HEAT_AXES]; // points; 1: there is no such axis, else at least 3
    const double *pace;  // borrowed; the alpha of each grid over that of the scheme, of
                         // which all ratios, rates and couplings are; NULL: 1
    const void *initial; // borrowed
    void *result;        // written; not initial
    bool from_device;    // initial is in the memory of the device
    bool to_device;      // so is result
    int threads;         // of the host, for devices that compute there
    bool measure;        // measure plans of transforms, where that is known
} heat_grid_t;

//  Steps of the explicit scheme. In each, every point that is not fixed becomes
//      u + sum over the axes of (face+ (u+ - u) - face- (u - u-)) + source
//  where u- and u+ are its neighbours along the axis and face- and face+ belong to the
//  surfaces between it and them. With one ratio for an axis, face- = face+ = ratio.
typedef struct heat_steps {
    int64_t count;
    double ratio[HEAT_AXES];     // alpha dt / d^2; 0: there is no such axis
    const void *face[HEAT_AXES]; // borrowed; instead of ratio, where alpha varies: a grid
                                 // one longer along the axis, at i the surface between
                                 // points i - 1 and i; NULL for all axes otherwise
    const void *source; // borrowed; what each point gains in a step; or NULL. Of the shape
                        // of one grid, as the faces are; all grids have the same
} heat_steps_t;

//  What becomes of the waves that the grid is a sum of. Along an axis of n points, wave k is
//      HEAT_PERIODIC   the Fourier mode k, 0 <= k < n, of which k and n - k are one pair
//      HEAT_FIXED      sin(pi (k + 1) j / (n - 1)) at point j, 0 <= k < n - 2
//      HEAT_INSULATED  cos(pi k (j + 1/2) / n) at point j, 0 <= k < n
//  A wave of the grid is a product of these, and decays at the sum of their rates.
typedef struct heat_waves {
    // Borrowed; for each axis that is there, one number for each wave:
    const double *factor[HEAT_AXES];    // what is left of it, where that is a product of
                                        // these; else NULL, and the following hold
    const double *left[HEAT_AXES];      // the same of waves that gain something, too; or NULL
    const double *rate[HEAT_AXES];      // 1/time
    const double *grid_rate[HEAT_AXES]; // the same of the five-point Laplacian: with fixed
                                        // edges, what is left at last is its harmonic grid
    double coupling[HEAT_AXES]; // alpha / d^2: how much a fixed edge heats its neighbour; 0
                                // where edges are 0
    double t;                   // the time
    int64_t steps; // Crank-Nicolson's in that time; 0: exp(-rate t) is left of a wave
    int64_t damped; // of them, each of which is two implicit ones of Euler's instead
    const void
        *source; // borrowed; what each point gains in a unit of time; or NULL. Of the
                 // shape of one grid, for all grids
} heat_waves_t;

//  State of a device: plans and memory that it keeps between calls.
typedef struct heat_device_state heat_device_state_t;

typedef struct heat_device {
    uint32_t abi;
    const char *name; // "cpu", "cuda"

    //  Gives the device's state, or NULL with *error: DeviceError, MemoryError.
    heat_device_state_t *(*open)(ipc_error_t *error);
    void (*close)(heat_device_state_t **state_p);

    //  What people call the device: "NVIDIA H100", "cpu, avx2" (lent).
    const char *(*describe)(heat_device_state_t *state);

    //  NULL if the device can do this, else what it does not have: "insulated edges" (lent).
    //      steps, waves   borrowed; one of them is NULL
    const char *(*lacks)(const heat_grid_t *grid, const heat_steps_t *steps,
                         const heat_waves_t *waves);

    //  Takes the steps. 0, or -1 with *error.
    int (*fd)(heat_device_state_t *state, const heat_grid_t *grid,
              const heat_steps_t *steps, ipc_error_t *error);

    //  Lets the waves decay. 0, or -1 with *error.
    int (*fft)(heat_device_state_t *state, const heat_grid_t *grid,
               const heat_waves_t *waves, ipc_error_t *error);
} heat_device_t;

//  The processor's own cores.
const heat_device_t *heat_host(void);

//  The name under which heat_cuda.so exports a function of type heat_device_fn.
#define HEAT_CUDA_SYMBOL "heat_cuda_device"
typedef const heat_device_t *(*heat_device_fn)(void);

#endif
