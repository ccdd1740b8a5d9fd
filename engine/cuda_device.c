#include "engine/cuda_device.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#include "common/fail.h"
#include "common/functions_of.h"

static const char *const function_names[] = {CUDA_FUNCTIONS(CUDA_NAME)};
enum { FUNCTION_COUNT = sizeof function_names / sizeof *function_names };
_Static_assert(sizeof(cuda_functions_t) == FUNCTION_COUNT * sizeof(void *), "functions as dlsym gives them");

struct cuda_device {
    int engine;
    void *library;                     // NULL: not yet, or not there
    cuda_functions_t cuda;             // of library
    int device, capability;
    cuda_context_t context;            // NULL: not yet
    uint64_t generation;               // counts contexts
    bool is_dead;                      // the context has failed for good
};

cuda_device_t *cuda_device_new(int engine)
{
    cuda_device_t *self = ipc_xalloc(sizeof *self);
    self->engine = engine;
    return self;
}

void cuda_device_destroy(cuda_device_t **self_p)
{
    cuda_device_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    if (self->context)
        self->cuda.cuDevicePrimaryCtxRelease_v2(self->device);
    free(self); // the library stays: it has threads of its own
}

uint64_t cuda_device_generation(const cuda_device_t *self)
{
    return self->generation;
}

int cuda_device_capability(const cuda_device_t *self)
{
    return self->capability;
}

//  --- Errors --------------------------------------------------------------------------------------------------

//  "CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)".
static void describe(const cuda_device_t *self, cuda_result_t result, char text[256])
{
    const char *name = NULL, *words = NULL;
    if (self->cuda.cuGetErrorName(result, &name) || !name)
        name = "an unknown error";
    if (self->cuda.cuGetErrorString(result, &words) || !words)
        words = "no words for it";
    snprintf(text, 256, "%s (%s)", name, words);
}

//  After some errors the context answers every call with the same one: the driver says so when it is asked again.
static int fail(cuda_device_t *self, const char *what, cuda_result_t result, ipc_error_t *error)
{
    char text[256];
    describe(self, result, text);
    self->is_dead = self->context && self->cuda.cuCtxSynchronize() != 0;
    static const char lost[] = "; the memory and the modules of this engine on its GPU are lost, kernels are loaded "
                               "again with the next launch";
    return ipc_fail(error, IPC_E_CUDA, "%s: %s%s", what, text, self->is_dead ? lost : "");
}

static int fail_without_gpu(const cuda_device_t *self, cuda_result_t result, ipc_error_t *error)
{
    char text[256];
    describe(self, result, text);
    return ipc_fail(error, IPC_E_CUDA, "engine %d has no GPU: %s", self->engine, text);
}

//  --- The device ----------------------------------------------------------------------------------------------

static int load_driver(cuda_device_t *self, ipc_error_t *error)
{
    self->library = ipc_functions_of("libcuda.so.1", function_names, FUNCTION_COUNT, &self->cuda);
    if (self->library)
        return 0;
    const char *why = dlerror();
    return ipc_fail(error, IPC_E_CUDA, "engine %d has no GPU: the CUDA driver cannot be loaded (%s)", self->engine,
                    why ? why : "libcuda.so.1 lacks a function");
}

static int find_device(cuda_device_t *self, ipc_error_t *error)
{
    int count = 0, major = 0, minor = 0;
    cuda_result_t result = self->cuda.cuInit(0);
    if (!result)
        result = self->cuda.cuDeviceGetCount(&count);
    if (!result && count == 0)
        return ipc_fail(error, IPC_E_CUDA, "engine %d has no GPU: CUDA_VISIBLE_DEVICES shows none", self->engine);
    if (!result)
        result = self->cuda.cuDeviceGet(&self->device, 0);
    if (!result)
        result = self->cuda.cuDeviceGetAttribute(&major, CUDA_CAPABILITY_MAJOR, self->device);
    if (!result)
        result = self->cuda.cuDeviceGetAttribute(&minor, CUDA_CAPABILITY_MINOR, self->device);
    if (!result)
        result = self->cuda.cuDevicePrimaryCtxRetain(&self->context, self->device);
    if (result)
        return fail_without_gpu(self, result, error);
    self->capability = 10 * major + minor;
    self->generation++;
    return 0;
}

