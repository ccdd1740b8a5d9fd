//  ipc_store_t: the objects of one process, in the cluster's directory under /dev/shm. What it makes it owns:
//  segments are reused once nobody holds them, since fresh pages are what costs. What others made it opens.
//  One thread, or a lock of the caller's.
#ifndef IPC_COMMON_STORE_H
#define IPC_COMMON_STORE_H

#include "common/codec.h"

enum { IPC_STORE_KEPT = 512 << 20 };   // bytes of free segments that are kept for reuse

typedef struct ipc_store ipc_store_t;

//  Makes a store of the owner (a random number of the process's) in a directory. The files are named
//  "<owner>-<number>", both hexadecimal.
ipc_store_t *ipc_store_new(const char *directory, uint64_t owner);

//  Unmaps and removes what it owns, sets *self_p to NULL; NULL is fine.
void ipc_store_destroy(ipc_store_t **self_p);

//  Takes a segment of at least size bytes and gives its memory, shared and writable, until it is freed.
//  NULL with *error: MEMORY (/dev/shm is full), SYSTEM.
void *ipc_store_take(ipc_store_t *self, size_t size, ipc_object_t *object, ipc_error_t *error);

//  Nobody holds the segment any more: it will be used again, or removed.
void ipc_store_freed(ipc_store_t *self, ipc_object_t object);

//  Copies data into a segment and completes the reference: an ipc_place_fn with a store as context.
int ipc_store_place(ipc_store_t *self, const void *data, size_t size, ipc_array_ref_t *ref,
                    ipc_error_t *error);

//  Maps the array of a reference, of any owner: private (a write makes a copy of the page), or shared.
//  Gives an array (yours; its destroy unmaps), or NULL with *error: NAME (it is gone), PROTOCOL (the object
//  is smaller), SYSTEM.
ipc_array_t *ipc_store_open(const ipc_store_t *self, const ipc_array_ref_t *ref, bool shared,
                            ipc_error_t *error);

#endif
