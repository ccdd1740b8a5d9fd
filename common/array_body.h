//  The body of ipc_array_t, for the code that makes arrays over memory of its own (not public). It is part
//  of IPC_ABI: images and engines of one ABI share it.
#ifndef IPC_COMMON_ARRAY_BODY_H
#define IPC_COMMON_ARRAY_BODY_H

#include "common/array.h"

struct ipc_array {
    uint32_t dtype;                    // ipc_dtype_t
    uint32_t ndim;
    size_t shape[IPC_MAX_DIMENSIONS];
    size_t count;                      // of elements
    void *data;                        // a multiple of 64 bytes
    void (*release)(struct ipc_array *self); // frees data and owner; NULL: data is borrowed
    void *owner;                       // of data, for release
    uint32_t references;               // users of the array; the last one's destroy frees it
    uint32_t in_task;                  // 1: the task owns it, so destroy leaves it alone
};

//  Makes an array over data that somebody else owns.
//      data       borrowed until release is called (or for the array's life when release is NULL)
ipc_array_t *ipc_array_wrap(ipc_dtype_t dtype, int ndim, const size_t *shape, void *data,
                            void (*release)(ipc_array_t *self), void *owner);

//  ipc_array_new() in memory of the process's own, of no task.
ipc_array_t *ipc_array_new_private(ipc_dtype_t dtype, int ndim, const size_t *shape, ipc_error_t *error);

//  Another user of the same array: each calls ipc_array_destroy() once. Not atomic: one thread, or a lock.
ipc_array_t *ipc_array_retain(ipc_array_t *self);

//  Checks dtype and shape and gives the number of elements. 0, or -1 with *error: ARGUMENT, MEMORY.
int ipc_shape_count(ipc_dtype_t dtype, int ndim, const size_t *shape, size_t *count,
                    ipc_error_t *error);

#endif
