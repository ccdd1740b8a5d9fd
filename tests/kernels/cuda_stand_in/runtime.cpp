//  The CUDA runtime's functions on the processor: see cuda_runtime_api.h.
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "cuda_runtime.h"

enum { MULTIPROCESSORS = 3, L2_BYTES = 64 << 10 }; // small, so that small grids show all ways

//  What was opened before a fork() cannot be used behind it.
static cudaError_t open_here()
{
    static const pid_t opener = getpid();
    return opener == getpid() ? cudaSuccess : emulator::note(cudaErrorInitializationError);
}

extern "C" {

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return open_here();
}

cudaError_t cudaGetDevice(int *device)
{
    *device = 0;
    return open_here();
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int)
{
    std::snprintf(properties->name, sizeof properties->name, "an emulation on the processor");
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int)
{
    *value = attribute == cudaDevAttrMultiProcessorCount            ? (int) MULTIPROCESSORS
             : attribute == cudaDevAttrL2CacheSize                  ? (int) L2_BYTES
             : attribute == cudaDevAttrMaxSharedMemoryPerBlockOptin ? (int) emulator::SHARED_MOST
                                                                    : 1;
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize(void)
{
    return cudaSuccess;
}

//  Filled with the bits of a NaN, so that what nobody wrote is seen.
cudaError_t cudaMalloc(void **memory, size_t size)
{
    if (open_here() != cudaSuccess)
        return cudaErrorInitializationError;
    if (posix_memalign(memory, 256, size))
        return emulator::note(cudaErrorMemoryAllocation);
    std::memset(*memory, 0xff, size);
    return cudaSuccess;
}

cudaError_t cudaFree(void *memory)
{
    std::free(memory);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t size, enum cudaMemcpyKind)
{
    if (size)
        std::memcpy(to, from, size);
    return cudaSuccess;
}

cudaError_t cudaMemset(void *memory, int value, size_t size)
{
    std::memset(memory, value, size);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *unused, size_t *total)
{
    *unused = *total = (size_t) 1 << 30;
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    return emulator::take();
}

const char *cudaGetErrorString(cudaError_t code)
{
    return code == cudaSuccess                      ? "no error"
           : code == cudaErrorMemoryAllocation      ? "out of memory"
           : code == cudaErrorInitializationError ? "initialization error"
                                                    : "invalid value";
}

}
