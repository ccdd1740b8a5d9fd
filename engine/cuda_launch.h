//  One launch of a kernel: its arguments are converted, arrays copied to the GPU, and back where the kernel may have
//  written to what is the engine's.
#ifndef IPC_ENGINE_CUDA_LAUNCH_H
#define IPC_ENGINE_CUDA_LAUNCH_H

#include "common/value.h"
#include "engine/cuda_device.h"
#include "engine/cuda_text.h"

//  An argument of a launch.
typedef struct cuda_argument {
    ipc_value_t value;
    bool is_own;                       // an array of the engine's namespace: what the kernel writes stays
} cuda_argument_t;

//  A kernel as it is called.
typedef struct cuda_call {
    const char *name;
    cuda_function_t function;
    int count;                         // of parameters; -1: more than CUDA_PARAMETERS
    const cuda_parameter_t *parameters;
} cuda_call_t;

//  Holds the arguments against the parameters, and converts numbers. 0, or -1 with *error: ARGUMENT.
int cuda_launch_check(const cuda_call_t *call, cuda_argument_t *arguments, int count, ipc_error_t *error);

//  Runs it, with arguments that have been checked. 0, or -1 with *error: CUDA; arrays that are the engine's have then
//  what they had, unless copying back failed.
int cuda_launch_run(cuda_device_t *device, const cuda_call_t *call, const cuda_shape_t *shape,
                    const cuda_argument_t *arguments, ipc_error_t *error);

#endif
