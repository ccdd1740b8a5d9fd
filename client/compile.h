//  compile_t: how the cells of a view are compiled, as it is sent with each of them.
#ifndef IPC_CLIENT_COMPILE_H
#define IPC_CLIENT_COMPILE_H

#include "client/view.h"

enum { COMPILE_TEXTS = 4 };

typedef struct compile {
    char *texts[COMPILE_TEXTS];        // in the order of compile_names; NULL: not set
} compile_t;

extern const char *const compile_names[COMPILE_TEXTS];

//  Copies options, with paths that are absolute. NULL with *error: ARGUMENT, SYSTEM.
compile_t *compile_new(const ipc_compile_t *options, ipc_error_t *error);
void compile_destroy(compile_t **self_p);

//  The absolute form of a path, given.
char *compile_absolute(const char *path, size_t size, const char *directory);

#endif
