//  A stand-in for the header of this name: what kernels are written with, for the host's C++ compiler. See
//  cuda_runtime_api.h.
#ifndef CUDA_STAND_IN_RUNTIME_H
#define CUDA_STAND_IN_RUNTIME_H

#include <cmath>
#include <cstdint>
#include <cstring>

#include "cuda_runtime_api.h"

#define __global__
#define __device__
#define __host__
#define __shared__ // of an extern array: see emulator.cpp
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct float2 {
    float x, y;
};
struct double2 {
    double x, y;
};

//  Where the thread that runs is, in its block and in the grid: variables, since CUDA has these names so. The
//  emulator sets them whenever another thread goes on.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace emulator {

//  Waits for all threads of the block; of the grid, in a cooperative launch.
void wait_for_block();
void wait_for_grid();

//  Gives to each lane what the lane `away` from it has given; at the ends its own.
uint64_t exchange(uint64_t bits, int away);

//  Notes a copy of the thread's, and makes those that are noted: so late that who does not wait for them is seen.
void copy_later(void *to, const void *from, size_t size);
void copy_now();

//  Bytes of shared memory that a block can have, and those that it can have without asking.
enum { SHARED_MOST = 227 << 10, SHARED_UNASKED = 48 << 10 };

//  Lets the blocks of a kernel have so much shared memory.
cudaError_t allow_shared(const void *kernel, size_t size);

//  Runs a kernel: body(context) once for each thread. Gives an error as a launch does.
struct how {
    dim3 blocks, threads;
    size_t shared; // bytes of each block
    bool together;
};
cudaError_t run(const how &launch, const void *kernel, void (*body)(void *), void *context);

//  Notes an error for cudaGetLastError(), and takes it.
cudaError_t note(cudaError_t code);
cudaError_t take();

template <typename T> T shuffle(T value, int away)
{
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = exchange(bits, away);
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

} // namespace emulator

inline void __syncthreads()
{
    emulator::wait_for_block();
}
template <typename T> T __shfl_up_sync(unsigned, T value, unsigned away)
{
    return emulator::shuffle(value, -(int) away);
}
template <typename T> T __shfl_down_sync(unsigned, T value, unsigned away)
{
    return emulator::shuffle(value, (int) away);
}
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    __extension__ typedef unsigned __int128 wide;
    return (unsigned long long) ((wide) a * b >> 64);
}
//  Threads take turns, so a plain addition is whole.
inline unsigned long long atomicAdd(unsigned long long *sum, unsigned long long value)
{
    const unsigned long long before = *sum;
    *sum += value;
    return before;
}
inline void sincospi(double x, double *sine, double *cosine)
{
    *sine = std::sin(M_PI * x);
    *cosine = std::cos(M_PI * x);
}

enum cudaLaunchAttributeID { cudaLaunchAttributeCooperative = 2 };
struct cudaLaunchAttribute {
    cudaLaunchAttributeID id;
    struct {
        int cooperative;
    } val;
};
struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned numAttrs;
};

template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(Parameters...),
                               Arguments... arguments)
{
    auto call = [&] { kernel(Parameters(arguments)...); };
    bool together = false;
    for (unsigned i = 0; i < config->numAttrs; i++)
        together = together || (config->attrs[i].id == cudaLaunchAttributeCooperative &&
                                config->attrs[i].val.cooperative);
    return emulator::run({config->gridDim, config->blockDim, config->dynamicSmemBytes, together},
                         (const void *) kernel,
                         [](void *context) { (*static_cast<decltype(call) *>(context))(); }, &call);
}

enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
inline cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute, int value)
{
    return emulator::allow_shared(kernel, (size_t) value);
}

template <typename Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, Kernel, int, size_t)
{
    *blocks = 2;
    return cudaSuccess;
}

#endif
