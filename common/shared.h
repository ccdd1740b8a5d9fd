//  ipc_shared_t: the shared memory of one large array, so that it can be handed over to engines without a copy
//  (DESIGN.md 6). Until then its pages have no name in any directory, and go with the process.
//
//  Handing over gives the pages a name under which others map them, and makes the holder's own view of them
//  private, at the same address: what it writes later makes copies of single pages and is seen by nobody else.
//  So the contents under a name never change. An array that was written after it was handed over is copied
//  when it is to be handed over again: its pages are no longer in one piece.
//
//  All functions may be called from any thread; two threads must not use one array at a time.
#ifndef IPC_COMMON_SHARED_H
#define IPC_COMMON_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IPC_SHARED_MIN = 1 << 20           // bytes; handing over what is smaller costs as much as a copy
};

typedef struct ipc_shared ipc_shared_t;

//  Takes zeroed shared memory for an array: used memory if there is some, else new. NULL when there is none to
//  be had (too little room in /dev/shm, too many descriptors): memory of the process's own does as well.
ipc_shared_t *ipc_shared_new(size_t size);

//  Its memory, for the array.
void *ipc_shared_data(const ipc_shared_t *self);

//  The array is gone; its memory is used again once it has no more names. Sets *self_p to NULL; NULL is fine.
void ipc_shared_destroy(ipc_shared_t **self_p);

//  The bytes without a user that a process keeps for later in a directory: an eighth of what its file system
//  holds in all.
size_t ipc_shared_kept_limit(const char *directory);

//  Gives back all memory that is kept for new arrays.
void ipc_shared_drop_unused(void);

//  Hands over the array that size bytes at data are of, under a path in a directory in /dev/shm. Gives it with
//  the offset of data in it, for ipc_shared_take_back(); or NULL: the bytes must be copied (they are not most of
//  an array in shared memory, or were written since they were handed over first).
ipc_shared_t *ipc_shared_hand_over(const void *data, size_t size, const char *path, uint64_t *offset);

//  Nobody opens the path any more: it goes, and *self_p is set to NULL.
void ipc_shared_take_back(ipc_shared_t **self_p, const char *path);

//  Whether no page of a private mapping was written, so that it still shows what its file has. False also when
//  the kernel does not tell.
bool ipc_shared_is_unwritten(const void *data, size_t size);

//  0 when a file may have so many bytes, else the errno: a larger one would end the process with SIGXFSZ.
int ipc_shared_check_size(size_t size);

#endif
