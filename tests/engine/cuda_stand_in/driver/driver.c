//  A stand-in for the CUDA driver, libcuda.so.1, for hosts without a GPU. It runs no kernels: it shows how the engine
//  uses the driver (copies in and out, the layout of parameters, errors), never that kernels are right. Memory of the
//  device is the host's; a module is the PTX that it was loaded from, which says what its kernels are called with.
//
//  A "kernel" adds 1 to each byte that it was given a pointer to, up to the end of that memory; some names do more:
//  "refused" cannot be launched, "dies" leaves the context unusable until it is reset, "stays_dead" for as long as the
//  process lives, "fails" likewise, with an error of the device's, "prints" prints, "hangs" does not end. As the driver
//  does, it starts a thread. CUDA_VISIBLE_DEVICES is obeyed. Of the environment are also
//      CUDA_STAND_IN_LOG      a file that calls are recorded in
//      CUDA_STAND_IN_DEVICES  how many there are: 1 without it, 0 for none; "stand-in 0" is 1 GiB large, "stand-in 1" 2 GiB, …
//      CUDA_STAND_IN_MODE     "full": no memory is left; "image": no kernel is for this architecture; a number: every
//                             call after so many that need a context fails for good; "crash": the process does
//      CUDA_STAND_IN_BROKEN   a file in XDG_RUNTIME_DIR: of these devices, as in "02", no context can be had
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/cuda_api.h"

//  So that what is here has the types that the engine calls it with.
#define DECLARE(name, parameters) cuda_result_t name parameters;
CUDA_FUNCTIONS(DECLARE)
CUDA_LIST_FUNCTIONS(DECLARE)
cuda_result_t cuGetExportTable(const void **table, const void *id); // NVRTC itself asks the driver for it

enum {
    SUCCESS = 0, INVALID_VALUE = 1, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_CONTEXT = 201, INVALID_IMAGE = 200,
    NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, OUT_OF_RESOURCES = 701, OUT_OF_MEMORY = 2, NO_BINARY_FOR_GPU = 209,
    ECC_UNCORRECTABLE = 214
};
enum { DEVICES = 16, BLOCKS = 64, PARAMETERS = 32, NAME = 64 };

struct CUmod_st {
    char *ptx;
    struct CUmod_st *next;
};

struct CUfunc_st {
    char name[NAME];
    size_t sizes[PARAMETERS];
    bool is_pointer[PARAMETERS];       // it is as large as one
    int count;
    int max_shared;
    struct CUfunc_st *next;
};

struct CUctx_st {
    int number;
};

static struct {
    int count, visible[DEVICES];       // numbers of those that CUDA_VISIBLE_DEVICES shows
    long calls;                        // that need a context
    bool initialized, retained, current;
    cuda_result_t sticky;              // what every call gives until a reset
    bool stays;                        // after it, too
    bool prints, hangs;                // at the next synchronization
    bool has_thread;
    struct { char *data; size_t size; } blocks[BLOCKS];
    struct CUmod_st *modules;
    struct CUfunc_st *functions;       // of all modules that there were
    struct CUctx_st context;
} device;

static void free_memory(void)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        free(device.blocks[i].data);
        device.blocks[i].data = NULL;
    }
    for (struct CUmod_st *next; device.modules; device.modules = next) {
        next = device.modules->next;
        free(device.modules->ptx);
        free(device.modules);
    }
}

__attribute__((destructor)) static void free_all(void)
{
    free_memory();
    for (struct CUfunc_st *next; device.functions; device.functions = next) {
        next = device.functions->next;
        free(device.functions);
    }
}

__attribute__((format(printf, 1, 2))) static void record(const char *format, ...)
{
    const char *path = getenv("CUDA_STAND_IN_LOG");
    FILE *log = path ? fopen(path, "ae") : NULL;
    va_list arguments;
    if (!log)
        return;
    va_start(arguments, format);
    vfprintf(log, format, arguments);
    va_end(arguments);
    fputc('\n', log);
    fclose(log);
}

static bool is_mode(const char *name)
{
    const char *mode = getenv("CUDA_STAND_IN_MODE");
    return mode && strcmp(mode, name) == 0;
}

//  What every call that needs a context gives first.
static cuda_result_t state(void)
{
    const char *mode = getenv("CUDA_STAND_IN_MODE");
    if (mode && mode[0] >= '0' && mode[0] <= '9' && device.calls++ >= atol(mode)) {
        device.sticky = ECC_UNCORRECTABLE;
        device.stays = true;
    }
    return !device.current ? INVALID_CONTEXT : device.sticky;
}

