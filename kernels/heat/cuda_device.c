//  The CUDA device: memory and plans, which are kept between calls, and the order of the
//  kernels.
#include <cuda_runtime_api.h>
#include <cufft.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/heat/cuda_kernels.h"
#include "kernels/heat/device.h"

//  Memory of the device.
typedef struct block {
    void *memory;
    size_t size; // in bytes
} block_t;

//  cuFFT's plans for one shape and dtype.
typedef struct plans {
    bool made;
    bool single;
    size_t rows, columns;
    cufftHandle forward, backward;
} plans_t;

struct heat_device_state {
    char name[256];   // of the device
    block_t grids[2]; // that take turns; fft: the grid, its spectrum
    block_t factors;  // of the rows' waves, then of the columns'
    plans_t plans;    // of the last shape
};

static int check(cudaError_t code, const char *what, ipc_error_t *error)
{
    if (code == cudaSuccess)
        return 0;
    return kernel_refuse(
        error, code == cudaErrorMemoryAllocation ? "MemoryError" : "DeviceError",
        "the CUDA device failed to %s: %s", what, cudaGetErrorString(code));
}

static int check_fft(cufftResult code, const char *what, ipc_error_t *error)
{
    if (code == CUFFT_SUCCESS)
        return 0;
    return kernel_refuse(error, code == CUFFT_ALLOC_FAILED ? "MemoryError" : "DeviceError",
                         "cuFFT failed to %s (code %d)", what, (int) code);
}

static int reserve(block_t *self, size_t size, ipc_error_t *error)
{
    if (size <= self->size)
        return 0;
    cudaFree(self->memory);
    *self = (block_t){0};
    if (check(cudaMalloc(&self->memory, size), "make room for the grid", error))
        return -1;
    self->size = size;
    return 0;
}

static void forget_plans(plans_t *self)
{
    if (self->made) {
        cufftDestroy(self->forward);
        cufftDestroy(self->backward);
    }
    *self = (plans_t){0};
}

static void close_cuda(heat_device_state_t **state_p)
{
    heat_device_state_t *state = *state_p;
    *state_p = NULL;
    if (!state)
        return;
    forget_plans(&state->plans);
    cudaFree(state->grids[0].memory);
    cudaFree(state->grids[1].memory);
    cudaFree(state->factors.memory);
    free(state);
}

static heat_device_state_t *open_cuda(ipc_error_t *error)
{
    int count = 0;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code != cudaSuccess || count == 0) {
        kernel_refuse(error, "DeviceError", "no CUDA device here: %s",
                      code != cudaSuccess ? cudaGetErrorString(code)
                                          : "the driver shows none");
        return NULL;
    }
    struct cudaDeviceProp properties;
    int device = 0;
    if (check(cudaGetDevice(&device), "be opened", error) ||
        check(cudaGetDeviceProperties(&properties, device), "tell what it is", error))
        return NULL;
    heat_device_state_t *state = calloc(1, sizeof *state);
    if (!state) {
        kernel_refuse(error, "MemoryError", "no memory for the state of the CUDA device");
        return NULL;
    }
    snprintf(state->name, sizeof state->name, "%s", properties.name);
    return state;
}

static const char *describe_cuda(heat_device_state_t *state)
{
    return state->name;
}

static const char *lacks_cuda(const heat_grid_t *grid, const heat_steps_t *steps,
                              const heat_waves_t *waves)
{
    if (grid->length[HEAT_Y] == 1 || grid->length[HEAT_Z] > 1)
        return "grids of one or three dimensions";
    if (grid->count > 1 || grid->pace)
        return "batches of grids";
    if ((steps && steps->source) || (waves && waves->source))
        return "source";
    if (steps && steps->face[HEAT_X])
        return "alpha that varies";
    if (steps && grid->boundary != HEAT_FIXED)
        return "finite differences but with fixed edges";
    if (waves && grid->boundary != HEAT_PERIODIC)
        return "spectral method but with periodic edges";
    if (waves && !waves->factor[HEAT_X])
        return "Crank-Nicolson steps";
    if (steps && steps->ratio[HEAT_X] != steps->ratio[HEAT_Y])
        return "finite differences with dx and dy that differ";
    return NULL;
}

//  Queues all steps, and gives which of the two grids holds the last one.
static int queue_steps(heat_device_state_t *state, const heat_grid_t *grid,
                       const heat_steps_t *steps)
{
    const double ratio = steps->ratio[HEAT_X];
    int now = 0;
    for (int64_t step = 0; step < steps->count; step++, now = !now)
        heat_cuda_step(grid->dtype == IPC_F32, state->grids[now].memory,
                       state->grids[!now].memory, grid->length[HEAT_Y],
                       grid->length[HEAT_X], 1 - 4 * ratio, ratio);
    return now;
}

static size_t grid_size(const heat_grid_t *grid)
{
    return grid->length[HEAT_Y] * grid->length[HEAT_X] * ipc_dtype_size(grid->dtype);
}

