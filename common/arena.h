//  ipc_arena_t: memory for things that end together, such as all that one task made. It can also hold
//  arrays, which it lets go at the end.
#ifndef IPC_COMMON_ARENA_H
#define IPC_COMMON_ARENA_H

#include "common/value.h"

typedef struct ipc_arena ipc_arena_t;

ipc_arena_t *ipc_arena_new(void);
void ipc_arena_destroy(ipc_arena_t **self_p);

//  Frees what was taken, keeps one block for the next use.
void ipc_arena_reset(ipc_arena_t *self);

//  Memory, not cleared, that begins at a multiple of 16 bytes; never NULL (the program stops).
void *ipc_arena_take(ipc_arena_t *self, size_t size);
//  The same at a multiple of 64 bytes.
void *ipc_arena_alloc(ipc_arena_t *self, size_t size);

//  Takes over one reference to an array: it is destroyed at the arena's end.
void ipc_arena_hold(ipc_arena_t *self, ipc_array_t *array);

//  Copies a value, with the strings, members and arrays that it holds, into the arena.
ipc_value_t ipc_value_copy(ipc_value_t value, ipc_arena_t *arena);

#endif