//  --- Devices and contexts ------------------------------------------------------------------------------------

//  The number of a device from its name, "2" or "GPU-02000000-0000-…", which may be cut short; -1: there is none.
static int number_of(const char *name, size_t size, int count)
{
    char *end;
    unsigned byte = 0;
    bool is_uuid = size >= 6 && sscanf(name, "GPU-%2x", &byte) == 1;
    long number = is_uuid ? (long) byte : strtol(name, &end, 10);
    return size > 0 && number >= 0 && number < count && (is_uuid || end == name + size) ? (int) number : -1;
}

//  As the driver reads it: what stands behind a name that is none does not count.
static void read_visible(void)
{
    const char *devices = getenv("CUDA_STAND_IN_DEVICES"), *visible = getenv("CUDA_VISIBLE_DEVICES");
    int count = devices ? atoi(devices) : 1;
    device.count = 0;
    for (; !visible && device.count < count; device.count++) device.visible[device.count] = device.count;
    while (visible && device.count < DEVICES) {
        size_t size = strcspn(visible, ",");
        int number = number_of(visible, size, count);
        if (number < 0)
            return;
        device.visible[device.count++] = number;
        visible = visible[size] ? visible + size + 1 : NULL;
    }
}

cuda_result_t cuInit(unsigned flags)
{
    if (is_mode("crash"))
        abort();
    read_visible();
    device.initialized = flags == 0;
    return device.count == 0 ? NO_DEVICE : SUCCESS;
}

cuda_result_t cuGetExportTable(const void **table, const void *id)
{
    (void) id;
    *table = NULL;
    return NOT_FOUND;
}

cuda_result_t cuDeviceGetCount(int *count)
{
    *count = device.count;
    return device.initialized ? SUCCESS : NOT_INITIALIZED;
}

cuda_result_t cuDeviceGet(int *number, int ordinal)
{
    *number = ordinal;
    return ordinal >= 0 && ordinal < device.count ? SUCCESS : INVALID_VALUE;
}

cuda_result_t cuDeviceGetName(char *name, int size, int number)
{
    snprintf(name, (size_t) size, "stand-in %d", device.visible[number]);
    return SUCCESS;
}

cuda_result_t cuDeviceTotalMem_v2(size_t *size, int number)
{
    *size = (size_t) (device.visible[number] + 1) << 30;
    return SUCCESS;
}

cuda_result_t cuDeviceGetUuid_v2(cuda_uuid_t *uuid, int number)
{
    memset(uuid, 0, 16);
    *(unsigned char *) uuid = (unsigned char) device.visible[number];
    return SUCCESS;
}

cuda_result_t cuDeviceGetPCIBusId(char *bus, int size, int number)
{
    snprintf(bus, (size_t) size, "0000:%02X:00.0", 10 + device.visible[number]);
    return SUCCESS;
}

//  Whether it is one of those that the file names.
static bool is_broken(int number)
{
    char numbers[64] = "";
    const char *name = getenv("CUDA_STAND_IN_BROKEN"), *folder = getenv("XDG_RUNTIME_DIR");
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "", name ? name : "");
    FILE *file = name ? fopen(path, "re") : NULL;
    if (file && !fgets(numbers, sizeof numbers, file))
        numbers[0] = 0;
    if (file)
        fclose(file);
    return strchr(numbers, '0' + device.visible[number]) && numbers[0];
}

cuda_result_t cuDeviceGetAttribute(int *value, unsigned attribute, int number)
{
    *value = attribute == CUDA_CAPABILITY_MAJOR ? 9 : 0;
    return number == 0 ? SUCCESS : INVALID_VALUE;
}

static void *idle(void *unused)
{
    for (;;) pause();
    return unused;
}

