//  What a module includes: a shared library with named functions that live on the engines.
//
//      #include <ipmodule.h>
//      IPC_REMOTE(double, twice, (double x)) { return 2 * x; }
//      IPC_MODULE(mine, NULL, NULL, twice)
//
//  built with  cc -shared -fPIC mine.c -o mine.so $(pkg-config --cflags --libs ipclient)  is called by
//  ipc_apply_named(view, "mine.twice", 3.0).
#ifndef IPC_ENGINE_IPMODULE_H
#define IPC_ENGINE_IPMODULE_H

#include "common/remote.h"

enum { IPC_MODULE_MAGIC = 0x4950434D }; // "IPCM"

typedef struct ipc_module {
    uint32_t magic;
    uint32_t abi;
    const char *name;
    int (*init)(ipc_error_t *error);      // once, when the engine loads it: 0, or -1 with *error; or NULL
    void (*fini)(void);                   // when the engine stops in order; or NULL
    const ipc_remote_t *const *functions;
    size_t count;
} ipc_module_t;

//  Says that the engine's GPU has failed and is of no use to this process any more: a sentence or the driver's words.
//  The task goes on, and should end with ipc_raise("DeviceError", …); after it the engine is started anew, and takes no
//  tasks that need a GPU until its own can be used again. It need not be called for what every later call of the driver
//  answers with, such as an illegal address or an uncorrectable memory error: when a task ends with DeviceError, the
//  engine looks itself at the context that modules and cells share (the primary one, which the CUDA runtime uses).
//  On the task's own thread; nothing happens where the engine owns no GPU.
static inline void ipc_device_failed(const char *why)
{
    const ipc_runtime_t *runtime = ipc_runtime();
    if (runtime->size > offsetof(ipc_runtime_t, device_failed) && runtime->device_failed)
        runtime->device_failed(why);
}

//  Binds a name in the engine's namespace to an array itself, which ipc_ns_set() would copy, and sets *array_p to NULL.
//      array_p    of ipc_array_new(); not written any more
static inline void ipc_ns_keep(const char *name, ipc_array_t **array_p)
{
    const ipc_runtime_t *runtime = ipc_runtime();
    ipc_array_t *array = *array_p;
    *array_p = NULL;
    if (runtime->size > offsetof(ipc_runtime_t, ns_keep) && runtime->ns_keep) {
        runtime->ns_keep(name, array);
    } else {
        runtime->ns_set(name, ipc_value_from_array(array));
        ipc_array_destroy(&array);
    }
}

#define IPC_MODULE_ENTRY(N) &ipc_remote_##N

//  Describes a module: its name as an identifier, init and fini hooks (or NULL), its functions, each
//  defined above by IPC_REMOTE or IPC_IMPORT.
#define IPC_MODULE(N, INIT, FINI, ...)                                                        \
    __attribute__((visibility("default"))) extern const ipc_module_t ipc_module;              \
    const ipc_module_t ipc_module = {                                                         \
        .magic = IPC_MODULE_MAGIC,                                                            \
        .abi = IPC_ABI,                                                                       \
        .name = #N,                                                                           \
        .init = INIT,                                                                         \
        .fini = FINI,                                                                         \
        .functions =                                                                          \
            (const ipc_remote_t *const[]){IPC_EACH(IPC_MODULE_ENTRY, __VA_ARGS__)},           \
        .count = IPC_COUNT(__VA_ARGS__)};

#endif
