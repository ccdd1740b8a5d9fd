//  Finite differences on the host. One step over a large grid takes as long as its memory
//  needs, so several steps (levels) are taken while a part of the grid is in the cache:
//
//      - between threads, the rows are cut into bands. Each thread advances its band over a
//        trapezoid of rows that loses one row to each neighbour at each level; then, after
//        a barrier, the triangles between the bands, which gain what the trapezoids lost.
//        No point is computed twice.
//      - within a band, tiles of columns, each shifted to the left by a cache line at each
//        level, are swept from the left to the right, and in each tile the levels follow
//        one another one row apart.
//
//  Two grids take turns: level l reads grid l & 1 and writes the other. That is safe in
//  this order, since a value is overwritten (two levels later) only when all that need it
//  have been computed.
//
//  All this is written for edges that stay. Where they are periodic or insulated, the grid
//  is worked on with a halo of some points around it, which the edges' rule gives: of these
//  one more is wrong after each level, and before the grid itself would be, the halo is made
//  anew. So such edges cost the copying of a few rows and columns, and fixed ones nothing.
#include <string.h>

#include "kernels/heat/host.h"

enum {
    LEVELS = 12,       // steps in one block
    TILE_BYTES = 1024, // of a row in a tile: 2 grids x (LEVELS + 2) rows stay within 32 KiB
    LINE = 64,         // bytes by which a level's tile is shifted: stores stay aligned
    THREAD_WORK = 1 << 16, // points times levels that make another thread worth its start
    HALO_PART = 32         // lengths of a grid for a point of its halo
};

//  A trapezoid of rows over some levels. Interior columns and rows are counted from 0.
typedef struct fd_block {
    void *grid[2];   // at the first interior point
    size_t stride;   // elements from a row to the next
    size_t interior; // columns
    int levels;
    long first, end;          // rows of the first level
    int first_move, end_move; // how first and end change with each level
    long sweep_first, sweep_end;
    double centre, side, across; // weights of the point, of its neighbours in the row, and
                                 // of those above and below
    bool plain;                  // side and across are the same, and there is no source
    const void *source;          // what each point gains, laid out as grid; or NULL
} fd_block_t;

typedef void (*tile_fn)(const fd_block_t *block, size_t first, size_t width);

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

//  The name of the function that two variants of a tile are made from.
#define FD_BODY_(tile) tile##_body
#define FD_BODY(tile) FD_BODY_(tile)

#define TILE tile_f64_baseline
#define REAL double
#define TARGET
#include "kernels/heat/host_fd_tile.h"
#define TILE tile_f32_baseline
#define REAL float
#define TARGET
#include "kernels/heat/host_fd_tile.h"

#if defined(__x86_64__)
#define TILE tile_f64_avx2
#define REAL double
#define TARGET __attribute__((target("avx2")))
#include "kernels/heat/host_fd_tile.h"
#define TILE tile_f32_avx2
#define REAL float
#define TARGET __attribute__((target("avx2")))
#include "kernels/heat/host_fd_tile.h"
#define TILE tile_f64_avx512
#define REAL double
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels/heat/host_fd_tile.h"
#define TILE tile_f32_avx512
#define REAL float
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels/heat/host_fd_tile.h"
#endif

static tile_fn choose_tile(ipc_dtype_t dtype)
{
    const bool single = dtype == IPC_F32;
    switch (heat_host_vectors()) {
#if defined(__x86_64__)
    case HEAT_AVX512: return single ? tile_f32_avx512 : tile_f64_avx512;
    case HEAT_AVX2: return single ? tile_f32_avx2 : tile_f64_avx2;
#endif
    default: return single ? tile_f32_baseline : tile_f64_baseline;
    }
}

//  A whole solve, shared by its threads.
typedef struct fd_job {
    kernel_pool_t *pool;
    const heat_grid_t *grid;
    const heat_steps_t *steps;
    tile_fn tile;
    char *work[2];        // the two grids, their first interior point at a multiple of LINE
    char *source;         // laid out as they are, or NULL
    size_t element;       // bytes
    size_t rows, columns; // of the working grids, the outermost of which stay
    size_t row_halo, column_halo; // before and behind the grid within them
    size_t stride;                // elements
    size_t size;                  // bytes of a working grid
    size_t arrays; // of that size that a thread needs which solves a grid alone
    size_t tile_columns;
    int levels;  // steps in one block
    double pace; // of the grid at hand: see heat_grid_t
} fd_job_t;

static long band_edge(const fd_job_t *job, int band, int bands)
{
    return (long) ((job->rows - 2) * (size_t) band / (size_t) bands);
}

static void barrier(const fd_job_t *job, int bands)
{
    if (bands > 1)
        kernel_pool_barrier(job->pool);
}

