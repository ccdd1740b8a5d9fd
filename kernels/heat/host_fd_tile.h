//  The inner loops of the finite differences, compiled once for each element type and
//  instruction set: host_fd_tiles.c includes this file with REAL, VECTOR (bytes), TARGET (an
//  attribute) and N(name) (ours) defined. Every point is computed by the same operations in
//  the same order in all of them, so their results are equal bit for bit.

typedef REAL N(vector) __attribute__((vector_size(VECTOR)));

enum { N(LANES) = VECTOR / sizeof(REAL) };

//  What is at a number of bytes from a vector.
static inline const N(vector) * N(off)(const N(vector) * at, long bytes)
{
    return (const N(vector) *) ((const char *) at + bytes);
}

//  One line of one level, of count vectors: side is the same for all neighbours.
TARGET static inline __attribute__((always_inline)) void N(cross)(const fd_block_t *block,
                                                                  const fd_line_t *line)
{
    const REAL centre = (REAL) block->centre, side = (REAL) block->ratio[HEAT_X];
    const N(vector) *u = line->from, *up = N(off)(u, -block->row_pitch),
                    *down = N(off)(u, block->row_pitch);
    N(vector) *restrict out = line->to;
    N(vector) left = u[-1], middle = u[0];
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1];
        out[c] = centre * middle + side * ((up[c] + down[c]) + (left + right));
        left = middle;
        middle = right;
    }
}

//  Two dimensions.
TARGET static inline __attribute__((always_inline)) void N(plane)(const fd_block_t *block,
                                                                  const fd_line_t *line)
{
    const REAL centre = (REAL) block->centre, side = (REAL) block->ratio[HEAT_X],
               across = (REAL) block->ratio[HEAT_Y];
    const N(vector) *u = line->from, *up = N(off)(u, -block->row_pitch),
                    *down = N(off)(u, block->row_pitch);
    N(vector) *restrict out = line->to;
    N(vector) left = u[-1], middle = u[0];
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1];
        out[c] = centre * middle + (across * (up[c] + down[c]) + side * (left + right));
        left = middle;
        middle = right;
    }
}

//  Three dimensions.
TARGET static inline __attribute__((always_inline)) void N(solid)(const fd_block_t *block,
                                                                  const fd_line_t *line)
{
    const REAL centre = (REAL) block->centre, x = (REAL) block->ratio[HEAT_X],
               y = (REAL) block->ratio[HEAT_Y], z = (REAL) block->ratio[HEAT_Z];
    const N(vector) *u = line->from, *over = N(off)(u, -block->row_pitch),
                    *under = N(off)(u, block->row_pitch),
                    *up = N(off)(u, -block->line_pitch),
                    *down = N(off)(u, block->line_pitch);
    N(vector) *restrict out = line->to;
    N(vector) left = u[-1], middle = u[0];
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1];
        out[c] = centre * middle +
                 (x * (left + right) + (y * (up[c] + down[c]) + z * (over[c] + under[c])));
        left = middle;
        middle = right;
    }
}

TARGET static inline __attribute__((always_inline)) void N(add_source)(
    const fd_line_t *line)
{
    const N(vector) *source = line->source;
    N(vector) *restrict out = line->to;
    for (size_t c = 0; c < line->count; c++) out[c] += source[c];
}

//  After row 0 or the last one: see fd_bands_t. Lanes that hold rows outside of the band
//  keep what they are in the grid that was read.
TARGET static void N(join)(const fd_block_t *block, long row, const char *from, char *to,
                           size_t count)
{
    enum { LAST = N(LANES) - 1 };
    const REAL *old = (const REAL *) from;
    REAL *new = (REAL *) to;
    const long pitch = block->row_pitch / (long) sizeof(REAL);
    const size_t numbers = count * N(LANES);
    if (row == block->stays.row)
        for (size_t k = (size_t) block->stays.lane; k < numbers; k += N(LANES))
            new[k] = old[k];
    if (row == 0) {
        const long below = block->height * pitch;
        memcpy(new + below, new + 1, (numbers - 1) * sizeof(REAL));
        for (size_t k = LAST; k < numbers; k += N(LANES)) new[below + (long) k] = old[below + (long) k];
    }
    if (row + 1 == block->height) {
        const long above = -block->height * pitch;
        memcpy(new + above + 1, new, (numbers - 1) * sizeof(REAL));
        for (size_t k = 0; k < numbers; k += N(LANES)) new[above + (long) k] = old[above + (long) k];
    }
}

//  Advances the lines of a row within a tile by one step.
TARGET static inline __attribute__((always_inline)) void N(advance)(
    const fd_block_t *block, const fd_part_t *part, const fd_kind_t kind)
{
    const long offset = part->row * block->row_pitch + (long) part->column * VECTOR;
    const char *from = block->grid[part->parity] + offset;
    char *to = block->grid[!part->parity] + offset;
    for (size_t l = part->line; l < part->line_end; l++) {
        const long at = (long) l * block->line_pitch;
        const fd_line_t line = {.from = from + at,
                                .to = to + at,
                                .source = block->source + offset + at,
                                .count = part->count};
        switch (kind) {
        case FD_CROSS: N(cross)(block, &line); break;
        case FD_PLANE: N(plane)(block, &line); break;
        case FD_SOLID: N(solid)(block, &line); break;
        default: break;
        }
        if (kind != FD_CROSS && block->source)
            N(add_source)(&line);
        if (part->row == 0 || part->row + 1 == block->height || part->row == block->stays.row)
            N(join)(block, part->row, from + at, to + at, part->count);
    }
}

TARGET static inline __attribute__((always_inline)) void N(sweep)(const fd_block_t *block,
                                                                  size_t column, size_t line,
                                                                  const fd_kind_t kind)
{
    for (long sweep = block->sweep_first; sweep < block->sweep_end; sweep++)
        for (int level = 0; level < block->levels; level++) {
            // A level is one row behind the level before it, whose next row it needs.
            const long row = sweep - level;
            if (row < block->first + level * block->first_move ||
                row >= block->end + level * block->end_move)
                continue;
            const size_t skew = (size_t) level;
            fd_part_t part = {.row = row < 0 ? row + block->height : row,
                              .parity = level & 1,
                              .line_end = 1};
            part.column = column > skew ? column - skew : 0;
            size_t end = column + block->tile_columns;
            end = min_size(end > skew ? end - skew : 0, block->columns);
            if (kind == FD_SOLID) {
                part.line = line > skew ? line - skew : 0;
                part.line_end = line + block->tile_lines;
                part.line_end =
                    min_size(part.line_end > skew ? part.line_end - skew : 0, block->lines);
            }
            if (part.column >= end)
                continue;
            part.count = end - part.column;
            N(advance)(block, &part, kind);
        }
}

TARGET static void N(tile)(const fd_block_t *block, size_t column, size_t line)
{
    switch (block->kind) {
    case FD_CROSS: N(sweep)(block, column, line, FD_CROSS); break;
    case FD_PLANE: N(sweep)(block, column, line, FD_PLANE); break;
    case FD_SOLID: N(sweep)(block, column, line, FD_SOLID); break;
    default: break;
    }
}

#undef REAL
#undef VECTOR
#undef TARGET
#undef N
