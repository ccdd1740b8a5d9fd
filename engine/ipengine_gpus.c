//  ipengine-gpus: says which GPUs the CUDA driver shows, one a line, or why none; then it ends (common/gpus.h runs it).
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>

#include "common/fail.h"
#include "common/functions_of.h"
#include "common/gpus.h"
#include "common/usage.h"
#include "engine/cuda_api.h"

static const char usage[] =
    "usage: ipengine-gpus [--visible LIST] [--try | --used UUIDS]\n"
    "\n"
    "Says which GPUs the CUDA driver shows; `ipcluster start --gpus` starts it.\n"
    "  --visible LIST   with CUDA_VISIBLE_DEVICES set to that\n"
    "  --used UUIDS     says of these alone how much of their memory is used\n"
    "  --try            computes nothing, but uses the first one: memory, a copy there and back\n";

static const char *const list_names[] = {CUDA_LIST_FUNCTIONS(CUDA_NAME)};
static const char *const cuda_names[] = {CUDA_FUNCTIONS(CUDA_NAME)};
static const char *const nvml_names[] = {NVML_FUNCTIONS(CUDA_NAME)};
#define COUNT(names) (sizeof(names) / sizeof(names)[0])
_Static_assert(sizeof(cuda_list_functions_t) == sizeof list_names, "functions as dlsym gives them");
_Static_assert(sizeof(cuda_functions_t) == sizeof cuda_names, "likewise");
_Static_assert(sizeof(nvml_functions_t) == sizeof nvml_names, "likewise");

static int fail_without_driver(void)
{
    char text[512];
    const char *why = dlerror();
    snprintf(text, sizeof text, "the CUDA driver cannot be loaded (%s)", why ? why : "libcuda.so.1 lacks a function");
    return gpus_print_none(text), EXIT_FAILURE;
}

//  "CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)".
static int fail_with(const cuda_list_functions_t *cuda, const char *what, cuda_result_t result)
{
    char text[512];
    const char *name = NULL, *words = NULL;
    if (cuda->cuGetErrorName(result, &name) || !name)
        name = "an unknown error";
    if (cuda->cuGetErrorString(result, &words) || !words)
        words = "no words for it";
    snprintf(text, sizeof text, "%s: %s (%s)", what, name, words);
    return gpus_print_none(text), EXIT_FAILURE;
}

//  --- The list -----------------------------------------------------------------------------------------------

