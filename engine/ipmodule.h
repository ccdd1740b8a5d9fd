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
