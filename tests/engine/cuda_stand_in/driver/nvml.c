//  A stand-in for NVML, libnvidia-ml.so.1: of the stand-in driver's device n, n + 1 times 100 MiB are in use.
#include <stdio.h>

#include "engine/cuda_api.h"

#define DECLARE(name, parameters) cuda_result_t name parameters;
NVML_FUNCTIONS(DECLARE)

enum { SUCCESS = 0, NOT_FOUND = 6, DEVICES = 16 };

struct nvmlDevice_st {
    unsigned number;
};

cuda_result_t nvmlInit_v2(void)
{
    return SUCCESS;
}

cuda_result_t nvmlShutdown(void)
{
    return SUCCESS;
}

cuda_result_t nvmlDeviceGetHandleByUUID(const char *uuid, nvml_device_t *device)
{
    static struct nvmlDevice_st devices[DEVICES];
    unsigned number = 0;
    if (sscanf(uuid, "GPU-%2x000000-", &number) != 1 || number >= DEVICES)
        return NOT_FOUND;
    devices[number].number = number;
    *device = &devices[number];
    return SUCCESS;
}

cuda_result_t nvmlDeviceGetMemoryInfo(nvml_device_t device, nvml_memory_t *memory)
{
    memory->total = (device->number + 1ULL) << 30;
    memory->used = (device->number + 1ULL) * (100 << 20);
    memory->free = memory->total - memory->used;
    return SUCCESS;
}