//  Sweeps a block's tiles from the left to the right.
static void run_block(const fd_job_t *job, fd_block_t *block)
{
    // Each level lags one row behind the one before it, so the last one may begin and end
    // the sweep.
    const int last = block->levels - 1;
    const long first_late = block->first + last * (block->first_move + 1L);
    const long end_late = block->end + last * (block->end_move + 1L);
    block->sweep_first = block->first < first_late ? block->first : first_late;
    block->sweep_end = block->end > end_late ? block->end : end_late;
    const size_t reach = block->interior + (size_t) last * LINE / job->element;
    for (size_t first = 0; first < reach; first += job->tile_columns)
        job->tile(block, first, job->tile_columns);
}

//  Advances the band of thread index by some levels, with the triangle above its last row.
static void run_levels(const fd_job_t *job, int index, int bands, int levels, int parity)
{
    const size_t origin = job->stride * job->element; // row 0 is the fixed one
    const double side = job->steps->ratio[HEAT_X] * job->pace;
    const double across = job->steps->ratio[HEAT_Y] * job->pace;
    fd_block_t block = {
        .grid = {job->work[parity] + origin, job->work[!parity] + origin},
        .stride = job->stride,
        .interior = job->columns - 2,
        .levels = levels,
        .first = band_edge(job, index, bands),
        .end = band_edge(job, index + 1, bands),
        .first_move = index > 0 ? 1 : 0,
        .end_move = index + 1 < bands ? -1 : 0,
        .centre = 1 - 2 * (across + side),
        .side = side,
        .across = across,
        .plain = side == across && !job->source,
        .source = job->source ? job->source + origin : NULL,
    };
    run_block(job, &block);
    barrier(job, bands);
    if (index + 1 < bands) {
        block.first = block.end;
        block.first_move = -1;
        block.end_move = 1;
        run_block(job, &block);
    }
    barrier(job, bands);
}

//  The point of the grid that a point of the working grid stands for.
static size_t point_of(heat_boundary_t boundary, size_t at, size_t halo, size_t length)
{
    if (boundary == HEAT_FIXED)
        return at;
    const size_t around = 2 * length * (halo / (2 * length) + 1);
    const size_t place = (at + around - halo) % (2 * length);
    if (place < length)
        return place;
    return boundary == HEAT_PERIODIC ? place - length : 2 * length - 1 - place;
}

//  Where the caller's rows begin in a row of a working grid: its first column is one before
//  the interior.
static char *work_row(const fd_job_t *job, char *work, size_t row)
{
    return work + (row * job->stride + job->column_halo) * job->element - job->element;
}

//  Writes one row of a working grid, with its halo, from the row that it stands for.
static void spread_row(const fd_job_t *job, const char *from, char *to)
{
    const size_t element = job->element, columns = job->grid->length[HEAT_X];
    const size_t halo = job->column_halo;
    if (from != to)
        memcpy(to, from, columns * element);
    for (size_t k = 0; k < 2 * halo; k++) { // before the grid, then behind it
        const size_t at = k < halo ? k : columns + k;
        const size_t point = point_of(job->grid->boundary, at, halo, columns);
        memcpy(to + at * element - halo * element, to + point * element, element);
    }
}

//  The rows of a working grid that are a thread's to fill.
static void rows_of(const fd_job_t *job, int index, int count, size_t *first, size_t *end)
{
    *first = job->rows * (size_t) index / (size_t) count;
    *end = job->rows * ((size_t) index + 1) / (size_t) count;
}

//  Whether a row of a working grid stands for one of the grid, and which.
static bool row_point(const fd_job_t *job, size_t row, size_t *point)
{
    const size_t rows = job->grid->length[HEAT_Y];
    if (rows == 1) { // a grid of one dimension: rows of zeros above and below
        *point = 0;
        return row == 1;
    }
    *point = point_of(job->grid->boundary, row, job->row_halo, rows);
    return true;
}

//  Writes this thread's rows of a working grid from an array of the caller's.
static void fill(const fd_job_t *job, const char *array, char *work, int index, int count)
{
    const size_t row_bytes = job->grid->length[HEAT_X] * job->element;
    size_t first, end, point;
    rows_of(job, index, count, &first, &end);
    for (size_t row = first; row < end; row++) {
        char *to = work_row(job, work, row);
        if (row_point(job, row, &point))
            spread_row(job, array + point * row_bytes, to);
        else
            memset(to - job->column_halo * job->element, 0, job->columns * job->element);
    }
}

//  Makes this thread's part of the halo anew. Its rows are copied from the grid's own
//  points, which nobody writes meanwhile.
static void renew_halo(const fd_job_t *job, char *work, int index, int count)
{
    size_t first, end, point;
    rows_of(job, index, count, &first, &end);
    for (size_t row = first; row < end; row++)
        if (row_point(job, row, &point)) {
            const size_t own = job->grid->length[HEAT_Y] == 1 ? 1 : point + job->row_halo;
            spread_row(job, work_row(job, work, own), work_row(job, work, row));
        }
    barrier(job, count);
}

