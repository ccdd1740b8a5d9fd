//  What becomes of an engine whose GPU fails. The task that met it ends with DeviceError; the worker ends after it, as
//  no process can count on a device that failed under it, and is started again as after any death. The next worker
//  tries the device: if that still cannot be used, the engine goes on without it, and tasks that need one go elsewhere.
//  It concerns engines that own a GPU (`ipcluster start --gpus`).
#ifndef IPC_ENGINE_GPU_H
#define IPC_ENGINE_GPU_H

#include <stdbool.h>

#include "common/error.h"

enum { GPU_FAILED_STATUS = 96 };       // the exit status of a worker that ends for this

struct worker;

//  Before the engine registers: tries a device that failed under an earlier worker, and takes it out of what the engine
//  has if it still fails.
void gpu_begin(struct worker *self);

//  For tasks that are about to use the device: 0, or -1 with *error: CUDA, kind DeviceError, where it is out.
int gpu_check(const struct worker *self, ipc_error_t *error);

//  Says that the device failed. On the task thread.
void gpu_fail(struct worker *self, const char *why);

//  After a task, on the task thread without the lock: looks at the device where the task's error is one of a device's,
//  and says so in the task's error if that has failed.
void gpu_look(struct worker *self);

//  Whether the worker is to end, once what it has finished is out.
bool gpu_has_failed(const struct worker *self);

#endif
