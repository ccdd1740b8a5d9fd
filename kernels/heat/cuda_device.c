//  The CUDA device: its memory, which is kept between calls, and its table of functions.
#include <stdlib.h>
#include <string.h>

#include "kernels/heat/cuda_state.h"

enum { ALIGNMENT = 256 }; // of arrays in a block, in bytes

int heat_cuda_check(cudaError_t code, const char *what, ipc_error_t *error)
{
    if (code == cudaSuccess)
        return 0;
    cudaGetLastError(); // said here, and no more
    return kernel_refuse(
        error, code == cudaErrorMemoryAllocation ? "MemoryError" : "DeviceError",
        "the CUDA device failed to %s: %s", what, cudaGetErrorString(code));
}

int heat_cuda_check_fft(cufftResult code, const char *what, ipc_error_t *error)
{
    if (code == CUFFT_SUCCESS)
        return 0;
    return kernel_refuse(error, code == CUFFT_ALLOC_FAILED ? "MemoryError" : "DeviceError",
                         "cuFFT failed to %s (code %d)", what, (int) code);
}

static void release(heat_cuda_block_t *self)
{
    cudaFree(self->memory);
    *self = (heat_cuda_block_t){0};
}

int heat_cuda_reserve(heat_cuda_block_t *self, size_t size, ipc_error_t *error)
{
    if (size <= self->size)
        return 0;
    release(self);
    const cudaError_t code = cudaMalloc(&self->memory, size);
    if (code == cudaSuccess) {
        self->size = size;
        return 0;
    }
    self->memory = NULL;
    return heat_cuda_check(code, "make room for the grid", error);
}

int heat_cuda_copy(void *to, const void *from, size_t size, const char *what,
                   ipc_error_t *error)
{
    return heat_cuda_check(cudaMemcpy(to, from, size, cudaMemcpyDefault), what, error);
}

//  A copy within the device is only queued, as all that comes before it.
int heat_cuda_finish(const heat_grid_t *grid, const void *from, ipc_error_t *error)
{
    return (grid->result != from &&
            heat_cuda_copy(grid->result, from, heat_cuda_size(grid), "give the grid", error)) ||
                   heat_cuda_check(cudaDeviceSynchronize(), "solve", error)
               ? -1
               : 0;
}

void heat_cuda_add(heat_cuda_cargo_t *self, const void *from, size_t size, const void **to)
{
    *to = NULL;
    if (!from)
        return;
    self->from[self->count] = from;
    self->size[self->count] = size;
    self->to[self->count] = to;
    self->count++;
}

int heat_cuda_send(heat_cuda_cargo_t *self, heat_cuda_block_t *block, ipc_error_t *error)
{
    size_t size = 0;
    for (int i = 0; i < self->count; i++)
        size += (self->size[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (heat_cuda_reserve(block, size, error))
        return -1;
    char *at = block->memory;
    for (int i = 0; i < self->count; i++) {
        if (heat_cuda_copy(at, self->from[i], self->size[i], "take the numbers of a solve",
                           error))
            return -1;
        *self->to[i] = at;
        at += (self->size[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return 0;
}

size_t heat_cuda_size(const heat_grid_t *grid)
{
    return grid->count * grid->length[HEAT_Z] * grid->length[HEAT_Y] *
           grid->length[HEAT_X] * ipc_dtype_size(grid->dtype);
}

static void close_cuda(heat_device_state_t **state_p)
{
    heat_device_state_t *state = *state_p;
    *state_p = NULL;
    if (!state)
        return;
    heat_cuda_forget_plans(state);
    release(&state->grids[0]);
    release(&state->grids[1]);
    release(&state->inputs);
    release(&state->lines);
    release(&state->terms);
    release(&state->scratch);
    free(state);
}

//  Finds out what the device is. 0, or -1 with *error.
static int look_at(heat_device_state_t *state, ipc_error_t *error)
{
    struct cudaDeviceProp properties;
    int device = 0, multiprocessors = 0, cache = 0, together = 0, shared = 0;
    if (heat_cuda_check(cudaGetDevice(&device), "be opened", error) ||
        heat_cuda_check(cudaGetDeviceProperties(&properties, device), "tell what it is",
                        error) ||
        heat_cuda_check(cudaDeviceGetAttribute(&multiprocessors,
                                               cudaDevAttrMultiProcessorCount, device),
                        "tell its size", error) ||
        heat_cuda_check(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, device),
                        "tell its cache", error) ||
        heat_cuda_check(cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin,
                                               device),
                        "tell its shared memory", error) ||
        heat_cuda_check(
            cudaDeviceGetAttribute(&together, cudaDevAttrCooperativeLaunch, device),
            "tell what it can", error))
        return -1;
    snprintf(state->name, sizeof state->name, "%s", properties.name);
    state->machine = (heat_cuda_machine_t){.multiprocessors = multiprocessors,
                                           .cache = (size_t) cache,
                                           .shared = (size_t) shared,
                                           .together = together != 0};
    return 0;
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
    heat_device_state_t *state = calloc(1, sizeof *state);
    if (!state)
        kernel_refuse(error, "MemoryError", "no memory for the state of the CUDA device");
    if (state && look_at(state, error))
        close_cuda(&state);
    return state;
}

static const char *describe_cuda(heat_device_state_t *state)
{
    return state->name;
}

static const char *lacks_cuda(const heat_grid_t *grid, const heat_steps_t *steps,
                              const heat_waves_t *waves)
{
    (void) waves;
    enum { MOST = INT32_MAX / 2 }; // where points are is an int, halos and all
    for (int axis = HEAT_Z; steps && axis < HEAT_AXES; axis++)
        if (grid->length[axis] > MOST)
            return "axes of more than 1073741823 points";
    return NULL;
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
        .fd = heat_cuda_fd,
        .fft = heat_cuda_fft,
    };
    return &cuda;
}
