//  Finite differences of solids: the grid is cut into boxes (host_box.h), which threads share;
//  after each block of steps they wait for one another.
#include "kernels/heat/host_solids.h"

#include <string.h>

#include "kernels/heat/host_box.h"

enum {
    LEVELS = 12,           // steps in a block, at most
    RINGS_BYTES = 6 << 20, // of a thread: its share of the last cache
    LINE_BYTES = 4096,     // of a line in a box
    BOX_LINES = 8,         // in a box, at least
    READ_WORK = 4,         // updates that it takes as long to read a point and to write it
    THREAD_WORK = 1 << 19  // points times levels that make another thread worth its start
};

//  A whole solve, shared by its threads.
typedef struct job {
    kernel_pool_t *pool;
    fd_solid_t solid;
    size_t size;       // bytes of a grid
    size_t rings_size; // of a thread's rings
    char *rings;       // of all threads
    char *work;        // a grid for each that is solved at a time: see run_grid
} job_t;

//  A thread's part of it: it is number index of count that share a grid.
typedef struct thread {
    const job_t *job;
    char *rings, *work;
    int index, count;
} thread_t;

// ---- how a grid is cut -----------------------------------------------------------------------

//  A way to cut it.
typedef struct cut {
    int levels;
    size_t boxes[HEAT_AXES];
} cut_t;

//  Points of a box along an axis; with those that it computes again, in the mean of its levels.
static double mean_side(const heat_grid_t *grid, const cut_t *cut, int axis)
{
    const size_t n = grid->length[axis], boxes = cut->boxes[axis];
    const bool alone = boxes == 1 && (grid->boundary == HEAT_FIXED || axis != HEAT_Z);
    return (double) ((n + boxes - 1) / boxes) + (alone ? 0 : cut->levels - 1);
}

//  What a step costs the thread that has most to do, in updates of a point.
static double cost_of(const heat_grid_t *grid, const cut_t *cut, int threads)
{
    const size_t *boxes = cut->boxes, all = boxes[HEAT_Z] * boxes[HEAT_Y] * boxes[HEAT_X];
    const size_t share = (all + (size_t) threads - 1) / (size_t) threads;
    double points = (double) share;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) points *= mean_side(grid, cut, axis);
    return points * (1 + (double) READ_WORK / cut->levels);
}

//  The best way whose rings are small enough.
static void choose_cut(fd_solid_t *solid, const heat_grid_t *grid,
                       const heat_steps_t *steps, heat_vectors_t vectors, int threads)
{
    const size_t line = grid->length[HEAT_X] * ipc_dtype_size(grid->dtype);
    const size_t most_z =
        grid->length[HEAT_Z] < (size_t) threads ? grid->length[HEAT_Z] : (size_t) threads;
    const size_t most_y = grid->length[HEAT_Y] / BOX_LINES + 1;
    double least = 0;
    for (int levels = 1; levels <= LEVELS; levels++)
        for (size_t z = 1; z <= most_z; z++)
            for (size_t y = 1; y <= most_y; y++) {
                const cut_t cut = {levels, {z, y, (line + LINE_BYTES - 1) / LINE_BYTES}};
                const double cost = cost_of(grid, &cut, threads);
                if (least > 0 && cost >= least)
                    continue;
                fd_solid_t tried;
                fd_solid_set(&tried, grid, steps, vectors, levels, cut.boxes);
                if (least > 0 && fd_solid_size(&tried) > RINGS_BYTES)
                    continue;
                *solid = tried;
                least = cost;
            }
}

// ---- the solve -------------------------------------------------------------------------------

//  A thread's part of a block of steps.
static void run_block(const thread_t *self, const fd_passage_t *passage)
{
    const fd_solid_t *solid = &self->job->solid;
    const size_t *boxes = solid->boxes, all = boxes[HEAT_Z] * boxes[HEAT_Y] * boxes[HEAT_X];
    const size_t index = (size_t) self->index, count = (size_t) self->count;
    for (size_t k = all * index / count; k < all * (index + 1) / count; k++) {
        const size_t line = k / boxes[HEAT_X];
        const size_t box[HEAT_AXES] = {line / boxes[HEAT_Y], line % boxes[HEAT_Y],
                                       k % boxes[HEAT_X]};
        fd_box_advance(solid, box, passage, self->rings);
    }
    if (self->count > 1)
        kernel_pool_barrier(self->job->pool);
}

//  One thread's part of the solve of one grid. Blocks write the result and the working grid in
//  turns, the last one the result.
static void run_grid(const thread_t *self, size_t which)
{
    const fd_solid_t *solid = &self->job->solid;
    const int64_t steps = solid->steps->count;
    const size_t at = which * self->job->size;
    char *result = (char *) solid->grid->result + at;
    fd_passage_t passage = {.from = (const char *) solid->grid->initial + at,
                            .pace = solid->grid->pace ? solid->grid->pace[which] : 1};
    if (steps == 0 && self->index == 0)
        memcpy(result, passage.from, self->job->size);
    int64_t done = 0;
    for (int64_t left = (steps + solid->levels - 1) / solid->levels; left > 0; left--) {
        passage.levels = (int) ((steps - done + left - 1) / left);
        passage.to = left % 2 ? result : self->work;
        run_block(self, &passage);
        passage.from = passage.to;
        done += passage.levels;
    }
}

//  The rings of thread index; what nobody has written yet is read, though it does not count.
static char *rings_of(const job_t *job, int index)
{
    char *rings = job->rings + (size_t) index * job->rings_size;
    memset(rings, 0, job->rings_size);
    return rings;
}

//  All threads solve one grid after another.
static void run_together(void *context, int index, int count)
{
    const job_t *job = context;
    const thread_t self = {job, rings_of(job, index), job->work, index, count};
    for (size_t which = 0; which < job->solid.grid->count; which++) run_grid(&self, which);
}

//  Each thread solves grids of its own.
static void run_apart(void *context, int index, int count)
{
    const job_t *job = context;
    const thread_t self = {job, rings_of(job, index),
                           job->work + (size_t) index * job->size, 0, 1};
    for (size_t which = (size_t) index; which < job->solid.grid->count;
         which += (size_t) count)
        run_grid(&self, which);
}

//  Threads that are worth their start on one grid.
static int useful_threads(const heat_grid_t *grid)
{
    const size_t *length = grid->length;
    const size_t most =
        length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X] * LEVELS / THREAD_WORK;
    return most < 1 ? 1 : most < (size_t) grid->threads ? (int) most : grid->threads;
}

int heat_host_solids(heat_device_state_t *state, const heat_grid_t *grid,
                     const heat_steps_t *steps, ipc_error_t *error)
{
    const size_t *length = grid->length;
    job_t job = {.pool = state->pool};
    int threads = useful_threads(grid);
    const bool apart = threads == 1 && grid->count > 1;
    choose_cut(&job.solid, grid, steps, state->vectors, threads);
    if (apart)
        threads = grid->count < (size_t) grid->threads ? (int) grid->count : grid->threads;
    job.size = length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X] * job.solid.element;
    job.rings_size = fd_solid_size(&job.solid);
    const size_t rings = (size_t) threads * job.rings_size;
    const size_t grids = steps->count <= job.solid.levels ? 0
                         : apart                          ? (size_t) threads
                                                          : 1;
    job.rings = heat_buffer_reserve(&state->work, rings + grids * job.size, error);
    if (!job.rings)
        return -1;
    job.work = job.rings + rings;
    kernel_pool_run(state->pool, threads, apart ? run_apart : run_together, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
