//  random_fill(), random_inside(): numbers of a stream, by threads. What comes out depends
//  on the stream and the place in it alone: never on the number of threads, nor on the
//  processor.
#ifndef RANDOM_FILL_H
#define RANDOM_FILL_H

#include "kernels/common/pool.h"
#include "kernels/random/variants.h"

//  The numbers of a law in a stream are counted from 0: which of them are wanted.
typedef struct random_part {
    philox_t generator;
    uint64_t first, count; // first + count <= RANDOM_MAX_PLACE
} random_part_t;

#define RANDOM_MAX_PLACE ((uint64_t) INT64_MAX)

//  A law and how it is made.
typedef struct random_maker {
    philox_fn blocks;   // of a variant
    random_law_fn make; // of the same
    unsigned per_block; // numbers of a block
    size_t size;        // of a number, in bytes
    random_law_t law;
} random_maker_t;

//  Writes the numbers of the part.
//      threads   at most this many
//      numbers   written; count x size bytes
void random_fill(kernel_pool_t *pool, int threads, const random_part_t *part,
                 const random_maker_t *maker, void *numbers);

//  How many points of the part are within the quarter circle (see random_variant_t).
uint64_t random_inside(kernel_pool_t *pool, int threads, const random_part_t *part,
                       const random_variant_t *variant);

#endif
