//  cuda_device_t: the GPU of an engine, the first one that CUDA_VISIBLE_DEVICES shows, through the CUDA driver, which
//  is loaded when it is first needed. It has the device's primary context, which modules that use the CUDA runtime
//  have too. On the task thread.
#ifndef IPC_ENGINE_CUDA_DEVICE_H
#define IPC_ENGINE_CUDA_DEVICE_H

#include <stdint.h>

#include "common/error.h"
#include "engine/cuda_api.h"

typedef struct cuda_device cuda_device_t;

//  How many threads run a kernel, and in what order of blocks.
typedef struct cuda_shape {
    unsigned grid[3], block[3];
    size_t shared;                     // bytes of dynamic shared memory for each block
} cuda_shape_t;

//      engine   its id, for sentences
cuda_device_t *cuda_device_new(int engine);
void cuda_device_destroy(cuda_device_t **self_p);

//  Makes the GPU ready: to be called before what follows. After a kernel that left it unusable it is begun anew: memory
//  and modules are gone then, and the generation is another. 0, or -1 with *error: CUDA, "engine 0 has no GPU: …".
int cuda_device_open(cuda_device_t *self, ipc_error_t *error);
//  Whether it can be used: 0, or -1. Without mends a device that a kernel left unusable stays so.
int cuda_device_try(cuda_device_t *self, bool mends);
uint64_t cuda_device_generation(const cuda_device_t *self);
int cuda_device_capability(const cuda_device_t *self); // 90 for 9.0

//  Each of these gives 0, or -1 with *error: CUDA, the error's name and words.
int cuda_device_load(cuda_device_t *self, const char *ptx, cuda_module_t *module, ipc_error_t *error);
int cuda_device_find(cuda_device_t *self, cuda_module_t module, const char *name, cuda_function_t *function,
                     ipc_error_t *error);
int cuda_device_take(cuda_device_t *self, size_t size, cuda_memory_t *memory, ipc_error_t *error);
int cuda_device_upload(cuda_device_t *self, cuda_memory_t to, const void *from, size_t size, ipc_error_t *error);
int cuda_device_download(cuda_device_t *self, void *to, cuda_memory_t from, size_t size, ipc_error_t *error);

//  Runs a kernel and waits for its end; what it has printed is on stdout then.
//      name         for sentences
//      parameters   borrowed; as cuLaunchKernel() takes them
int cuda_device_run(cuda_device_t *self, const char *name, cuda_function_t function, const cuda_shape_t *shape,
                    void **parameters, ipc_error_t *error);

//  Take back what was loaded or taken, of this generation.
void cuda_device_unload(cuda_device_t *self, cuda_module_t module);
void cuda_device_give(cuda_device_t *self, cuda_memory_t memory);

#endif
