//  What `--gpus` says, and the GPUs that it means on this host.
#ifndef IPC_LAUNCH_DEVICES_H
#define IPC_LAUNCH_DEVICES_H

#include "common/gpus.h"

#define DEVICES_HELP "auto, none, how many, or which: 0,2 or 3, (a list has a comma) or names as of nvidia-smi -L"

//  Whether a text is one of these: "auto"; "none"; a number of devices from 1 on; a list, which has a comma, of numbers
//  and of names that CUDA_VISIBLE_DEVICES may have ("GPU-8932f937-…", "MIG-…"), or one such name. 0, or -1 with
//  *error: ARGUMENT.
int devices_check(const char *terms, ipc_error_t *error);

//  Finds the devices, with the cores near each. Numbers count what CUDA_VISIBLE_DEVICES of the environment shows, where
//  that is set: what a batch system has not given stays out of reach. 0, or -1 with *error: ARGUMENT; CUDA (no driver,
//  no device, or fewer than were asked for), TIMEOUT, NAME, SYSTEM.
//      terms      borrowed; "none" finds none
int devices_find(const char *terms, gpus_t *gpus, ipc_error_t *error);

//  What ipengine is told of the device that an engine owns.
enum { DEVICE_WORDS = 8 };
typedef struct device_options {
    char number[32], memory[32];
    const char *all[DEVICE_WORDS + 1]; // words of its command line, lent by the device and by this; NULL ends them
} device_options_t;

//      gpus       borrowed; engine i owns device i modulo their count
//      hides      an engine that owns none sees none
void device_options(device_options_t *self, const gpus_t *gpus, size_t engine, bool hides);

#endif
