//  What the engine calls of the CUDA driver, of NVML and of NVRTC, which are loaded when they are needed: so that the
//  engine builds and runs without them, their types and functions are declared here, and no header of theirs is needed.
//  tests/engine/test_cuda_api.c holds them against cuda.h and nvrtc.h where these are.
#ifndef IPC_ENGINE_CUDA_API_H
#define IPC_ENGINE_CUDA_API_H

#include <stddef.h>

typedef unsigned cuda_result_t;                // CUresult, nvrtcResult: 0 is success
typedef unsigned long long cuda_memory_t;      // CUdeviceptr
typedef struct CUctx_st *cuda_context_t;
typedef struct CUmod_st *cuda_module_t;
typedef struct CUfunc_st *cuda_function_t;
typedef struct CUstream_st *cuda_stream_t;
typedef struct _nvrtcProgram *nvrtc_program_t;
typedef struct CUuuid_st cuda_uuid_t;          // 16 bytes
typedef struct nvmlDevice_st *nvml_device_t;
typedef struct nvml_memory { unsigned long long total, free, used; } nvml_memory_t; // nvmlMemory_t, in bytes

enum {
    CUDA_CAPABILITY_MAJOR = 75,                // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    CUDA_CAPABILITY_MINOR = 76,
    CUDA_MAX_SHARED = 8,                       // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    CUDA_ERROR_LOG = 5,                        // CU_JIT_ERROR_LOG_BUFFER
    CUDA_ERROR_LOG_SIZE = 6,                   // CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES
    NVRTC_REFUSED = 6                          // NVRTC_ERROR_COMPILATION
};

// clang-format off
//  Names with the versions that cuda.h gives them.
#define CUDA_FUNCTIONS(X)                                                                                   \
    X(cuInit, (unsigned flags))                                                                             \
    X(cuDeviceGetCount, (int *count))                                                                       \
    X(cuDeviceGet, (int *device, int ordinal))                                                              \
    X(cuDeviceGetAttribute, (int *value, unsigned attribute, int device))                                   \
    X(cuDevicePrimaryCtxRetain, (cuda_context_t *context, int device))                                      \
    X(cuDevicePrimaryCtxRelease_v2, (int device))                                                           \
    X(cuDevicePrimaryCtxReset_v2, (int device))                                                             \
    X(cuCtxSetCurrent, (cuda_context_t context))                                                            \
    X(cuCtxSynchronize, (void))                                                                             \
    X(cuMemAlloc_v2, (cuda_memory_t *memory, size_t size))                                                  \
    X(cuMemFree_v2, (cuda_memory_t memory))                                                                 \
    X(cuMemcpyHtoD_v2, (cuda_memory_t to, const void *from, size_t size))                                   \
    X(cuMemcpyDtoH_v2, (void *to, cuda_memory_t from, size_t size))                                         \
    X(cuModuleLoadDataEx, (cuda_module_t *module, const void *image, unsigned count, unsigned *options,     \
                           void **values))                                                                  \
    X(cuModuleUnload, (cuda_module_t module))                                                               \
    X(cuModuleGetFunction, (cuda_function_t *function, cuda_module_t module, const char *name))             \
    X(cuFuncSetAttribute, (cuda_function_t function, unsigned attribute, int value))                        \
    X(cuLaunchKernel, (cuda_function_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z,         \
                       unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,               \
                       cuda_stream_t stream, void **parameters, void **extra))                              \
    X(cuGetErrorName, (cuda_result_t result, const char **text))                                            \
    X(cuGetErrorString, (cuda_result_t result, const char **text))

//  What tells devices apart.
#define CUDA_LIST_FUNCTIONS(X)                                                                              \
    X(cuInit, (unsigned flags))                                                                             \
    X(cuDeviceGetCount, (int *count))                                                                       \
    X(cuDeviceGet, (int *device, int ordinal))                                                              \
    X(cuDeviceGetName, (char *name, int size, int device))                                                  \
    X(cuDeviceTotalMem_v2, (size_t *size, int device))                                                      \
    X(cuDeviceGetUuid_v2, (cuda_uuid_t *uuid, int device))                                                  \
    X(cuDeviceGetPCIBusId, (char *bus, int size, int device))                                               \
    X(cuGetErrorName, (cuda_result_t result, const char **text))                                            \
    X(cuGetErrorString, (cuda_result_t result, const char **text))

//  What a device's memory is used for it knows from all processes, and without a context.
#define NVML_FUNCTIONS(X)                                                                                   \
    X(nvmlInit_v2, (void))                                                                                  \
    X(nvmlDeviceGetHandleByUUID, (const char *uuid, nvml_device_t *device))                                 \
    X(nvmlDeviceGetMemoryInfo, (nvml_device_t device, nvml_memory_t *memory))                               \
    X(nvmlShutdown, (void))

#define NVRTC_FUNCTIONS(X)                                                                                  \
    X(nvrtcVersion, (int *major, int *minor))                                                               \
    X(nvrtcGetNumSupportedArchs, (int *count))                                                              \
    X(nvrtcGetSupportedArchs, (int *architectures))                                                         \
    X(nvrtcCreateProgram, (nvrtc_program_t *program, const char *source, const char *name, int count,       \
                           const char *const *headers, const char *const *names))                           \
    X(nvrtcDestroyProgram, (nvrtc_program_t *program))                                                      \
    X(nvrtcCompileProgram, (nvrtc_program_t program, int count, const char *const *options))                \
    X(nvrtcGetProgramLogSize, (nvrtc_program_t program, size_t *size))                                      \
    X(nvrtcGetProgramLog, (nvrtc_program_t program, char *log))                                             \
    X(nvrtcGetPTXSize, (nvrtc_program_t program, size_t *size))                                             \
    X(nvrtcGetPTX, (nvrtc_program_t program, char *ptx))
// clang-format on

//  Tables of them, as ipc_functions_of() fills them.
#define CUDA_MEMBER(name, parameters) cuda_result_t (*name) parameters;
#define CUDA_NAME(name, parameters) #name,
typedef struct cuda_functions { CUDA_FUNCTIONS(CUDA_MEMBER) } cuda_functions_t;
typedef struct cuda_list_functions { CUDA_LIST_FUNCTIONS(CUDA_MEMBER) } cuda_list_functions_t;
typedef struct nvml_functions { NVML_FUNCTIONS(CUDA_MEMBER) } nvml_functions_t;
typedef struct nvrtc_functions { NVRTC_FUNCTIONS(CUDA_MEMBER) } nvrtc_functions_t;

#endif
