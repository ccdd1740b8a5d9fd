//  gpus_t: the GPUs of this host. A program of its own, ipengine-gpus, asks the driver and ends: so no process of ours
//  that lives for long loads a driver, and one that hangs or crashes in it is only told of.
#ifndef IPC_COMMON_GPUS_H
#define IPC_COMMON_GPUS_H

#include "common/error.h"

enum {
    GPUS_MAX = 64,
    GPU_VISIBLE = 64,                  // bytes of these texts, with their end
    GPU_BUS = 32,
    GPU_NAME = 96,
    GPU_NEAR = 256
};
#define GPU_UNKNOWN UINT64_MAX

typedef struct gpu {
    char visible[GPU_VISIBLE];         // what CUDA_VISIBLE_DEVICES says to show this one alone: "1", "GPU-8932f937-…"
    char uuid[GPU_VISIBLE];            // its name for NVML: "GPU-8932f937-…", of a part of a device "MIG-…"
    char bus[GPU_BUS];                 // its place on the PCI bus, "0000:3b:00.0"
    char name[GPU_NAME];
    char near[GPU_NEAR];               // the cores near it, "0-15,32-47"; "": not known
    uint64_t total;                    // bytes of memory
    uint64_t used;                     // of these, by all processes; GPU_UNKNOWN: the driver does not say
} gpu_t;

typedef struct gpus {
    size_t count;
    gpu_t all[GPUS_MAX];
} gpus_t;

//  Asks for the devices that a process sees, in the driver's order; all but visible and near is written. 0, or -1 with
//  *error: CUDA, "no driver …", "no device …"; TIMEOUT, the driver does not answer; NAME, SYSTEM.
//      visible    borrowed; CUDA_VISIBLE_DEVICES for that, NULL: as the environment has it
int gpus_ask(gpus_t *self, const char *visible, ipc_error_t *error);

//  Asks how much of their memory is used now, which needs no more of the driver than NVML: all is GPU_UNKNOWN where
//  that is not there.
void gpus_ask_used(gpus_t *self);

//  Whether the first device that this process would see can be used: a context, memory, a copy there and back. 0, or -1
//  with *error: as above, CUDA with the driver's words.
int gpus_try(ipc_error_t *error);

//  For the program: one line of its answer, each.
void gpu_print(const gpu_t *gpu);
void gpus_print_none(const char *why);

//  The cores near a device, as a list of them, or "".
//      sysfs      borrowed; NULL: IPC_SYSFS of the environment (for tests), else "/sys"
void gpu_find_near(gpu_t *self, const char *sysfs);

//  Keeps this process, and what it starts, to these cores, as far as it may run on them; to others it does not move
//  when it may on none, or the list is empty or odd.
void gpu_stay_near(const char *list);

#endif