//  It has no part in signals, as the driver's.
static void start_thread(void)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    device.has_thread = device.has_thread || pthread_create(&thread, NULL, idle, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

cuda_result_t cuDevicePrimaryCtxRetain(cuda_context_t *context, int number)
{
    record("retain");
    start_thread();
    *context = &device.context;
    if (is_broken(number))
        return ECC_UNCORRECTABLE;
    device.retained = number == 0;
    return device.sticky;
}

cuda_result_t cuDevicePrimaryCtxRelease_v2(int number)
{
    record("release");
    device.retained = device.current = false;
    return number == 0 ? SUCCESS : INVALID_VALUE;
}

cuda_result_t cuDevicePrimaryCtxReset_v2(int number)
{
    record("reset");
    if (number != 0 || device.stays)
        return device.sticky;
    free_memory();
    device.sticky = SUCCESS;
    return SUCCESS;
}

cuda_result_t cuCtxSetCurrent(cuda_context_t context)
{
    device.current = device.retained && context == &device.context;
    return device.current ? SUCCESS : INVALID_CONTEXT;
}

cuda_result_t cuCtxSynchronize(void)
{
    if (device.prints)
        puts("from the device");
    device.prints = false;
    while (device.hangs) pause();
    return state();
}

//  --- Memory --------------------------------------------------------------------------------------------------

cuda_result_t cuMemAlloc_v2(cuda_memory_t *memory, size_t size)
{
    if (state() || size == 0)
        return state() ? state() : INVALID_VALUE;
    if (is_mode("full"))
        return OUT_OF_MEMORY;
    for (size_t i = 0; i < BLOCKS; i++)
        if (!device.blocks[i].data) {
            record("take %zu", size);
            device.blocks[i].data = malloc(size);
            device.blocks[i].size = size;
            *memory = (uintptr_t) device.blocks[i].data;
            return SUCCESS;
        }
    return INVALID_VALUE;
}

//  The bytes from there to the end of their memory; NULL: it is no memory of the device.
static char *find(cuda_memory_t memory, size_t *size)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        cuda_memory_t begin = (uintptr_t) device.blocks[i].data;
        if (!device.blocks[i].data || memory < begin || memory >= begin + device.blocks[i].size)
            continue;
        *size = device.blocks[i].size - (size_t) (memory - begin);
        return device.blocks[i].data + (memory - begin);
    }
    return NULL;
}

cuda_result_t cuMemFree_v2(cuda_memory_t memory)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (device.blocks[i].data && memory == (uintptr_t) device.blocks[i].data) {
            record("give %zu", device.blocks[i].size);
            free(device.blocks[i].data);
            device.blocks[i].data = NULL;
            return state();
        }
    return INVALID_VALUE;
}

cuda_result_t cuMemcpyHtoD_v2(cuda_memory_t to, const void *from, size_t size)
{
    size_t room = 0;
    char *at = find(to, &room);
    record("upload %zu", size);
    if (state() || !at || room < size)
        return state() ? state() : INVALID_VALUE;
    memcpy(at, from, size);
    return SUCCESS;
}

cuda_result_t cuMemcpyDtoH_v2(void *to, cuda_memory_t from, size_t size)
{
    size_t room = 0;
    const char *at = find(from, &room);
    record("download %zu", size);
    if (state() || !at || room < size)
        return state() ? state() : INVALID_VALUE;
    memcpy(to, at, size);
    return SUCCESS;
}

//  --- Modules -------------------------------------------------------------------------------------------------

cuda_result_t cuModuleLoadDataEx(cuda_module_t *module, const void *image, unsigned count, unsigned *options,
                                 void **values)
{
    if (state())
        return state();
    if (!strstr(image, ".entry")) {
        for (unsigned i = 0; i < count; i++)
            if (options[i] == CUDA_ERROR_LOG)
                strcpy(values[i], "no kernel in it");
        return INVALID_IMAGE;
    }
    if (is_mode("image"))
        return NO_BINARY_FOR_GPU;
    record("load");
    *module = calloc(1, sizeof **module);
    (*module)->ptx = strdup(image);
    (*module)->next = device.modules;
    device.modules = *module;
    return SUCCESS;
}

cuda_result_t cuModuleUnload(cuda_module_t module)
{
    struct CUmod_st **at = &device.modules;
    record("unload");
    while (*at && *at != module) at = &(*at)->next;
    if (!*at)
        return INVALID_VALUE;
    *at = module->next;
    free(module->ptx);
    free(module);
    return SUCCESS;
}

//  Reads ".param .u64 k_param_0", ".param .align 16 .b8 k_param_2[16]"; gives the size.
static size_t parameter_size(const char *text)
{
    const char *bracket = strchr(text, '[');
    if (bracket)
        return strtoul(bracket + 1, NULL, 10);
    for (const char *dot = text; (dot = strchr(dot, '.')); dot++) {
        size_t kind = strspn(dot + 1, "usbf");
        unsigned long bits = strtoul(dot + 1 + kind, NULL, 10);
        if (kind == 1 && bits > 0)
            return bits / 8;
    }
    return 0;
}

