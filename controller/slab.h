//  slab_t: many records of one size, found again by a 64-bit id. A stale id finds nothing. Memory is taken in
//  blocks and a block without records is given back, so that what a million tasks took is there no more.
#ifndef IPC_CONTROLLER_SLAB_H
#define IPC_CONTROLLER_SLAB_H

#include <stddef.h>
#include <stdint.h>

typedef struct slab slab_t;

//      size       of a record in bytes
slab_t *slab_new(size_t size);
//  Ids begin with this generation: with a random one, ids of another slab are hardly ever taken for its own.
void slab_begin_at(slab_t *self, uint32_t generation);

void slab_destroy(slab_t **self_p);

//  Gives a zeroed record and its id, which is never 0.
void *slab_take(slab_t *self, uint64_t *id);

//  The record of an id, or NULL when it was given back.
void *slab_get(const slab_t *self, uint64_t id);

void slab_give(slab_t *self, uint64_t id);

//  Records in use; bytes of all blocks.
size_t slab_count(const slab_t *self);
size_t slab_bytes(const slab_t *self);

#endif
