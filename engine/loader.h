//  loader_t: the code an engine has: images of client programs, modules, and the functions in them.
#ifndef IPC_ENGINE_LOADER_H
#define IPC_ENGINE_LOADER_H

#include "engine/ipmodule.h"

typedef struct loader loader_t;

typedef struct loader_options {
    const char *images;                // the directory of images and uploaded modules
    const char *libraries;             // this worker's own directory, which LD_LIBRARY_PATH names; or NULL
    const ipc_runtime_t *runtime;      // what remote functions call
} loader_options_t;

//      options   its strings and the runtime are borrowed for the loader's life
loader_t *loader_new(const loader_options_t *options);

//  Calls the modules' fini hooks. Images stay open: a worker ends with _exit().
void loader_destroy(loader_t **self_p);

//  The descriptor of a function in an image: NULL with *error: IMAGE.
//      key        borrowed; "<64 hexadecimal digits>:<hexadecimal offset>"
//      program    borrowed; for sentences
//      libraries  borrowed; absolute paths of libraries that the image needs, one a line
const ipc_remote_t *loader_image_function(loader_t *self, const char *key, const char *program,
                                          const char *libraries, ipc_error_t *error);

//  The descriptor of "module.function", whose module is loaded when needed: NULL with *error: MODULE, NAME.
const ipc_remote_t *loader_named_function(loader_t *self, const char *name, ipc_error_t *error);

//  Loads a module that is installed ("heat"), or one that was uploaded (hash not NULL; name is for
//  sentences). 0, or -1 with *error: MODULE.
int loader_require(loader_t *self, const char *name, const char *hash, ipc_error_t *error);

#endif
