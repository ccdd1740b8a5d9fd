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
#include <string.h>

#include "kernels/heat/host.h"

enum {
    LEVELS = 12,       // steps in one block
    TILE_BYTES = 1024, // of a row in a tile: 2 grids x (LEVELS + 2) rows stay within 32 KiB
    LINE = 64,         // bytes by which a level's tile is shifted: stores stay aligned
    THREAD_WORK = 1 << 16 // points times levels that make another thread worth its start
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
    double centre, side; // weights of the point and of its neighbours
} fd_block_t;

typedef void (*tile_fn)(const fd_block_t *block, size_t first, size_t width);

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

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

typedef struct variant {
    const char *name;
    tile_fn f32, f64;
} variant_t;

//  The best variant for this processor.
static const variant_t *variant(void)
{
    static const variant_t baseline = {"baseline", tile_f32_baseline, tile_f64_baseline};
#if defined(__x86_64__)
    static const variant_t avx2 = {"avx2", tile_f32_avx2, tile_f64_avx2};
    static const variant_t avx512 = {"avx512", tile_f32_avx512, tile_f64_avx512};
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return &avx512;
    if (__builtin_cpu_supports("avx2"))
        return &avx2;
#endif
    return &baseline;
}

const char *heat_host_instructions(void)
{
    return variant()->name;
}

//  A whole solve, shared by its threads.
typedef struct fd_job {
    kernel_pool_t *pool;
    const heat_grid_t *grid;
    tile_fn tile;
    char *work[2];  // the two grids, their first interior point at a multiple of LINE
    size_t element; // bytes
    size_t stride;  // elements
    size_t tile_columns;
    double centre, side;
    int64_t steps;
} fd_job_t;

static long band_edge(const fd_job_t *job, int band, int bands)
{
    return (long) ((job->grid->rows - 2) * (size_t) band / (size_t) bands);
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

//  Advances the band of thread index by up to LEVELS steps, with the triangle above its
//  last row.
static void run_levels(const fd_job_t *job, int index, int bands, int levels, int parity)
{
    const size_t origin = job->stride * job->element; // row 0 is the fixed one
    fd_block_t block = {
        .grid = {job->work[parity] + origin, job->work[!parity] + origin},
        .stride = job->stride,
        .interior = job->grid->columns - 2,
        .levels = levels,
        .first = band_edge(job, index, bands),
        .end = band_edge(job, index + 1, bands),
        .first_move = index > 0 ? 1 : 0,
        .end_move = index + 1 < bands ? -1 : 0,
        .centre = job->centre,
        .side = job->side,
    };
    run_block(job, &block);
    kernel_pool_barrier(job->pool);
    if (index + 1 < bands) {
        block.first = block.end;
        block.first_move = -1;
        block.end_move = 1;
        run_block(job, &block);
    }
    kernel_pool_barrier(job->pool);
}

static void rows_of(const fd_job_t *job, int index, int count, size_t *first, size_t *end)
{
    *first = job->grid->rows * (size_t) index / (size_t) count;
    *end = job->grid->rows * ((size_t) index + 1) / (size_t) count;
}

//  Where the caller's row begins in a working grid: one column before the interior.
static char *work_row(const fd_job_t *job, int which, size_t row)
{
    return job->work[which] + row * job->stride * job->element - job->element;
}

static void fd_main(void *context, int index, int count)
{
    const fd_job_t *job = context;
    const size_t row_bytes = job->grid->columns * job->element;
    size_t first, end;
    rows_of(job, index, count, &first, &end);
    for (size_t row = first; row < end; row++) {
        const char *from = (const char *) job->grid->initial + row * row_bytes;
        memcpy(work_row(job, 0, row), from, row_bytes);
        memcpy(work_row(job, 1, row), from, row_bytes);
    }
    kernel_pool_barrier(job->pool);
    int parity = 0;
    for (int64_t done = 0; done < job->steps;) {
        int levels = job->steps - done < LEVELS ? (int) (job->steps - done) : LEVELS;
        run_levels(job, index, count, levels, parity);
        parity = (parity + levels) & 1;
        done += levels;
    }
    for (size_t row = first; row < end; row++)
        memcpy((char *) job->grid->result + row * row_bytes, work_row(job, parity, row),
               row_bytes);
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

static int useful_threads(const heat_grid_t *grid)
{
    const size_t points = (grid->rows - 2) * (grid->columns - 2);
    size_t most = min_size((grid->rows - 2) / (4 * LEVELS), points * LEVELS / THREAD_WORK);
    most = min_size(most, (size_t) grid->threads);
    return most < 1 ? 1 : (int) most;
}

int heat_host_fd(heat_device_state_t *state, const heat_grid_t *grid, double ratio,
                 int64_t steps, ipc_error_t *error)
{
    const size_t element = ipc_dtype_size(grid->dtype);
    const size_t stride = padded_stride(grid->columns, element);
    const size_t size = grid->rows * stride * element + 2 * LINE;
    char *work = heat_buffer_reserve(&state->work, 2 * size, error);
    if (!work)
        return -1;
    fd_job_t job = {
        .pool = state->pool,
        .grid = grid,
        .tile = grid->dtype == IPC_F32 ? variant()->f32 : variant()->f64,
        .work = {work + LINE, work + size + LINE},
        .element = element,
        .stride = stride,
        .tile_columns = TILE_BYTES / element,
        .centre = 1 - 4 * ratio,
        .side = ratio,
        .steps = steps,
    };
    kernel_pool_run(state->pool, useful_threads(grid), fd_main, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