//  "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6".
static void write_uuid(char text[GPU_VISIBLE], const char *kind, const unsigned char bytes[16])
{
    int size = snprintf(text, GPU_VISIBLE, "%s", kind);
    for (int i = 0; i < 16; i++)
        size += snprintf(text + size, (size_t) (GPU_VISIBLE - size), "%s%02x",
                         i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

//  NVML, ready for use; false where there is none.
static bool open_nvml(nvml_functions_t *nvml)
{
    return ipc_functions_of("libnvidia-ml.so.1", nvml_names, COUNT(nvml_names), nvml) && nvml->nvmlInit_v2() == 0;
}

static uint64_t used_of(const nvml_functions_t *nvml, const char *uuid)
{
    nvml_device_t device;
    nvml_memory_t memory;
    bool known = nvml && !nvml->nvmlDeviceGetHandleByUUID(uuid, &device) &&
                 !nvml->nvmlDeviceGetMemoryInfo(device, &memory);
    return known ? memory.used : GPU_UNKNOWN;
}

//  A device, or a part of one: NVML knows which.
static void read_used(const nvml_functions_t *nvml, const unsigned char bytes[16], gpu_t *gpu)
{
    write_uuid(gpu->uuid, "MIG-", bytes);
    gpu->used = used_of(nvml, gpu->uuid);
    if (gpu->used != GPU_UNKNOWN)
        return;
    write_uuid(gpu->uuid, "GPU-", bytes);
    gpu->used = used_of(nvml, gpu->uuid);
}

static cuda_result_t read_device(const cuda_list_functions_t *cuda, const nvml_functions_t *nvml, int number,
                                 gpu_t *gpu)
{
    int device = 0;
    size_t total = 0;
    unsigned char uuid[16] = {0};
    cuda_result_t result = cuda->cuDeviceGet(&device, number);
    if (!result)
        result = cuda->cuDeviceGetName(gpu->name, GPU_NAME, device);
    if (!result)
        result = cuda->cuDeviceGetPCIBusId(gpu->bus, GPU_BUS, device);
    if (!result)
        result = cuda->cuDeviceTotalMem_v2(&total, device);
    if (!result)
        result = cuda->cuDeviceGetUuid_v2((cuda_uuid_t *) uuid, device);
    gpu->total = total;
    if (!result)
        read_used(nvml, uuid, gpu);
    return result;
}

static int list(void)
{
    cuda_list_functions_t cuda;
    nvml_functions_t nvml_functions;
    if (!ipc_functions_of("libcuda.so.1", list_names, COUNT(list_names), &cuda))
        return fail_without_driver();
    int count = 0;
    cuda_result_t result = cuda.cuInit(0);
    if (!result)
        result = cuda.cuDeviceGetCount(&count);
    if (result)
        return fail_with(&cuda, "the CUDA driver shows no device", result);
    if (count == 0)
        return gpus_print_none("the CUDA driver shows no device"), EXIT_FAILURE;
    const nvml_functions_t *nvml = open_nvml(&nvml_functions) ? &nvml_functions : NULL;
    for (int i = 0; i < count && i < GPUS_MAX; i++) {
        gpu_t gpu = {.name = ""};
        result = read_device(&cuda, nvml, i, &gpu);
        if (result)
            return fail_with(&cuda, "a device does not say what it is", result);
        gpu_print(&gpu);
    }
    return EXIT_SUCCESS;
}

static int list_used(char *uuids)
{
    nvml_functions_t nvml;
    if (!open_nvml(&nvml))
        return gpus_print_none("there is no NVML"), EXIT_FAILURE;
    for (char *uuid; (uuid = strsep(&uuids, ","));) {
        gpu_t gpu = {.bus = "-", .name = "-", .used = used_of(&nvml, uuid)};
        snprintf(gpu.uuid, sizeof gpu.uuid, "%s", uuid);
        gpu_print(&gpu);
    }
    return EXIT_SUCCESS;
}

//  --- A try --------------------------------------------------------------------------------------------------

//  Bytes go there and come back.
static cuda_result_t copy(const cuda_functions_t *cuda)
{
    enum { SIZE = 4096 };
    char there[SIZE], back[SIZE] = "";
    cuda_memory_t memory = 0;
    memset(there, 0x5a, SIZE);
    cuda_result_t result = cuda->cuMemAlloc_v2(&memory, SIZE);
    if (!result)
        result = cuda->cuMemcpyHtoD_v2(memory, there, SIZE);
    if (!result)
        result = cuda->cuCtxSynchronize();
    if (!result)
        result = cuda->cuMemcpyDtoH_v2(back, memory, SIZE);
    if (memory)
        cuda->cuMemFree_v2(memory);
    enum { CUDA_ERROR_UNKNOWN = 999 };
    return !result && memcmp(there, back, SIZE) != 0 ? CUDA_ERROR_UNKNOWN : result;
}

static int try_device(void)
{
    cuda_functions_t cuda;
    cuda_list_functions_t words;
    cuda_context_t context;
    int device = 0;
    if (!ipc_functions_of("libcuda.so.1", list_names, COUNT(list_names), &words) ||
        !ipc_functions_of("libcuda.so.1", cuda_names, COUNT(cuda_names), &cuda))
        return fail_without_driver();
    cuda_result_t result = cuda.cuInit(0);
    if (!result)
        result = cuda.cuDeviceGet(&device, 0);
    if (!result)
        result = cuda.cuDevicePrimaryCtxRetain(&context, device);
    if (!result)
        result = cuda.cuCtxSetCurrent(context);
    if (!result)
        result = copy(&cuda);
    return result ? fail_with(&words, "the device cannot be used", result) : EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
    static const struct option known[] = {
        {"visible", required_argument, NULL, 's'}, {"try", no_argument, NULL, 't'},
        {"used", required_argument, NULL, 'u'},    {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},       {0}};
    bool tries = false;
    char *used = NULL;
    opterr = 0;
    for (int c; (c = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (c) {
        case 's': setenv("CUDA_VISIBLE_DEVICES", optarg, 1); break;
        case 't': tries = true; break;
        case 'u': used = optarg; break;
        case 'h': return fputs(usage, stdout), 0;
        case 'v': return puts("ipengine-gpus " IPC_VERSION), 0;
        default: return ipc_usage_unknown("ipengine-gpus", arguments);
        }
    }
    if (optind < count)
        return fprintf(stderr, "ipengine-gpus: unexpected '%s'\n", arguments[optind]), IPC_EXIT_USAGE;
    return tries ? try_device() : used ? list_used(used) : list();
}
