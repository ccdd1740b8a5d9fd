//  The inner loops of the finite differences, compiled once for each element type and
//  instruction set: host_fd.c includes this file with TILE (the function's name), REAL and
//  TARGET (an attribute) defined. Every point is computed by the same operations in the
//  same order in all of them, so their results are equal bit for bit.

//  Where side and across are the same and there is no source (plain) nothing of the rest is
//  in the loop.
TARGET static inline __attribute__((always_inline)) void FD_BODY(TILE)(
    const fd_block_t *block, size_t first, size_t width, const bool plain)
{
    const REAL centre = (REAL) block->centre, side = (REAL) block->side;
    const REAL across = (REAL) block->across;
    const size_t stride = block->stride;
    const REAL *const sources = block->source;
    for (long sweep = block->sweep_first; sweep < block->sweep_end; sweep++) {
        for (int level = 0; level < block->levels; level++) {
            // A level is one row behind the level before it, whose next row it needs.
            const long row = sweep - level;
            if (row < block->first + level * block->first_move ||
                row >= block->end + level * block->end_move)
                continue;
            const size_t skew = (size_t) level * (LINE / sizeof(REAL));
            const size_t begin = first > skew ? first - skew : 0;
            const size_t end =
                min_size(first + width > skew ? first + width - skew : 0, block->interior);
            if (begin >= end)
                continue;
            const REAL *middle =
                (const REAL *) block->grid[level & 1] + (size_t) row * stride;
            const REAL *up = middle - stride, *down = middle + stride;
            REAL *restrict out = (REAL *) block->grid[~level & 1] + (size_t) row * stride;
            if (plain)
                for (size_t c = begin; c < end; c++)
                    out[c] =
                        centre * middle[c] +
                        side * ((up[c] + down[c]) + (middle[(long) c - 1] + middle[c + 1]));
            else
                for (size_t c = begin; c < end; c++)
                    out[c] = centre * middle[c] +
                             (across * (up[c] + down[c]) +
                              side * (middle[(long) c - 1] + middle[c + 1]));
            if (plain || !sources)
                continue;
            const REAL *source = sources + (size_t) row * stride;
            for (size_t c = begin; c < end; c++) out[c] += source[c];
        }
    }
}

TARGET static void TILE(const fd_block_t *block, size_t first, size_t width)
{
    if (block->plain)
        FD_BODY(TILE)(block, first, width, true);
    else
        FD_BODY(TILE)(block, first, width, false);
}

#undef TILE
#undef REAL
#undef TARGET