//  NVIDIA promises this of no process whose kernel went wrong: when it does not work, another process does.
static int begin_anew(cuda_device_t *self, ipc_error_t *error)
{
    char text[256];
    self->cuda.cuDevicePrimaryCtxRelease_v2(self->device);
    self->context = NULL;
    cuda_result_t result = self->cuda.cuDevicePrimaryCtxReset_v2(self->device);
    if (!result)
        result = self->cuda.cuDevicePrimaryCtxRetain(&self->context, self->device);
    if (!result)
        result = self->cuda.cuCtxSetCurrent(self->context);
    if (!result)
        result = self->cuda.cuCtxSynchronize();
    self->generation++;
    self->is_dead = result != 0;
    if (!result)
        return 0;
    describe(self, result, text);
    return ipc_fail(error, IPC_E_CUDA,
                    "the GPU of engine %d cannot be used again after a kernel that failed: %s; ipc_view_restart() or "
                    "\"ipcluster restart %d\" starts the engine anew", self->engine, text, self->engine);
}

int cuda_device_open(cuda_device_t *self, ipc_error_t *error)
{
    if (!self->library && load_driver(self, error))
        return -1;
    if (self->is_dead && begin_anew(self, error))
        return -1;
    if (!self->context && find_device(self, error))
        return -1;
    cuda_result_t result = self->cuda.cuCtxSetCurrent(self->context); // a module may have set another one
    return result ? fail(self, "the GPU", result, error) : 0;
}

int cuda_device_try(cuda_device_t *self, bool mends)
{
    if (!mends && self->is_dead)
        return -1;
    if (cuda_device_open(self, NULL))
        return -1;
    self->is_dead = self->cuda.cuCtxSynchronize() != 0; // of what a module did, too
    return self->is_dead && (!mends || begin_anew(self, NULL)) ? -1 : 0;
}

//  --- Modules and memory --------------------------------------------------------------------------------------

int cuda_device_load(cuda_device_t *self, const char *ptx, cuda_module_t *module, ipc_error_t *error)
{
    char log[256] = "", what[320];
    unsigned options[] = {CUDA_ERROR_LOG, CUDA_ERROR_LOG_SIZE};
    void *values[] = {log, (void *) (uintptr_t) sizeof log}; // numbers stand in the pointers themselves
    cuda_result_t result = self->cuda.cuModuleLoadDataEx(module, ptx, 2, options, values);
    if (!result)
        return 0;
    snprintf(what, sizeof what, "the compiled cell cannot be loaded%s%s", log[0] ? ": " : "", log);
    return fail(self, what, result, error);
}

void cuda_device_unload(cuda_device_t *self, cuda_module_t module)
{
    if (!self->is_dead)
        self->cuda.cuModuleUnload(module);
}

int cuda_device_find(cuda_device_t *self, cuda_module_t module, const char *name, cuda_function_t *function,
                     ipc_error_t *error)
{
    cuda_result_t result = self->cuda.cuModuleGetFunction(function, module, name);
    return result ? fail(self, name, result, error) : 0;
}

int cuda_device_take(cuda_device_t *self, size_t size, cuda_memory_t *memory, ipc_error_t *error)
{
    char what[64];
    cuda_result_t result = self->cuda.cuMemAlloc_v2(memory, size);
    snprintf(what, sizeof what, "%zu bytes on the GPU of engine %d", size, self->engine);
    return result ? fail(self, what, result, error) : 0;
}

void cuda_device_give(cuda_device_t *self, cuda_memory_t memory)
{
    if (!self->is_dead)
        self->cuda.cuMemFree_v2(memory);
}

int cuda_device_upload(cuda_device_t *self, cuda_memory_t to, const void *from, size_t size, ipc_error_t *error)
{
    cuda_result_t result = self->cuda.cuMemcpyHtoD_v2(to, from, size);
    return result ? fail(self, "copying an array to the GPU", result, error) : 0;
}

int cuda_device_download(cuda_device_t *self, void *to, cuda_memory_t from, size_t size, ipc_error_t *error)
{
    cuda_result_t result = self->cuda.cuMemcpyDtoH_v2(to, from, size);
    return result ? fail(self, "copying an array from the GPU", result, error) : 0;
}

int cuda_device_run(cuda_device_t *self, const char *name, cuda_function_t function, const cuda_shape_t *shape,
                    void **parameters, ipc_error_t *error)
{
    enum { SHARED_ALWAYS = 48 * 1024 }; // more is to be asked for
    const unsigned *grid = shape->grid, *block = shape->block;
    char what[128];
    cuda_result_t result = 0;
    if (shape->shared > SHARED_ALWAYS)
        result = self->cuda.cuFuncSetAttribute(function, CUDA_MAX_SHARED, (int) shape->shared);
    if (!result)
        result = self->cuda.cuLaunchKernel(function, grid[0], grid[1], grid[2], block[0], block[1], block[2],
                                           (unsigned) shape->shared, NULL, parameters, NULL);
    if (result) {
        snprintf(what, sizeof what, "kernel %.60s cannot be launched", name);
        return fail(self, what, result, error);
    }
    result = self->cuda.cuCtxSynchronize();
    snprintf(what, sizeof what, "kernel %.60s failed", name);
    return result ? fail(self, what, result, error) : 0;
}
