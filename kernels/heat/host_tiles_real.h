//  The inner loops of the finite differences, compiled once for each element type and
//  instruction set: host_tiles.c includes this file with REAL, VECTOR (bytes), TARGET (an
//  attribute) and N(name) (ours) defined. Every point is computed by the same operations in
//  the same order in all of them, so their results are equal bit for bit.

typedef REAL N(vector) __attribute__((vector_size(VECTOR)));

enum { N(LANES) = VECTOR / sizeof(REAL) };

//  The vector at an offset of an array, which may be none.
static inline const N(vector) * N(at)(const char *array, long offset)
{
    return array ? (const N(vector) *) (array + offset) : NULL;
}

//  What is at a number of bytes from a vector.
static inline const N(vector) * N(off)(const N(vector) * at, long bytes)
{
    return at ? (const N(vector) *) ((const char *) at + bytes) : NULL;
}

//  One line of one level, of count vectors, all of whose neighbours count the same, and
//  which have no source.
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

//  Two dimensions; with a source or without.
TARGET static inline __attribute__((always_inline)) void N(plane)(const fd_block_t *block,
                                                                  const fd_line_t *line,
                                                                  const bool gains)
{
    const REAL centre = (REAL) block->centre, side = (REAL) block->ratio[HEAT_X],
               across = (REAL) block->ratio[HEAT_Y];
    const N(vector) *u = line->from, *up = N(off)(u, -block->row_pitch),
                    *down = N(off)(u, block->row_pitch),
                    *source = N(at)(block->source, line->offset);
    N(vector) *restrict out = line->to;
    N(vector) left = u[-1], middle = u[0];
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1];
        N(vector)
        sum = centre * middle + (across * (up[c] + down[c]) + side * (left + right));
        if (gains)
            sum += source[c];
        out[c] = sum;
        left = middle;
        middle = right;
    }
}

//  Three dimensions.
TARGET static inline __attribute__((always_inline)) void N(solid)(const fd_block_t *block,
                                                                  const fd_line_t *line,
                                                                  const bool gains)
{
    const REAL centre = (REAL) block->centre, x = (REAL) block->ratio[HEAT_X],
               y = (REAL) block->ratio[HEAT_Y], z = (REAL) block->ratio[HEAT_Z];
    const N(vector) *u = line->from, *over = N(off)(u, -block->row_pitch),
                    *under = N(off)(u, block->row_pitch),
                    *up = N(off)(u, -block->line_pitch),
                    *down = N(off)(u, block->line_pitch),
                    *source = N(at)(block->source, line->offset);
    N(vector) *restrict out = line->to;
    N(vector) left = u[-1], middle = u[0];
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1];
        N(vector)
        sum = centre * middle +
              (x * (left + right) + (y * (up[c] + down[c]) + z * (over[c] + under[c])));
        if (gains)
            sum += source[c];
        out[c] = sum;
        left = middle;
        middle = right;
    }
}

//  One dimension: the line is of rows, each a vector.
TARGET static inline __attribute__((always_inline)) void N(rod)(const fd_block_t *block,
                                                                const fd_line_t *line,
                                                                const bool gains)
{
    const REAL centre = (REAL) block->centre, side = (REAL) block->ratio[HEAT_X];
    const N(vector) *u = line->from, *source = N(at)(block->source, line->offset);
    N(vector) *restrict out = line->to;
    N(vector) left = u[-1], middle = u[0];
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1];
        N(vector) sum = centre * middle + side * (left + right);
        if (gains)
            sum += source[c];
        out[c] = sum;
        left = middle;
        middle = right;
    }
}

//  Where alpha varies, in any number of dimensions. What flows in along x from behind a point
//  is what flows out to before the next.
TARGET static inline __attribute__((always_inline)) void N(faces)(const fd_block_t *block,
                                                                  const fd_line_t *line,
                                                                  const int ndim,
                                                                  const bool gains)
{
    const long rows = block->row_pitch, lines = block->line_pitch;
    const N(vector) *u = line->from, *source = N(at)(block->source, line->offset),
                    *x = N(at)(block->face[HEAT_X], line->offset),
                    *y = N(at)(block->face[HEAT_Y], line->offset),
                    *z = N(at)(block->face[HEAT_Z], line->offset);
    const N(vector) *up = N(off)(u, ndim == 2 ? -rows : -lines),
                    *down = N(off)(u, ndim == 2 ? rows : lines), *over = N(off)(u, -rows),
                    *under = N(off)(u, rows), *y_far = N(off)(y, ndim == 2 ? rows : lines),
                    *z_far = N(off)(z, rows);
    N(vector) *restrict out = line->to;
    N(vector) middle = u[0], flow = x[0] * (middle - u[-1]);
    for (size_t c = 0; c < line->count; c++) {
        const N(vector) right = u[c + 1], next = x[c + 1] * (right - middle);
        N(vector) sum = middle + (next - flow);
        if (ndim > 1)
            sum += y_far[c] * (down[c] - middle) - y[c] * (middle - up[c]);
        if (ndim > 2)
            sum += z_far[c] * (under[c] - middle) - z[c] * (middle - over[c]);
        if (gains)
            sum += source[c];
        out[c] = sum;
        middle = right;
        flow = next;
    }
}

