#include "kernels/heat/host_tiles.h"

#include <string.h>

//  One line of one level.
typedef struct fd_line {
    const void *from;
    void *to;
    long offset;  // of both in their arrays, in bytes
    size_t count; // vectors
} fd_line_t;

//  A row's part in a tile, at one level.
typedef struct fd_part {
    long row;
    int parity; // of the level
    size_t column, count;
} fd_part_t;

enum {
    ROWS = 3,     // that are computed together, at most
    FEW_ROWS = 2, // the same, where each has faces
    LINE = 64,    // bytes
    AHEAD = 8     // rows by which memory is asked for before a level needs it
};

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

#define LOOPS "kernels/heat/host_tiles_real.h"
#include "kernels/heat/host_variants.h"

fd_tiles_t fd_tiles_choose(ipc_dtype_t dtype, heat_vectors_t vectors)
{
    const bool single = dtype == IPC_F32;
    switch (vectors) {
#if defined(__x86_64__)
    case HEAT_AVX512: return (fd_tiles_t){single ? f32_avx512_tile : f64_avx512_tile, 64};
    case HEAT_AVX2: return (fd_tiles_t){single ? f32_avx2_tile : f64_avx2_tile, 32};
#endif
    case HEAT_WIDE: return (fd_tiles_t){single ? f32_wide_tile : f64_wide_tile, 64};
    default: return (fd_tiles_t){single ? f32_baseline_tile : f64_baseline_tile, 32};
    }
}
