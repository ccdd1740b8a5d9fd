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

#endif
