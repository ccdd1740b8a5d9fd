//  heat_buffer_t: working memory that is kept from one solve to the next.
#ifndef HEAT_BUFFER_H
#define HEAT_BUFFER_H

#include "kernels/common/refuse.h"

//  What a buffer may keep while nothing is being solved; a larger one goes back at once.
#define HEAT_KEEP_BYTES ((size_t) 256 << 20)

//  Zero-initialised, a buffer is empty.
typedef struct heat_buffer {
    void *memory; // begins at a multiple of 64 bytes
    size_t size;  // in bytes
} heat_buffer_t;

//  Gives at least size bytes, their content undefined, lent until the next call; or NULL
//  with *error: MEMORY.
void *heat_buffer_reserve(heat_buffer_t *self, size_t size, ipc_error_t *error);

//  Gives back what is more than may be kept.
void heat_buffer_trim(heat_buffer_t *self);

//  Gives all back.
void heat_buffer_clear(heat_buffer_t *self);

#endif
