//  How kernels are launched, in C++.
#ifndef KERNELS_COMMON_CUDA_LAUNCH_H
#define KERNELS_COMMON_CUDA_LAUNCH_H

#include <cuda_runtime.h>

//  Queues a kernel on the default stream; errors are read with cudaGetLastError().
template <typename... Parameters, typename... Arguments>
static void cuda_launch(void (*kernel)(Parameters...), dim3 blocks, dim3 threads,
                        Arguments... arguments)
{
    cudaLaunchConfig_t how = {};
    how.gridDim = blocks;
    how.blockDim = threads;
    cudaLaunchKernelEx(&how, kernel, arguments...);
}

//  The same, with all blocks on the device at once, so that they can wait for one another.
template <typename... Parameters, typename... Arguments>
static void cuda_launch_together(void (*kernel)(Parameters...), dim3 blocks, dim3 threads,
                                 Arguments... arguments)
{
    cudaLaunchAttribute together = {};
    together.id = cudaLaunchAttributeCooperative;
    together.val.cooperative = 1;
    cudaLaunchConfig_t how = {};
    how.gridDim = blocks;
    how.blockDim = threads;
    how.attrs = &together;
    how.numAttrs = 1;
    cudaLaunchKernelEx(&how, kernel, arguments...);
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
