//  targets_t: the memory that the last gathers had this engine write into. The mappings are kept, since a client
//  uses its segments in turns and new page tables are what costs. It belongs to the task thread.
#ifndef IPC_ENGINE_TARGETS_H
#define IPC_ENGINE_TARGETS_H

#include "common/store.h"

enum { TARGETS_KEPT = 2 };             // a client that scatters and gathers alternates between two

typedef struct target {
    ipc_object_t object;
    uint64_t offset;                   // of the mapped bytes in it
    ipc_array_t *bytes;                // NULL: free
} target_t;

typedef struct targets {
    target_t kept[TARGETS_KEPT];
    unsigned oldest;
} targets_t;

//  Gives the memory of size bytes from offset on in an object (lent until the next call), or NULL with *error
//  as of ipc_store_open().
void *targets_map(targets_t *self, ipc_store_t *store, ipc_object_t object, uint64_t offset, size_t size,
                  ipc_error_t *error);

//  Lets go of what is too large to be kept.
void targets_trim(targets_t *self);

void targets_clear(targets_t *self);

#endif