//  Advances one line by one step.
TARGET static inline __attribute__((always_inline)) void N(advance)(const fd_block_t *block,
                                                                    const fd_line_t *line,
                                                                    const fd_kind_t kind,
                                                                    const bool gains)
{
    switch (kind) {
    case FD_CROSS: N(cross)(block, line); break;
    case FD_ROD: N(rod)(block, line, gains); break;
    case FD_PLANE: N(plane)(block, line, gains); break;
    case FD_SOLID: N(solid)(block, line, gains); break;
    case FD_ROD_FACES: N(faces)(block, line, 1, gains); break;
    case FD_PLANE_FACES: N(faces)(block, line, 2, gains); break;
    case FD_SOLID_FACES: N(faces)(block, line, 3, gains); break;
    }
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
        for (size_t k = LAST; k < numbers; k += N(LANES))
            new[below + (long) k] = old[below + (long) k];
    }
    if (row + 1 == block->height) {
        const long above = -block->height * pitch;
        memcpy(new + above + 1, new, (numbers - 1) * sizeof(REAL));
        for (size_t k = 0; k < numbers; k += N(LANES))
            new[above + (long) k] = old[above + (long) k];
    }
}

//  Advances the lines of a row within a tile by one step.
TARGET static inline __attribute__((always_inline)) void N(lines)(const fd_block_t *block,
                                                                  const fd_part_t *part,
                                                                  const fd_kind_t kind,
                                                                  const bool gains)
{
    const bool joins =
        part->row == 0 || part->row + 1 == block->height || part->row == block->stays.row;
    long offset = part->row * block->row_pitch + (long) part->column * VECTOR +
                  (long) part->line * block->line_pitch;
    for (size_t l = part->line; l < part->line_end; l++, offset += block->line_pitch) {
        const fd_line_t line = {.from = block->grid[part->parity] + offset,
                                .to = block->grid[!part->parity] + offset,
                                .offset = offset,
                                .count = part->count};
        N(advance)(block, &line, kind, gains);
        if (joins)
            N(join)(block, part->row, line.from, line.to, part->count);
    }
}

//  Cuts columns (or lines) out of a tile, which a level shifts. False where nothing is left.
static inline bool N(cut)(size_t first, size_t width, size_t most, int level, size_t *begin,
                          size_t *end)
{
    const size_t skew = (size_t) level, behind = first + width;
    *begin = first > skew ? first - skew : 0;
    *end = min_size(behind > skew ? behind - skew : 0, most);
    return *begin < *end;
}

//  Asks for a part of what the first level will need, while the levels compute: the lines of
//  a tile are too short for the processor to see what comes, and it can ask for few at once.
//      first      of the first level, at the row that is asked for
TARGET static inline __attribute__((always_inline)) void N(prefetch)(
    const fd_block_t *block, const fd_part_t *first, int level, const bool solid)
{
    const size_t size = first->count * VECTOR, levels = (size_t) block->levels;
    const size_t lines = first->line_end - first->line;
    const size_t share = solid ? lines / levels + 1 : (size / levels + LINE) / LINE * LINE;
    const size_t begin = share * (size_t) level;
    const size_t line_end = solid ? min_size(begin + share, lines) : 1;
    const size_t from = solid ? 0 : begin,
                 end = solid ? size : min_size(begin + share, size);
    for (size_t l = solid ? begin : 0; l < line_end; l++) {
        const long offset = first->row * block->row_pitch + (long) first->column * VECTOR +
                            (long) (first->line + l) * block->line_pitch;
        for (size_t k = from; k < end; k += LINE) {
            __builtin_prefetch(block->grid[0] + offset + k, 0, 2);
            __builtin_prefetch(block->grid[1] + offset - block->row_pitch + k, 0, 2);
            if (block->source)
                __builtin_prefetch(block->source + offset + k, 0, 2);
            for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
                if (block->face[axis])
                    __builtin_prefetch(block->face[axis] + offset + k, 0, 2);
        }
    }
}

