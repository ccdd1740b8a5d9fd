//  heat_device_t: what a device offers to the solver. What a solve means (options, checks,
//  the number of steps, the decay of each wave) is the solver's; a device only computes.
#ifndef HEAT_DEVICE_H
#define HEAT_DEVICE_H

#include "kernels/common/refuse.h"

//  Changes when the structs below do: the module and its CUDA part may come from two
//  builds.
enum { HEAT_DEVICE_ABI = 1 };

//  One grid to advance; both arrays are in C order, without gaps, in the host's memory.
typedef struct heat_grid {
    ipc_dtype_t dtype;    // IPC_F32 or IPC_F64
    size_t rows, columns; // at least 3 each
    const void *initial;  // borrowed
    void *result;         // written; not initial
    int threads;          // of the host, for devices that compute there
} heat_grid_t;

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

    //  steps times
    //      u[r][c] += ratio (u[r-1][c] + u[r+1][c] + u[r][c-1] + u[r][c+1] - 4 u[r][c])
    //  for all but the outermost rows and columns, which stay. 0, or -1 with *error.
    //      ratio    alpha dt / dx^2, at most 1/4
    int (*fd)(heat_device_state_t *state, const heat_grid_t *grid, double ratio,
              int64_t steps, ipc_error_t *error);

    //  Multiplies the wave (m, n) of the grid's Fourier transform by
    //  by_row[m] by_column[n]. 0, or -1 with *error.
    //      by_row     borrowed; one factor for each row of the transform, in FFT order,
    //                 symmetric: by_row[m] = by_row[rows - m]
    //      by_column  the same for the columns
    int (*fft)(heat_device_state_t *state, const heat_grid_t *grid, const double *by_row,
               const double *by_column, ipc_error_t *error);
} heat_device_t;

//  The processor's own cores.
const heat_device_t *heat_host(void);

//  The name under which heat_cuda.so exports a function of type heat_device_fn.
#define HEAT_CUDA_SYMBOL "heat_cuda_device"
typedef const heat_device_t *(*heat_device_fn)(void);

#endif