//  One thread's part of the solve of one grid.
static void run_grid(fd_job_t *job, size_t which, int index, int count)
{
    job->pace = job->grid->pace ? job->grid->pace[which] : 1;
    const size_t rows = job->grid->length[HEAT_Y];
    const size_t row_bytes = job->grid->length[HEAT_X] * job->element;
    const char *initial = (const char *) job->grid->initial + which * rows * row_bytes;
    char *result = (char *) job->grid->result + which * rows * row_bytes;
    fill(job, initial, job->work[0], index, count);
    fill(job, initial, job->work[1], index, count);
    if (job->source)
        fill(job, job->steps->source, job->source, index, count);
    barrier(job, count);
    int parity = 0;
    for (int64_t done = 0; done < job->steps->count;) {
        const int64_t left = job->steps->count - done;
        const int levels = left < job->levels ? (int) left : job->levels;
        if (done > 0 && job->grid->boundary != HEAT_FIXED)
            renew_halo(job, job->work[parity], index, count);
        run_levels(job, index, count, levels, parity);
        parity = (parity + levels) & 1;
        done += levels;
    }
    const size_t first = rows * (size_t) index / (size_t) count;
    const size_t end = rows * ((size_t) index + 1) / (size_t) count;
    const size_t above = rows == 1 ? 1 : job->row_halo;
    for (size_t row = first; row < end; row++)
        memcpy(result + row * row_bytes, work_row(job, job->work[parity], row + above),
               row_bytes);
    barrier(job, count);
}

//  All threads solve one grid after another.
static void fd_main(void *context, int index, int count)
{
    fd_job_t job = *(const fd_job_t *) context;
    for (size_t which = 0; which < job.grid->count; which++)
        run_grid(&job, which, index, count);
}

//  Each thread solves grids of its own, in memory of its own.
static void fd_main_many(void *context, int index, int count)
{
    fd_job_t job = *(const fd_job_t *) context;
    const size_t offset = (size_t) index * job.arrays * job.size;
    job.work[0] += offset;
    job.work[1] += offset;
    job.source = job.source ? job.source + offset : NULL;
    for (size_t which = (size_t) index; which < job.grid->count; which += (size_t) count)
        run_grid(&job, which, 0, 1);
}

//  Elements from a row to the next, with room for the first column before a line's
//  beginning. The rows of a tile follow one another in the sets of the cache (one way of it
//  is WAY lines) without gap or overlap.
static size_t padded_stride(size_t columns, size_t element)
{
    enum { WAY = 64, TILE_LINES = TILE_BYTES / LINE };
    size_t lines = (columns * element + LINE - 1) / LINE + 1;
    if (lines > WAY / 2)
        lines += (WAY + TILE_LINES - lines % WAY) % WAY;
    return lines * LINE / element;
}

//  Threads that are worth their start on one grid.
static int useful_threads(const fd_job_t *job)
{
    const size_t points = (job->rows - 2) * (job->columns - 2);
    const size_t most =
        min_size((job->rows - 2) / (4 * LEVELS), points * LEVELS / THREAD_WORK);
    return (int) min_size(most < 1 ? 1 : most, (size_t) job->grid->threads);
}

//  A halo of the width of a block's levels; a small grid has a smaller one, which it can
//  make anew at less cost than it would be to compute.
static void set_halo(fd_job_t *job)
{
    const size_t rows = job->grid->length[HEAT_Y], columns = job->grid->length[HEAT_X];
    const size_t shorter = rows > 1 ? min_size(rows, columns) : columns;
    const bool fixed = job->grid->boundary == HEAT_FIXED;
    job->levels = fixed ? LEVELS : (int) min_size(shorter / HALO_PART + 1, LEVELS);
    job->column_halo = fixed ? 0 : (size_t) job->levels;
    job->row_halo = rows > 1 ? job->column_halo : 0;
    job->columns = columns + 2 * job->column_halo;
    job->rows = rows > 1 ? rows + 2 * job->row_halo : 3;
}

int heat_host_fd_tiles(heat_device_state_t *state, const heat_grid_t *grid,
                       const heat_steps_t *steps, ipc_error_t *error)
{
    const size_t element = ipc_dtype_size(grid->dtype);
    fd_job_t job = {
        .pool = state->pool,
        .grid = grid,
        .steps = steps,
        .tile = choose_tile(grid->dtype),
        .element = element,
        .tile_columns = TILE_BYTES / element,
        .arrays = steps->source ? 3 : 2,
    };
    set_halo(&job);
    job.stride = padded_stride(job.columns, element);
    job.size = job.rows * job.stride * element + 2 * LINE;
    int threads = useful_threads(&job);
    const bool many = threads == 1 && grid->count > 1;
    if (many)
        threads = (int) min_size(grid->count, (size_t) grid->threads);
    char *work = heat_buffer_reserve(
        &state->work, (many ? (size_t) threads : 1) * job.arrays * job.size, error);
    if (!work)
        return -1;
    job.work[0] = work + LINE;
    job.work[1] = work + job.size + LINE;
    job.source = steps->source ? work + 2 * job.size + LINE : NULL;
    kernel_pool_run(state->pool, threads, many ? fd_main_many : fd_main, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
