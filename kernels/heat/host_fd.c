//  Finite differences on the host, of one and two dimensions (of three: host_solids.h). One step
//  over a large grid takes as long as its memory needs, so several steps (levels) are taken while
//  a part of the grid is in the cache. In the bands' layout (host_bands.h), a band is advanced by
//  a block of levels
//
//      - in tiles of columns, each shifted towards the first by one at each
//        level, from the first tile to the last;
//      - in each over a trapezoid of the rows of its pieces, which loses one row at either
//        end at each level; then over the triangles where the pieces meet, which gain what
//        the trapezoid lost. No point of a band is computed twice;
//      - within these by all levels, which follow one another one row apart.
//
//  Two grids take turns. That is safe in this order, since a value is overwritten (two
//  levels later) only when all that need it have been computed.
#include "kernels/heat/host.h"
#include "kernels/heat/host_solids.h"
#include "kernels/heat/host_tiles.h"

enum {
    LEVELS = 12,           // steps in a block, at most
    TILE_BYTES = 1024,     // of a row in a tile: two grids of LEVELS + 2 rows are 28 KiB
    ROD_BYTES = 10240,     // of all rows in a tile of a rod
    LINE = 64,             // bytes
    THREAD_WORK = 1 << 17, // points times levels that make another thread worth its start
    THREAD_ROWS = 32       // rows of the grid that do
};

//  A whole solve, shared by its threads.
typedef struct fd_job {
    kernel_pool_t *pool;
    fd_bands_t bands;
    fd_tiles_t tiles;
    fd_kind_t kind;
    size_t tile_bytes; // of a row in a tile; of a rod: of all its rows
    char *memory;      // of the bands
} fd_job_t;

//  A thread's part of it: bands index, index + count …, in the memory of all bands.
typedef struct fd_thread {
    const fd_job_t *job;
    char *memory;
    int index, count;
} fd_thread_t;

static void barrier(const fd_thread_t *self)
{
    if (self->count > 1)
        kernel_pool_barrier(self->job->pool);
}

//  The last level is behind all others, so it may begin and end the sweep.
static void set_sweep(fd_block_t *block)
{
    const int last = block->levels - 1;
    const long first_late = block->first + last * (block->first_move + 1L);
    const long end_late = block->end + last * (block->end_move + 1L);
    block->sweep_first = block->first < first_late ? block->first : first_late;
    block->sweep_end = block->end > end_late ? block->end : end_late;
}

//  Sweeps the tiles from the first to the last, each over the trapezoid and then, while it is
//  near, over the triangles, which need nothing of the tiles behind.
static void run_tiles(const fd_job_t *job, const fd_block_t *trapezoid,
                      const fd_block_t *triangles)
{
    const size_t shift = trapezoid->halo ? 0 : (size_t) trapezoid->levels - 1;
    const size_t columns = trapezoid->columns + shift;
    for (size_t column = 0; column < columns; column += trapezoid->tile_columns) {
        job->tiles.tile(trapezoid, column);
        if (triangles->levels > 1)
            job->tiles.tile(triangles, column);
    }
}

//  Advances a band by some levels.
static void run_levels(const fd_job_t *job, const fd_band_t *band, double pace, int levels,
                       int parity)
{
    const fd_bands_t *bands = &job->bands;
    fd_block_t block = {
        .kind = job->kind,
        .grid = {band->grid[parity], band->grid[!parity]},
        .source = band->source,
        .face = {NULL, band->face[HEAT_Y], band->face[HEAT_X]},
        .row_pitch = (long) bands->row.pitch,
        .columns = bands->column.inner,
        .halo = bands->column.halo > 0,
        .height = band->height,
        .stays = fd_band_place(bands, band, band->rows),
        .levels = levels,
        .end = band->height,
        .first_move = 1,
        .end_move = -1,
        .tile_columns = job->tile_bytes / bands->vector,
        .centre = 1,
    };
    double sum = 0;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        block.ratio[axis] = bands->steps->ratio[axis] * pace;
        sum += block.ratio[axis];
    }
    block.centre = 1 - 2 * sum;
    fd_block_t triangles = block;
    triangles.end = 0;
    triangles.first_move = -1;
    triangles.end_move = 1;
    set_sweep(&block);
    set_sweep(&triangles);
    run_tiles(job, &block, &triangles);
}

//  One thread's part of a block.
static void run_block(const fd_thread_t *self, double pace, int levels, int parity)
{
    const fd_bands_t *bands = &self->job->bands;
    for (int k = self->index; k < bands->count; k += self->count) {
        const fd_band_t band = fd_bands_at(bands, k, self->memory);
        run_levels(self->job, &band, pace, levels, parity);
    }
    barrier(self);
}

