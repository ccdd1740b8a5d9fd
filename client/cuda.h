//  Kernels on the engines' GPUs: the __global__ functions of CUDA cells.
#ifndef IPC_CLIENT_CUDA_H
#define IPC_CLIENT_CUDA_H

#include "client/view.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { IPC_MAX_KERNEL_PARAMETERS = 16 };

//  How many threads run a kernel: blocks of the grid, threads of a block; 0 means 1.
typedef struct ipc_launch {
    uint32_t grid[3];          // x, y, z
    uint32_t block[3];
    size_t shared;             // bytes of dynamic shared memory for each block
    uint64_t reserved[4];      // room for later versions
} ipc_launch_t;

//  The function behind the macros.
//      launch   borrowed; NULL: one thread
ipc_result_t *ipc_view_launch(ipc_view_t *view, const ipc_call_t *call, const ipc_launch_t *launch, size_t launch_size);

#ifdef __cplusplus
}
#else

// clang-format off
#define IPC_KERNEL_CALL(W, O, K, ...) \
    &(const ipc_call_t){.name = (K), .options = (O), .options_size = sizeof(ipc_options_t), .wait = (W), __VA_ARGS__}
#define IPC_LAUNCH_BARE(W, O, K, L) IPC_KERNEL_CALL(W, O, K, .count = 0), (L), sizeof(ipc_launch_t)
#define IPC_LAUNCH_GIVEN(W, O, K, L, ...) \
    IPC_KERNEL_CALL(W, O, K, .arguments = (const ipc_value_t[]){IPC_EACH(IPC_VALUE, __VA_ARGS__)}, .count = IPC_COUNT(__VA_ARGS__)), (L), sizeof(ipc_launch_t)
//  Whether arguments follow the shape.
#define IPC_BARE_OR_GIVEN(...) IPC_COUNT_(__VA_ARGS__, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, GIVEN, BARE, 0)
#define IPC_LAUNCH_(W, O, K, ...) IPC_CAT(IPC_LAUNCH_, IPC_BARE_OR_GIVEN(__VA_ARGS__))(W, O, K, __VA_ARGS__)
#define IPC_LAUNCH(...) IPC_LAUNCH_(__VA_ARGS__)

//  ipc_launch(view, "kernel", shape, arguments…): runs a __global__ function of a CUDA cell (see ipc_execute_with())
//  with this shape on each engine of a direct view, or on one engine of a balanced one (.needs = "gpu=1", say), and
//  waits there for its end. The shape is a pointer to an ipc_launch_t, or a literal in parentheses:
//
//      ipc_launch(all, "saxpy", (&(ipc_launch_t){.grid = {256}, .block = {128}}), ipc_ref("y"), ipc_ref("x"), 2.0f, n);
//
//  Arguments are checked where the kernel is: numbers convert as those of ipc_apply(); float2 and double2 (cuComplex,
//  cuDoubleComplex) take complex numbers. A pointer takes an array of just its element type, void * any array; it is
//  copied to the GPU and, if the pointer is not to const and the array is that of an ipc_ref(), copied back: what the
//  kernel writes stays. Arrays that share memory on the engine share it on the GPU. Nothing stays on the GPU between
//  launches but what kernels and __device__ variables are. What a kernel prints is the task's output.
//
//  A launch or a kernel that fails is a CudaError with the driver's name for it. After an error that makes the GPU
//  unusable for the process, such as an illegal address, the next launch or cell begins anew: kernels are loaded again,
//  __device__ variables have their first values.
#define ipc_launch(view, ...) ipc_view_launch((view), IPC_LAUNCH(false, NULL, __VA_ARGS__))
#define ipc_launch_sync(view, ...) ipc_view_launch((view), IPC_LAUNCH(true, NULL, __VA_ARGS__))
#define ipc_launch_with(view, options, ...) ipc_view_launch((view), IPC_LAUNCH(false, options, __VA_ARGS__))
#define ipc_launch_with_sync(view, options, ...) ipc_view_launch((view), IPC_LAUNCH(true, options, __VA_ARGS__))
// clang-format on
#endif
#endif