//  What a level does of a row in a tile. False where that is nothing.
TARGET static inline __attribute__((always_inline)) bool N(find_part)(
    const fd_block_t *block, size_t column, size_t line, int level, const bool solid,
    fd_part_t *part)
{
    size_t end;
    part->parity = level & 1;
    part->line = 0;
    part->line_end = 1;
    if (!N(cut)(column, block->tile_columns, block->columns, level, &part->column, &end))
        return false;
    part->count = end - part->column;
    return !solid || N(cut)(line, block->tile_lines, block->lines, level, &part->line,
                            &part->line_end);
}

TARGET static inline __attribute__((always_inline)) void N(sweep)(const fd_block_t *block,
                                                                  size_t column,
                                                                  size_t line,
                                                                  const fd_kind_t kind,
                                                                  const bool gains)
{
    const bool solid = kind == FD_SOLID || kind == FD_SOLID_FACES;
    fd_part_t first = {0}, part = {0};
    const bool fetches = N(find_part)(block, column, line, 0, solid, &first);
    for (long sweep = block->sweep_first; sweep < block->sweep_end; sweep++) {
        first.row = sweep + (solid ? SOLID_AHEAD : AHEAD);
        for (int level = 0; level < block->levels; level++) {
            // A level is one row behind the level before it, whose next row it needs.
            const long row = sweep - level;
            if (row < block->first + level * block->first_move ||
                row >= block->end + level * block->end_move ||
                !N(find_part)(block, column, line, level, solid, &part))
                continue;
            part.row = row < 0 ? row + block->height : row;
            if (fetches && first.row >= 0 && first.row <= block->height)
                N(prefetch)(block, &first, level, solid);
            N(lines)(block, &part, kind, gains);
        }
    }
}

//  Rows first ... end - 1 of a rod at one level, of which none is on both sides of row 0.
TARGET static inline __attribute__((always_inline)) void N(rows)(const fd_block_t *block,
                                                                 long first, long end,
                                                                 int level,
                                                                 const fd_kind_t kind,
                                                                 const bool gains)
{
    if (first >= end)
        return;
    const int from = level & 1;
    const fd_line_t line = {.from = block->grid[from] + first * VECTOR,
                            .to = block->grid[!from] + first * VECTOR,
                            .offset = first * VECTOR,
                            .count = (size_t) (end - first)};
    N(advance)(block, &line, kind, gains);
    const long joins[] = {block->stays.row, 0, block->height - 1};
    for (int k = 0; k < 3; k++)
        if (joins[k] >= first && joins[k] < end)
            N(join)
    (block, joins[k], block->grid[from] + joins[k] * VECTOR,
     block->grid[!from] + joins[k] * VECTOR, 1);
}

//  A rod, in tiles of rows.
TARGET static inline __attribute__((always_inline)) void N(stretch)(const fd_block_t *block,
                                                                    const fd_kind_t kind,
                                                                    const bool gains)
{
    const long width = (long) block->tile_columns;
    for (long tile = block->sweep_first; tile < block->sweep_end; tile += width)
        for (int level = 0; level < block->levels; level++) {
            long first = block->first + level * block->first_move;
            long end = block->end + level * block->end_move;
            first = first > tile - level ? first : tile - level;
            end = end < tile + width - level ? end : tile + width - level;
            N(rows)
            (block, first + block->height, (end < 0 ? end : 0) + block->height, level, kind,
             gains);
            N(rows)(block, first > 0 ? first : 0, end, level, kind, gains);
        }
}

TARGET static inline __attribute__((always_inline)) void N(either)(const fd_block_t *block,
                                                                   size_t column,
                                                                   size_t line,
                                                                   const bool gains)
{
    switch (block->kind) {
    case FD_CROSS: N(sweep)(block, column, line, FD_CROSS, false); break;
    case FD_ROD: N(stretch)(block, FD_ROD, gains); break;
    case FD_PLANE: N(sweep)(block, column, line, FD_PLANE, gains); break;
    case FD_SOLID: N(sweep)(block, column, line, FD_SOLID, gains); break;
    case FD_ROD_FACES: N(stretch)(block, FD_ROD_FACES, gains); break;
    case FD_PLANE_FACES: N(sweep)(block, column, line, FD_PLANE_FACES, gains); break;
    case FD_SOLID_FACES: N(sweep)(block, column, line, FD_SOLID_FACES, gains); break;
    }
}

TARGET static void N(tile)(const fd_block_t *block, size_t column, size_t line)
{
    if (block->source)
        N(either)(block, column, line, true);
    else
        N(either)(block, column, line, false);
}

#undef REAL
#undef VECTOR
#undef TARGET
#undef N