//  One thread's part of the solve of one grid.
static void run_grid(const fd_thread_t *self, size_t which)
{
    const fd_bands_t *bands = &self->job->bands;
    const double pace = bands->grid->pace ? bands->grid->pace[which] : 1;
    for (int k = self->index; k < bands->count; k += self->count) {
        const fd_band_t band = fd_bands_at(bands, k, self->memory);
        fd_band_fill(bands, &band, which);
    }
    int parity = 0;
    for (int64_t done = 0, left; done < bands->steps->count;) {
        left = bands->steps->count - done;
        const int levels = left < bands->levels ? (int) left : bands->levels;
        for (int k = self->index; done > 0 && k < bands->count; k += self->count)
            fd_band_renew(bands, k, self->memory, parity);
        barrier(self);
        run_block(self, pace, levels, parity);
        parity = (parity + levels) & 1;
        done += levels;
    }
    for (int k = self->index; k < bands->count; k += self->count) {
        const fd_band_t band = fd_bands_at(bands, k, self->memory);
        fd_band_give(bands, &band, which, parity);
    }
    barrier(self);
}

//  All threads solve one grid after another.
static void fd_main(void *context, int index, int count)
{
    const fd_job_t *job = context;
    const fd_thread_t self = {job, job->memory, index, count};
    for (size_t which = 0; which < job->bands.grid->count; which++) run_grid(&self, which);
}

//  Each thread solves grids of its own, in memory of its own.
static void fd_main_many(void *context, int index, int count)
{
    const fd_job_t *job = context;
    const fd_thread_t self = {
        job, job->memory + (size_t) index * fd_bands_size(&job->bands), 0, 1};
    for (size_t which = (size_t) index; which < job->bands.grid->count;
         which += (size_t) count)
        run_grid(&self, which);
}

//  Threads that are worth their start on one grid.
static int useful_threads(const heat_grid_t *grid)
{
    const size_t *length = grid->length;
    const size_t points = length[HEAT_Y] * length[HEAT_X];
    const size_t rows = length[HEAT_Y] > 1 ? length[HEAT_Y] : length[HEAT_X];
    size_t most = points * LEVELS / THREAD_WORK;
    most = most < rows / THREAD_ROWS ? most : rows / THREAD_ROWS;
    most = most < (size_t) grid->threads ? most : (size_t) grid->threads;
    return most < 1 ? 1 : (int) most;
}

static fd_kind_t kind_of(const heat_grid_t *grid, const heat_steps_t *steps)
{
    const bool varies = steps->face[HEAT_X] != NULL;
    if (grid->length[HEAT_Y] == 1)
        return varies ? FD_ROD_FACES : FD_ROD;
    if (varies)
        return FD_PLANE_FACES;
    const bool same = steps->ratio[HEAT_X] == steps->ratio[HEAT_Y];
    return same && !steps->source ? FD_CROSS : FD_PLANE;
}

//  Bytes of a line in a tile; of a rod, of all rows in it.
static size_t tile_bytes(const fd_bands_t *bands, fd_kind_t kind)
{
    if (kind == FD_ROD || kind == FD_ROD_FACES)
        return 2 * ROD_BYTES / bands->arrays / LINE * LINE;
    return TILE_BYTES;
}

//  Steps in a block: what a tile has of all arrays stays in the first cache.
static int most_levels(const heat_steps_t *steps)
{
    int arrays = steps->source ? 3 : 2;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) arrays += steps->face[axis] ? 1 : 0;
    return 2 * LEVELS / arrays;
}

int heat_host_fd(heat_device_state_t *state, const heat_grid_t *grid,
                 const heat_steps_t *steps, ipc_error_t *error)
{
    if (grid->length[HEAT_Z] > 1)
        return heat_host_solids(state, grid, steps, error);
    fd_job_t job = {.pool = state->pool,
                    .tiles = fd_tiles_choose(grid->dtype, state->vectors),
                    .kind = kind_of(grid, steps)};
    int threads = useful_threads(grid);
    const bool many = threads == 1 && grid->count > 1;
    fd_bands_set(&job.bands, grid, steps, job.tiles.vector, most_levels(steps),
                 threads);
    job.tile_bytes = tile_bytes(&job.bands, job.kind);
    if (many)
        threads = grid->count < (size_t) grid->threads ? (int) grid->count : grid->threads;
    const size_t shares = many ? (size_t) threads : 1;
    job.memory =
        heat_buffer_reserve(&state->work, shares * fd_bands_size(&job.bands), error);
    if (!job.memory)
        return -1;
    kernel_pool_run(state->pool, threads, many ? fd_main_many : fd_main, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