static int fd_cuda(heat_device_state_t *state, const heat_grid_t *grid,
                   const heat_steps_t *steps, ipc_error_t *error)
{
    const size_t size = grid_size(grid);
    if (reserve(&state->grids[0], size, error) || reserve(&state->grids[1], size, error))
        return -1;
    void *first = state->grids[0].memory, *second = state->grids[1].memory;
    if (check(cudaMemcpy(first, grid->initial, size, cudaMemcpyHostToDevice),
              "take the grid", error) ||
        check(cudaMemcpy(second, first, size, cudaMemcpyDeviceToDevice), "copy the grid",
              error))
        return -1;
    const void *last = state->grids[queue_steps(state, grid, steps)].memory;
    if (check(cudaGetLastError(), "start a step", error))
        return -1;
    return check(cudaMemcpy(grid->result, last, size, cudaMemcpyDeviceToHost),
                 "give the grid", error);
}

//  Makes the plans of a shape, unless they are the last ones.
static int find_plans(plans_t *self, const heat_grid_t *grid, ipc_error_t *error)
{
    const bool single = grid->dtype == IPC_F32;
    const size_t rows = grid->length[HEAT_Y], columns = grid->length[HEAT_X];
    if (self->made && self->single == single && self->rows == rows &&
        self->columns == columns)
        return 0;
    forget_plans(self);
    cufftHandle forward, backward;
    if (check_fft(cufftPlan2d(&forward, (int) rows, (int) columns,
                              single ? CUFFT_R2C : CUFFT_D2Z),
                  "plan", error))
        return -1;
    if (check_fft(cufftPlan2d(&backward, (int) rows, (int) columns,
                              single ? CUFFT_C2R : CUFFT_Z2D),
                  "plan", error)) {
        cufftDestroy(forward);
        return -1;
    }
    *self = (plans_t){.made = true,
                      .single = single,
                      .rows = rows,
                      .columns = columns,
                      .forward = forward,
                      .backward = backward};
    return 0;
}

static int transform(const heat_device_state_t *state, const heat_grid_t *grid,
                     ipc_error_t *error)
{
    void *real = state->grids[0].memory, *spectrum = state->grids[1].memory;
    const double *by_row = state->factors.memory;
    const bool single = grid->dtype == IPC_F32;
    const size_t rows = grid->length[HEAT_Y], columns = grid->length[HEAT_X];
    const double scale = 1.0 / ((double) rows * (double) columns);
    cufftResult there = single ? cufftExecR2C(state->plans.forward, real, spectrum)
                               : cufftExecD2Z(state->plans.forward, real, spectrum);
    if (check_fft(there, "transform the grid", error))
        return -1;
    heat_cuda_decay(single, spectrum, rows, columns / 2 + 1, by_row, by_row + rows, scale);
    if (check(cudaGetLastError(), "multiply the waves", error))
        return -1;
    cufftResult back = single ? cufftExecC2R(state->plans.backward, spectrum, real)
                              : cufftExecZ2D(state->plans.backward, spectrum, real);
    return check_fft(back, "transform the waves", error);
}

static int fft_cuda(heat_device_state_t *state, const heat_grid_t *grid,
                    const heat_waves_t *waves, ipc_error_t *error)
{
    const size_t rows = grid->length[HEAT_Y], columns = grid->length[HEAT_X];
    const size_t size = grid_size(grid);
    const size_t spectrum = rows * (columns / 2 + 1) * 2 * ipc_dtype_size(grid->dtype);
    const double *by_row = waves->factor[HEAT_Y], *by_column = waves->factor[HEAT_X];
    const size_t row_factors = rows * sizeof *by_row;
    const size_t column_factors = columns * sizeof *by_column;
    if (reserve(&state->grids[0], size, error) ||
        reserve(&state->grids[1], spectrum, error) ||
        reserve(&state->factors, row_factors + column_factors, error) ||
        find_plans(&state->plans, grid, error))
        return -1;
    char *factors = state->factors.memory;
    void *real = state->grids[0].memory;
    if (check(cudaMemcpy(factors, by_row, row_factors, cudaMemcpyHostToDevice),
              "take the factors", error) ||
        check(cudaMemcpy(factors + row_factors, by_column, column_factors,
                         cudaMemcpyHostToDevice),
              "take the factors", error) ||
        check(cudaMemcpy(real, grid->initial, size, cudaMemcpyHostToDevice),
              "take the grid", error) ||
        transform(state, grid, error))
        return -1;
    return check(cudaMemcpy(grid->result, real, size, cudaMemcpyDeviceToHost),
                 "give the grid", error);
}

//  What heat.so looks up, under HEAT_CUDA_SYMBOL.
__attribute__((visibility("default"))) const heat_device_t *heat_cuda_device(void);

const heat_device_t *heat_cuda_device(void)
{
    static const heat_device_t cuda = {
        .abi = HEAT_DEVICE_ABI,
        .name = "cuda",
        .open = open_cuda,
        .close = close_cuda,
        .describe = describe_cuda,
        .lacks = lacks_cuda,
        .fd = fd_cuda,
        .fft = fft_cuda,
    };
    return &cuda;
}
