//  arrays_cuda.so: a library of its own, so that all modules of an engine find the same
//  arrays.
#include "kernels/common/cuda_arrays.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

//  The process's arrays. One task runs at a time, so nothing is locked.
typedef struct arrays {
    cuda_array_t **array;
    size_t count;
    int64_t last; // number that was given
    char device[256];
} arrays_t;

static arrays_t *arrays(void)
{
    static arrays_t self;
    return &self;
}

static int check(cudaError_t code, const char *what, ipc_error_t *error)
{
    if (code == cudaSuccess)
        return 0;
    cudaGetLastError(); // said here, and no more
    return kernel_refuse(
        error, code == cudaErrorMemoryAllocation ? "MemoryError" : "DeviceError",
        "the CUDA device failed to %s: %s", what, cudaGetErrorString(code));
}

static const char *device(ipc_error_t *error)
{
    arrays_t *self = arrays();
    struct cudaDeviceProp properties;
    int number = 0;
    if (self->device[0])
        return self->device;
    const cudaError_t code = cudaGetDevice(&number);
    if (code != cudaSuccess) {
        kernel_refuse(error, "DeviceError", "no CUDA device here: %s",
                      cudaGetErrorString(code));
        return NULL;
    }
    if (check(cudaGetDeviceProperties(&properties, number), "tell what it is", error))
        return NULL;
    snprintf(self->device, sizeof self->device, "%s", properties.name);
    return self->device;
}

//  Where numbers begin: elsewhere in each process, so that an array of one engine is not
//  taken for one of another.
static int64_t first_number(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t place = (uint64_t) now.tv_sec * 1000000007u + (uint64_t) now.tv_nsec * 65537u +
                           (uint64_t) getpid();
    return (int64_t) (place << 20 & INT64_MAX);
}

static const cuda_array_t *make(const char *name, ipc_dtype_t dtype, int ndim,
                                const size_t *shape, ipc_error_t *error)
{
    arrays_t *self = arrays();
    cuda_array_t **more = realloc(self->array, (self->count + 1) * sizeof *more);
    cuda_array_t *array = calloc(1, sizeof *array);
    if (more)
        self->array = more;
    if (!more || !array) {
        free(array);
        kernel_refuse(error, "MemoryError", "no memory for the name of an array");
        return NULL;
    }
    array->size = ipc_dtype_size(dtype);
    for (int k = 0; k < ndim; k++) {
        array->shape[k] = shape[k];
        array->size *= shape[k];
    }
    if (check(cudaMalloc(&array->data, array->size > 0 ? array->size : 1),
              "make room for an array", error)) {
        free(array);
        return NULL;
    }
    if (self->last == 0)
        self->last = first_number();
    array->number = ++self->last;
    array->dtype = dtype;
    array->ndim = ndim;
    snprintf(array->name, sizeof array->name, "%s", name);
    self->array[self->count++] = array;
    return array;
}

static void drop(int64_t number)
{
    arrays_t *self = arrays();
    for (size_t i = 0; i < self->count; i++)
        if (self->array[i]->number == number) {
            cudaFree(self->array[i]->data);
            free(self->array[i]);
            self->array[i] = self->array[--self->count];
            return;
        }
}

static const cuda_array_t *at(size_t i)
{
    return i < arrays()->count ? arrays()->array[i] : NULL;
}

static int copy(void *to, const void *from, size_t size, ipc_error_t *error)
{
    // A copy within the device is only queued.
    return check(cudaMemcpy(to, from, size, cudaMemcpyDefault), "copy an array", error) ||
                   check(cudaDeviceSynchronize(), "copy an array", error)
               ? -1
               : 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  Seconds of some copies together, -1 with *error.
static double time_copies(void *to, const void *from, size_t size, int count,
                          ipc_error_t *error)
{
    const double started = now();
    for (int i = 0; i < count; i++)
        if (check(cudaMemcpy(to, from, size, cudaMemcpyDeviceToDevice), "copy", error))
            return -1;
    return check(cudaDeviceSynchronize(), "copy", error) ? -1 : now() - started;
}

static double bandwidth(size_t size, ipc_error_t *error)
{
    enum { COPIES = 10 };
    void *from = NULL, *to = NULL;
    double seconds = -1;
    if (!check(cudaMalloc(&from, size), "make room for a copy", error) &&
        !check(cudaMalloc(&to, size), "make room for a copy", error) &&
        !check(cudaMemset(from, 0, size), "fill an array", error) &&
        time_copies(to, from, size, 1, error) >= 0) // the first one is slower
        seconds = time_copies(to, from, size, COPIES, error);
    cudaFree(from);
    cudaFree(to);
    return seconds > 0 ? 2.0 * COPIES * (double) size / seconds : 0;
}

//  What modules look up, under CUDA_ARRAYS_SYMBOL.
__attribute__((visibility("default"))) const cuda_arrays_t *kernel_cuda_arrays(void);

const cuda_arrays_t *kernel_cuda_arrays(void)
{
    static const cuda_arrays_t table = {.abi = CUDA_ARRAYS_ABI,
                                        .device = device,
                                        .make = make,
                                        .drop = drop,
                                        .at = at,
                                        .copy = copy,
                                        .bandwidth = bandwidth};
    return &table;
}