static void read_parameters(struct CUfunc_st *function, const char *at)
{
    char text[256];
    const char *end = strchr(at, ')');
    while ((at = strstr(at, ".param")) && at < end && function->count < PARAMETERS) {
        size_t size = strcspn(at, ",)");
        snprintf(text, sizeof text, "%.*s", (int) size, at + strlen(".param"));
        size_t bytes = parameter_size(text);
        function->is_pointer[function->count] = bytes == sizeof(cuda_memory_t);
        function->sizes[function->count++] = bytes;
        at += size;
    }
}

cuda_result_t cuModuleGetFunction(cuda_function_t *function, cuda_module_t module, const char *name)
{
    char entry[NAME + 16];
    const struct CUmod_st *known = device.modules;
    while (known && known != module) known = known->next;
    if (state() || !known)
        return state() ? state() : INVALID_VALUE;
    snprintf(entry, sizeof entry, ".entry %s(", name);
    const char *at = strstr(module->ptx, entry);
    if (!at)
        return NOT_FOUND;
    *function = calloc(1, sizeof **function);
    snprintf((*function)->name, NAME, "%s", name);
    read_parameters(*function, at + strlen(entry));
    (*function)->next = device.functions;
    device.functions = *function;
    return SUCCESS;
}

cuda_result_t cuFuncSetAttribute(cuda_function_t function, unsigned attribute, int value)
{
    function->max_shared = value;
    record("attribute %u %d", attribute, value);
    return state();
}

//  --- Launching -----------------------------------------------------------------------------------------------

static void add_one(const void *parameter)
{
    cuda_memory_t memory;
    size_t size = 0;
    memcpy(&memory, parameter, sizeof memory);
    char *at = find(memory, &size);
    for (size_t i = 0; at && i < size; i++) at[i]++;
}

//  "u64 pointer", or the bytes in hexadecimal, the first one first.
static void record_parameters(const struct CUfunc_st *function, void **parameters)
{
    for (int i = 0; i < function->count; i++) {
        char text[2 * 256 + 1] = "";
        const unsigned char *bytes = parameters[i];
        cuda_memory_t memory = 0;
        size_t size = 0;
        if (function->is_pointer[i])
            memcpy(&memory, parameters[i], sizeof memory);
        for (size_t k = 0; k < function->sizes[i]; k++) sprintf(text + 2 * k, "%02x", bytes[k]);
        if (memory && find(memory, &size))
            record("  pointer to %zu", size);
        else
            record("  %s", text);
    }
}

cuda_result_t cuLaunchKernel(cuda_function_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                             unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                             cuda_stream_t stream, void **parameters, void **extra)
{
    if (state() || stream || extra || grid_x * grid_y * grid_z == 0)
        return state() ? state() : INVALID_VALUE;
    record("launch %s (%u %u %u) (%u %u %u) %u", function->name, grid_x, grid_y, grid_z, block_x, block_y, block_z,
           shared);
    record_parameters(function, parameters);
    if (strcmp(function->name, "refused") == 0 || (shared > 49152 && function->max_shared < (int) shared))
        return OUT_OF_RESOURCES;
    for (int i = 0; i < function->count; i++)
        if (function->is_pointer[i])
            add_one(parameters[i]);
    device.prints = strcmp(function->name, "prints") == 0;
    device.hangs = strcmp(function->name, "hangs") == 0;
    bool fails = strcmp(function->name, "fails") == 0;
    device.stays = device.stays || fails || strcmp(function->name, "stays_dead") == 0;
    if (fails)
        device.sticky = ECC_UNCORRECTABLE;
    else if (device.stays || strcmp(function->name, "dies") == 0)
        device.sticky = ILLEGAL_ADDRESS;
    return SUCCESS;
}

//  --- Errors --------------------------------------------------------------------------------------------------

static const struct { cuda_result_t result; const char *name, *words; } errors[] = {
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {ECC_UNCORRECTABLE, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
};

cuda_result_t cuGetErrorName(cuda_result_t result, const char **text)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].result == result) {
            *text = errors[i].name;
            return SUCCESS;
        }
    *text = NULL;
    return INVALID_VALUE;
}

cuda_result_t cuGetErrorString(cuda_result_t result, const char **text)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].result == result) {
            *text = errors[i].words;
            return SUCCESS;
        }
    *text = NULL;
    return INVALID_VALUE;
}
