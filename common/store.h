//  ipc_store_t: the objects of one process, in the cluster's directory under /dev/shm. What it makes it owns:
//  segments are reused once nobody holds them, since fresh pages are what costs (up to ipc_shared_kept_limit() is
//  kept). What others made it opens.
//  One thread, or a lock of the caller's.
#ifndef IPC_COMMON_STORE_H
#define IPC_COMMON_STORE_H

#include "common/codec.h"

typedef struct ipc_store ipc_store_t;

//  Makes a store of the owner (a random number of the process's) in a directory. The files are named
//  "<owner>-<number>", both hexadecimal.
ipc_store_t *ipc_store_new(const char *directory, uint64_t owner);

//  Unmaps and removes what it owns, sets *self_p to NULL; NULL is fine.
void ipc_store_destroy(ipc_store_t **self_p);

//  Takes a segment of at least size bytes and gives its memory, shared and writable, until it is freed.
//  NULL with *error: MEMORY (/dev/shm is full, or no file may be so large), SYSTEM; then nothing is left of it.
void *ipc_store_take(ipc_store_t *self, size_t size, ipc_object_t *object, ipc_error_t *error);

//  Nobody holds the segment any more: it will be used again, or removed.
void ipc_store_freed(ipc_store_t *self, ipc_object_t object);

//  Puts data into an object and completes the reference: an ipc_place_fn with a store as context. Nothing is
//  copied for what lies in an object already: an array of ipc_array_new() (common/shared.h), which is handed over
//  and may be written or destroyed at once; and an array of another's that this store opened privately and
//  that was not written, if the caller holds its object. The reference then names that object.
int ipc_store_place(ipc_store_t *self, const void *data, size_t size, ipc_array_ref_t *ref,
                    ipc_error_t *error);

//  The same, always as a copy, into an object that stays for those who hold it when the store is destroyed: whoever
//  keeps account of them removes its file.
int ipc_store_place_lasting(ipc_store_t *self, const void *data, size_t size, ipc_array_ref_t *ref,
                            ipc_error_t *error);

//  Maps the array of a reference, of any owner: private (a write makes a copy of the page), or shared.
//  Gives an array (yours; its destroy unmaps), or NULL with *error: NAME (it is gone), PROTOCOL (the object
//  is smaller), SYSTEM.
ipc_array_t *ipc_store_open(ipc_store_t *self, const ipc_array_ref_t *ref, bool shared,
                            ipc_error_t *error);

#endif
