//  Finite differences of solids: the grid is cut into boxes (host_box.h), which threads share;
//  after each block of steps they wait for one another.
#include "kernels/heat/host_solids.h"

#include <string.h>

#include "kernels/heat/host_box.h"

enum {
    LEVELS = 20,           // steps in a block, at most
    CACHE_BYTES = 8 << 20, // of a thread: its share of the last cache
    LINE_BYTES = 4096,     // of a line in a box
    BOX_LINES = 8,         // in a box, at least
    READ_WORK = 4,         // updates that it takes as long to read a point and to write it
    THREAD_WORK = 1 << 20  // points times levels that make another thread worth its start
};

//  A whole solve, shared by its threads.
typedef struct job {
    kernel_pool_t *pool;
    fd_solid_t solid;
    int width;       // boxes that are advanced at a time
    size_t size;     // bytes of a grid
    size_t box_size; // of the memory of a box
    char *boxes;     // for each grid that is solved at a time: the memory of width boxes
    char *work;      // and a grid: see run_grid
} job_t;

//  A thread's part of it: it is number index of count that share a grid.
typedef struct thread {
    const job_t *job;
    char *boxes, *work;
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
    const bool alone = axis == HEAT_Z || boxes == 1;
    return (double) ((n + boxes - 1) / boxes) + (alone ? 0 : cut->levels - 1);
}

//  Whether what a box begins with is long done where the box before it ends.
static bool is_long(const heat_grid_t *grid, const cut_t *cut)
{
    const size_t planes = grid->length[HEAT_Z] / cut->boxes[HEAT_Z];
    if (cut->boxes[HEAT_Z] == 1 && grid->boundary != HEAT_PERIODIC)
        return true;
    return planes >= (size_t) (cut->boxes[HEAT_Z] == 1 ? 2 : 3) * (size_t) cut->levels;
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

//  The best way whose boxes are small enough, for so many threads.
static void choose_cut(fd_solid_t *solid, const heat_grid_t *grid,
                       const heat_steps_t *steps, heat_vectors_t vectors, int threads)
{
    const size_t line = grid->length[HEAT_X] * ipc_dtype_size(grid->dtype);
    const size_t most_y = grid->length[HEAT_Y] / BOX_LINES + 1;
    double least = 0; // nothing is chosen yet
    for (int levels = 1; levels <= LEVELS; levels++)
        for (size_t k = 0; k < (size_t) threads * most_y; k++) {
            const size_t z = k / most_y + 1, y = k % most_y + 1;
            const cut_t cut = {levels, {z, y, (line + LINE_BYTES - 1) / LINE_BYTES}};
            if ((size_t) threads % z || !is_long(grid, &cut))
                continue;
            const double cost = cost_of(grid, &cut, threads);
            fd_solid_t tried;
            fd_solid_set(&tried, grid, steps, vectors, levels, cut.boxes);
            if (least > 0 && (cost >= least || fd_solid_cached(&tried) > CACHE_BYTES))
                continue;
            *solid = tried;
            least = cost;
        }
}

// ---- the solve -------------------------------------------------------------------------------

static void barrier(const thread_t *self)
{
    if (self->count > 1)
        kernel_pool_barrier(self->job->pool);
}

//  A thread's part of a block of steps. All boxes along the planes are advanced at a time.
static void run_block(const thread_t *self, const fd_passage_t *passage)
{
    const job_t *job = self->job;
    const size_t *boxes = job->solid.boxes, planes = boxes[HEAT_Z];
    const size_t all = planes * boxes[HEAT_Y] * boxes[HEAT_X], width = (size_t) job->width;
    for (size_t first = 0; first < all; first += width)
        for (int ends = 0; ends < 2; ends++) {
            for (size_t k = (size_t) self->index; k < width && first + k < all;
                 k += (size_t) self->count) {
                const size_t line = (first + k) / planes, z = k % planes;
                const size_t place[] = {z, line / boxes[HEAT_X], line % boxes[HEAT_X]};
                const size_t next = z + 1 < planes ? k + 1 : k - z;
                char *memory = self->boxes + k * job->box_size;
                if (ends)
                    fd_box_end(&job->solid, place, passage, memory,
                               self->boxes + next * job->box_size);
                else
                    fd_box_begin(&job->solid, place, passage, memory);
            }
            if (planes > 1 || (ends && first + width >= all))
                barrier(self);
        }
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

//  All threads solve one grid after another.
static void run_together(void *context, int index, int count)
{
    const job_t *job = context;
    const thread_t self = {job, job->boxes, job->work, index, count};
    for (size_t which = 0; which < job->solid.grid->count; which++) run_grid(&self, which);
}

//  Each thread solves grids of its own.
static void run_apart(void *context, int index, int count)
{
    const job_t *job = context;
    const thread_t self = {job, job->boxes + (size_t) index * job->box_size,
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
    int threads = useful_threads(grid);
    const bool apart = threads == 1 && grid->count > 1;
    job_t job = {.pool = state->pool, .width = threads};
    choose_cut(&job.solid, grid, steps, state->vectors, threads);
    if (apart)
        threads = grid->count < (size_t) grid->threads ? (int) grid->count : grid->threads;
    job.size = length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X] * job.solid.element;
    job.box_size = fd_solid_size(&job.solid);
    const size_t boxes = (size_t) threads * job.box_size;
    const size_t grids = steps->count <= job.solid.levels ? 0
                         : apart                          ? (size_t) threads
                                                          : 1;
    job.boxes = heat_buffer_reserve(&state->work, boxes + grids * job.size, error);
    if (!job.boxes)
        return -1;
    job.work = job.boxes + boxes;
    kernel_pool_run(state->pool, threads, apart ? run_apart : run_together, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
