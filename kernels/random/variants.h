//  random_variant_t: the inner loops for one instruction set. All give the same results,
//  bit for bit.
#ifndef RANDOM_VARIANTS_H
#define RANDOM_VARIANTS_H

#include "kernels/random/philox.h"

//  What the numbers are to be like.
typedef struct random_law {
    double low, width; // uniform: from low on, below low + width
    double most;       // uniform: the largest number that may come
    double mean, sigma;
} random_law_t;

//  Makes numbers out of whole blocks.
//      pairs     borrowed; PHILOX_PAIRS x blocks
//      numbers   written
typedef void (*random_law_fn)(const uint64_t *pairs, size_t blocks, const random_law_t *law,
                              void *numbers);

typedef struct random_variant {
    const char *name; // "avx512", "avx2", "baseline"
    philox_fn blocks;
    random_law_fn uniform_f32; // low + width k / 2^24, k: the upper 24 bits of a word
    random_law_fn uniform_f64; // low + width k / 2^53, k: the upper 53 bits of a pair
    random_law_fn normal_f32;  // as normal_f64, rounded
    random_law_fn normal_f64;  // mean + sigma z: two numbers of each block (box_muller.h)

    //  How many points are within the quarter circle. Each is a pair of words: the upper 31
    //  bits of a word are a coordinate in a square of side 2^31, from the middle of a cell.
    //  In integers, so that nothing is rounded.
    uint64_t (*inside)(const uint64_t *pairs, size_t points);
} random_variant_t;

//  The best one for this processor comes first, "baseline" last; NULL from there on.
const random_variant_t *random_variant(size_t i);

#endif
