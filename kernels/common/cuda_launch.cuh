//  How kernels are launched, in C++.
#ifndef KERNELS_COMMON_CUDA_LAUNCH_H
#define KERNELS_COMMON_CUDA_LAUNCH_H

#include <cuda_runtime.h>

//  Lets the blocks of a kernel have so many bytes of shared memory: more than 48 KiB are to be asked for.
static inline void cuda_allow_shared(const void *kernel, size_t size)
{
    if (size > 48 << 10)
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int) size);
}

//  Queues a kernel on the default stream; errors are read with cudaGetLastError().
//      shared     bytes of shared memory of each block
//      together   all blocks are on the device at once, so that they can wait for one another
template <typename... Parameters, typename... Arguments>
static void cuda_launch_shared(void (*kernel)(Parameters...), dim3 blocks, dim3 threads, size_t shared,
                               bool together, Arguments... arguments)
{
    cudaLaunchAttribute cooperative = {};
    cooperative.id = cudaLaunchAttributeCooperative;
    cooperative.val.cooperative = 1;
    cudaLaunchConfig_t how = {};
    how.gridDim = blocks;
    how.blockDim = threads;
    how.dynamicSmemBytes = shared;
    how.attrs = &cooperative;
    how.numAttrs = together ? 1 : 0;
    cuda_allow_shared((const void *) kernel, shared);
    cudaLaunchKernelEx(&how, kernel, arguments...);
}

//  The same without shared memory.
template <typename... Parameters, typename... Arguments>
static void cuda_launch(void (*kernel)(Parameters...), dim3 blocks, dim3 threads, Arguments... arguments)
{
    cuda_launch_shared(kernel, blocks, threads, 0, false, arguments...);
}

template <typename... Parameters, typename... Arguments>
static void cuda_launch_together(void (*kernel)(Parameters...), dim3 blocks, dim3 threads,
                                 Arguments... arguments)
{
    cuda_launch_shared(kernel, blocks, threads, 0, true, arguments...);
}

//  How many such blocks a multiprocessor can have at once; 0 where the device does not say.
template <typename... Parameters>
static int cuda_blocks_at_once(void (*kernel)(Parameters...), dim3 threads, size_t shared)
{
    int blocks = 0;
    cuda_allow_shared((const void *) kernel, shared);
    if (cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, (int) (threads.x * threads.y), shared) ==
        cudaSuccess)
        return blocks;
    cudaGetLastError(); // all can be done without
    return 0;
}

//  Blocks for so many of them to be used, as far as a launch has room: kernels go on in steps of the whole
//  grid.
static inline unsigned cuda_some(size_t blocks)
{
    const size_t most = 1 << 20;
    return (unsigned) (blocks < 1 ? 1 : blocks < most ? blocks : most);
}

//  Such blocks that give each of `count` items a thread.
enum { CUDA_THREADS = 256 };

static inline unsigned cuda_blocks(size_t count)
{
    return cuda_some((count + CUDA_THREADS - 1) / CUDA_THREADS);
}

//  The first item of a thread of such blocks, and the step to its next.
static __device__ inline size_t cuda_first()
{
    return blockIdx.x * (size_t) blockDim.x + threadIdx.x;
}

static __device__ inline size_t cuda_stride()
{
    return gridDim.x * (size_t) blockDim.x;
}

#endif
