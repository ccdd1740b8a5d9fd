//  The inner loops of the finite differences, compiled once for each element type and
//  instruction set (host_variants.h says with what defined). Every point is computed by the
//  same operations in the same order in all of them, so their results are equal bit for bit.

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

//  The same of what is written.
static inline N(vector) * N(to)(N(vector) * at, long bytes)
{
    return (N(vector) *) ((char *) at + bytes);
}

//  Two dimensions, some rows at once, which share what they read; all neighbours count the
//  same (even), or those along an axis do; with a source or without.
TARGET static inline __attribute__((always_inline)) void N(plane)(const fd_block_t *block,
                                                                  const fd_line_t *line,
                                                                  const int rows,
                                                                  const bool even,
                                                                  const bool gains)
{
    const REAL centre = (REAL) block->centre, side = (REAL) block->ratio[HEAT_X],
               across = (REAL) block->ratio[HEAT_Y];
    const long pitch = block->row_pitch;
    const N(vector) *u = line->from, *source = N(at)(block->source, line->offset);
    N(vector) *out = line->to;
    N(vector) left[ROWS], middle[ROWS];
    for (int r = 0; r < rows; r++) {
        left[r] = N(off)(u - 1, r * pitch)[0];
        middle[r] = N(off)(u, r * pitch)[0];
    }
    for (size_t c = 0; c < line->count; c++) {
        N(vector) over = N(off)(u, -pitch)[c];
        for (int r = 0; r < rows; r++) {
            const N(vector) right = N(off)(u, r * pitch)[c + 1];
            const N(vector) here = middle[r];
            const N(vector) under =
                r + 1 < rows ? middle[r + 1] : N(off)(u, rows * pitch)[c];
            const N(vector) lines = over + under, sides = left[r] + right;
            N(vector)
            sum = centre * here +
                  (even ? side * (lines + sides) : across * lines + side * sides);
            if (gains)
                sum += N(off)(source, r * pitch)[c];
            N(to)(out, r * pitch)[c] = sum;
            over = left[r] = here;
            middle[r] = right;
        }
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

//  Where alpha varies, in one or two dimensions. What flows in from behind a point is what
//  flows out to before the next: along x, and from row to row (of flow).
TARGET static inline __attribute__((always_inline)) void N(faces)(const fd_block_t *block,
                                                                  const fd_line_t *line,
                                                                  const int ndim,
                                                                  const int rows,
                                                                  const bool gains)
{
    const long pitch = block->row_pitch;
    const N(vector) *u = line->from, *source = N(at)(block->source, line->offset),
                    *x = N(at)(block->face[HEAT_X], line->offset),
                    *y = N(at)(block->face[HEAT_Y], line->offset);
    N(vector) *out = line->to;
    N(vector) middle[ROWS], along[ROWS];
    for (int r = 0; r < rows; r++) {
        const N(vector) *at = N(off)(u - 1, r * pitch);
        middle[r] = at[1];
        along[r] = N(off)(x, r * pitch)[0] * (at[1] - at[0]);
    }
    for (size_t c = 0; c < line->count; c++) {
        N(vector) flow = middle[0];
        if (ndim > 1)
            flow = y[c] * (middle[0] - N(off)(u, -pitch)[c]);
        for (int r = 0; r < rows; r++) {
            const N(vector) here = middle[r], right = N(off)(u, r * pitch)[c + 1];
            const N(vector) on = N(off)(x, r * pitch)[c + 1] * (right - here);
            N(vector) sum = here + (on - along[r]);
            if (ndim > 1) {
                const N(vector) under =
                    r + 1 < rows ? middle[r + 1] : N(off)(u, rows * pitch)[c];
                const N(vector) leaves = N(off)(y, (r + 1) * pitch)[c] * (under - here);
                sum += leaves - flow;
                flow = leaves;
            }
            if (gains)
                sum += N(off)(source, r * pitch)[c];
            N(to)(out, r * pitch)[c] = sum;
            along[r] = on;
            middle[r] = right;
        }
    }
}

//  Advances a line by one step, in so many rows at once.
TARGET static inline __attribute__((always_inline)) void N(advance)(const fd_block_t *block,
                                                                    const fd_line_t *line,
                                                                    const fd_kind_t kind,
                                                                    const int rows,
                                                                    const bool gains)
{
    switch (kind) {
    case FD_CROSS: N(plane)(block, line, rows, true, gains); break;
    case FD_ROD: N(rod)(block, line, gains); break;
    case FD_PLANE: N(plane)(block, line, rows, false, gains); break;
    case FD_ROD_FACES: N(faces)(block, line, 1, 1, gains); break;
    case FD_PLANE_FACES: N(faces)(block, line, 2, rows, gains); break;
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

//  Asks for a part of what the first level will need, while a line of a level is computed: the
//  lines of a tile are too short for the processor to see what comes, and it can ask for few
//  at once.
//      first      of the first level, at the row that is asked for
TARGET static inline __attribute__((always_inline)) void N(prefetch)(
    const fd_block_t *block, const fd_part_t *first, int level, const int rows)
{
    const size_t size = first->count * VECTOR, levels = (size_t) block->levels;
    const size_t share = (size / levels + LINE) / LINE * LINE;
    const size_t begin = share * (size_t) level, end = min_size(begin + share, size);
    const long offset = first->row * block->row_pitch + (long) first->column * VECTOR;
    if (first->row < 0 || first->row >= block->height)
        return;
    for (long k = offset + (long) begin; k < offset + (long) end; k += LINE)
        for (long row = k; row < k + rows * block->row_pitch; row += block->row_pitch) {
            __builtin_prefetch(block->grid[0] + row, 0, 2);
            __builtin_prefetch(block->grid[1] + row - block->row_pitch, 0, 2);
            if (block->source)
                __builtin_prefetch(block->source + row, 0, 2);
            for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
                if (block->face[axis])
                    __builtin_prefetch(block->face[axis] + row, 0, 2);
        }
}

//  Advances so many rows within a tile by one step.
TARGET static inline __attribute__((always_inline)) void N(part)(
    const fd_block_t *block, const fd_part_t *part, const fd_part_t *first, int level,
    const fd_kind_t kind, const int rows, const bool gains)
{
    const long pitch = block->row_pitch, stays = block->stays.row - part->row;
    const bool joins =
        part->row == 0 || part->row + rows == block->height || (stays >= 0 && stays < rows);
    const long offset = part->row * pitch + (long) part->column * VECTOR;
    const fd_line_t line = {.from = block->grid[part->parity] + offset,
                            .to = block->grid[!part->parity] + offset,
                            .offset = offset,
                            .count = part->count};
    N(prefetch)(block, first, level, rows);
    N(advance)(block, &line, kind, rows, gains);
    for (int r = 0; joins && r < rows; r++) N(join)
    (block, part->row + r, block->grid[part->parity] + offset + r * pitch,
     block->grid[!part->parity] + offset + r * pitch, part->count);
}

//  What a level does of a row in a tile, which it shifts, without the columns of a halo that
//  are not right any more. False where that is nothing.
static inline bool N(find_part)(const fd_block_t *block, size_t column, size_t level,
                                fd_part_t *part)
{
    const size_t lost = block->halo ? level : 0, behind = column + block->tile_columns;
    const size_t most = block->columns > lost ? block->columns - lost : 0;
    const size_t end = min_size(behind > level ? behind - level : 0, most);
    part->parity = level & 1;
    part->column = column > level + lost ? column - level : lost;
    part->count = end > part->column ? end - part->column : 0;
    return part->count > 0;
}

TARGET static inline __attribute__((always_inline)) void N(sweep)(const fd_block_t *block,
                                                                  size_t column,
                                                                  const fd_kind_t kind,
                                                                  const bool gains)
{
    const int rows = kind == FD_CROSS || kind == FD_PLANE ? ROWS : FEW_ROWS;
    fd_part_t first = {0}, part = {0};
    N(find_part)(block, column, 0, &first);
    for (long sweep = block->sweep_first; sweep < block->sweep_end; sweep += rows) {
        first.row = sweep + AHEAD;
        for (int level = 0; level < block->levels; level++) {
            // A level is one row behind the level before it, whose next row it needs.
            const long begin = block->first + level * block->first_move;
            const long end = block->end + level * block->end_move;
            const long row = sweep - level;
            if (row >= end || row + rows <= begin ||
                !N(find_part)(block, column, (size_t) level, &part))
                continue;
            if (row >= begin && row + rows <= end && (row >= 0 || row + rows <= 0)) {
                part.row = row < 0 ? row + block->height : row;
                N(part)(block, &part, &first, level, kind, rows, gains);
                continue;
            }
            for (long one = row; one < row + rows; one++)
                if (one >= begin && one < end) {
                    part.row = one < 0 ? one + block->height : one;
                    N(part)(block, &part, &first, level, kind, 1, gains);
                }
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
    N(advance)(block, &line, kind, 1, gains);
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
                                                                   const bool gains)
{
    switch (block->kind) {
    case FD_CROSS: N(sweep)(block, column, FD_CROSS, false); break;
    case FD_ROD: N(stretch)(block, FD_ROD, gains); break;
    case FD_PLANE: N(sweep)(block, column, FD_PLANE, gains); break;
    case FD_ROD_FACES: N(stretch)(block, FD_ROD_FACES, gains); break;
    case FD_PLANE_FACES: N(sweep)(block, column, FD_PLANE_FACES, gains); break;
    }
}

TARGET static void N(tile)(const fd_block_t *block, size_t column)
{
    if (block->source)
        N(either)(block, column, true);
    else
        N(either)(block, column, false);
}

#undef REAL
#undef VECTOR
#undef TARGET
#undef N
