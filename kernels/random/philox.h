//  The generator of the module `random`: Philox4x32-10 (J. K. Salmon, M. A. Moraes,
//  R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). It has
//  no state: ten rounds of multiplication and exclusive or turn a counter of 128 bits and a
//  key of 64 bits into a block of four words. So any part of any stream can be computed
//  anywhere, by any number of threads, and is the same.
//
//      key       the seed: low word, high word
//      counter   the number of the block: low word, high word; the stream: low word, high
//                word
#ifndef RANDOM_PHILOX_H
#define RANDOM_PHILOX_H

#include <stddef.h>
#include <stdint.h>

typedef struct philox {
    uint64_t seed;
    uint64_t stream;
} philox_t;

//  Of the paper: the multipliers, and by how much the key grows from round to round.
#define PHILOX_FACTOR_0 UINT64_C(0xD2511F53)
#define PHILOX_FACTOR_1 UINT64_C(0xCD9E8D57)
#define PHILOX_STEP_0 UINT32_C(0x9E3779B9)
#define PHILOX_STEP_1 UINT32_C(0xBB67AE85)

enum {
    PHILOX_ROUNDS = 10,
    PHILOX_PAIRS = 2,    // of words, in a block
    PHILOX_MULTIPLE = 32 // blocks that are computed at once, at most
};

//  Writes the blocks from first on, each as PHILOX_PAIRS pairs: first word + second word
//  2^32, third word + fourth word 2^32.
//      count   of blocks, a multiple of PHILOX_MULTIPLE
//      pairs   written; PHILOX_PAIRS x count
typedef void (*philox_fn)(const philox_t *self, uint64_t first, size_t count,
                          uint64_t *pairs);

#endif
