//  The spectral method on the host, by FFTW's one-dimensional transforms of real numbers,
//  on one line at a time that stays in the cache; so the result does not depend on how
//  threads share the lines.
//
//      - Where the factor of a wave is a product of one factor for each axis, the transform,
//        the multiplication and the inverse are the same as these three along each axis, one
//        after the other: half the memory traffic of three passes over a spectrum.
//      - Else all axes are transformed, in place; then each wave is multiplied, and gains
//        what the source and the fixed edges give it; then all axes are transformed back.
#include <math.h>
#include <string.h>

#include "kernels/heat/decay.h"
#include "kernels/heat/host.h"
#include "kernels/heat/weigh.h"

enum {
    LINE = 64,
    LINES_PER_THREAD = 16 // fewer lines than this are not worth a thread
};

//  The numbers that are transformed: all of an array, or what lies within its edges.
typedef struct box {
    const char *from;   // the first, where the first pass reads; later passes: at
    char *at;           // the first; NULL: there is no such box
    size_t count;       // grids
    size_t grid_stride; // elements from a grid to the next; 0: all have the same
    size_t length[HEAT_AXES];
    size_t stride[HEAT_AXES]; // elements from one to the next along an axis
} box_t;

//  What a pass does to each line along an axis.
typedef struct fft_act {
    enum { FFT_DECAY, FFT_FORWARD, FFT_BACKWARD } kind;
    int axis;
    const heat_transform_t *transform;
    const heat_decay_t *decay; // instead: FFT_DECAY's
} fft_act_t;

//  One solve, shared by its threads.
typedef struct fft_job {
    kernel_pool_t *pool;
    const heat_grid_t *grid;
    const heat_waves_t *waves;
    bool whole;                         // grids have no edges that are left out
    heat_transform_t transform[HEAT_AXES]; // without a plan where there is no axis
    double scale;                          // of all of them together
    heat_decay_t decay[HEAT_AXES];         // instead, where waves decay along each axis
    box_t grid_box;                     // in the result
    box_t source, edges; // what waves gain, in memory of their own; from: the
                         // source's and the initial grid's first such number
    char *work;          // one block for each thread
    size_t block;        // bytes of a thread's block: the lines of a cache line, a spectrum
    size_t pitch;        // bytes from a line of a block to the next
    size_t spectrum;     // bytes from a block's beginning to its spectrum
} fft_job_t;

static size_t box_lines(const box_t *box)
{
    return box->count * box->length[HEAT_Z] * box->length[HEAT_Y];
}

//  Where a line along x begins, in elements.
static size_t box_line(const box_t *box, size_t line)
{
    const size_t row = line % box->length[HEAT_Y], rest = line / box->length[HEAT_Y];
    return rest / box->length[HEAT_Z] * box->grid_stride +
           rest % box->length[HEAT_Z] * box->stride[HEAT_Z] + row * box->stride[HEAT_Y];
}

static int other_axis(int axis)
{
    return axis == HEAT_Y ? HEAT_Z : HEAT_Y;
}

//  Where a block of width lines along y or z begins, in elements, and its first column.
static size_t box_block(const box_t *box, int axis, size_t width, size_t unit,
                        size_t *column)
{
    const int other = other_axis(axis);
    const size_t blocks = (box->length[HEAT_X] + width - 1) / width;
    const size_t rest = unit / blocks;
    *column = unit % blocks * width;
    return rest / box->length[other] * box->grid_stride +
           rest % box->length[other] * box->stride[other] + *column;
}

static void fft_act(const fft_act_t *act, void *line, void *scratch)
{
    switch (act->kind) {
    case FFT_DECAY: heat_decay_line(act->decay, line, scratch); break;
    case FFT_FORWARD: heat_transform_forward(act->transform, line, scratch); break;
    case FFT_BACKWARD: heat_transform_backward(act->transform, line, scratch); break;
    }
}

//  The pace of the grid that a line along x is of.
static double pace_of(const fft_job_t *job, size_t line)
{
    const size_t *length = job->grid_box.length;
    return job->grid->pace ? job->grid->pace[line / (length[HEAT_Y] * length[HEAT_Z])] : 1;
}

//  What a line along x has of the other axes: the sum of their rates, the product of what they leave.
static double rate_of(const fft_job_t *job, const double *const *rate, size_t line)
{
    const size_t *length = job->grid_box.length;
    return (rate[HEAT_Y] ? rate[HEAT_Y][line % length[HEAT_Y]] : 0) +
           (rate[HEAT_Z] ? rate[HEAT_Z][line / length[HEAT_Y] % length[HEAT_Z]] : 0);
}

static double left_of(const fft_job_t *job, size_t line)
{
    const size_t *length = job->grid_box.length;
    const double *const *left = job->waves->left;
    return (left[HEAT_Y] ? left[HEAT_Y][line % length[HEAT_Y]] : 1) *
           (left[HEAT_Z] ? left[HEAT_Z][line / length[HEAT_Y] % length[HEAT_Z]] : 1);
}

#define REAL double
#define N(name) f64_##name
#include "kernels/heat/host_fft_real.h"
#define REAL float
#define N(name) f32_##name
#include "kernels/heat/host_fft_real.h"

//  The share of a thread of so many units.
static size_t share(size_t units, int index, int count)
{
    return units * (size_t) index / (size_t) count;
}

//  One thread's part of one pass, with the barrier behind it.
static void pass(const fft_job_t *job, const box_t *box, const fft_act_t *act, int index,
                 int count)
{
    const bool single = job->grid->dtype == IPC_F32, along = act->axis == HEAT_X;
    const size_t width = LINE / ipc_dtype_size(job->grid->dtype);
    const size_t blocks = (box->length[HEAT_X] + width - 1) / width;
    const size_t units =
        along ? box_lines(box) : box->count * box->length[other_axis(act->axis)] * blocks;
    char *block = job->work + (size_t) index * job->block;
    const size_t first = share(units, index, count), end = share(units, index + 1, count);
    if (along)
        (single ? f32_along : f64_along)(job, box, act, block, first, end);
    else
        (single ? f32_across : f64_across)(job, box, act, block, first, end);
    kernel_pool_barrier(job->pool);
}

//  The same act along each axis, from a box that the first pass may read elsewhere.
static void all_axes(const fft_job_t *job, box_t box, fft_act_t act, int index, int count)
{
    for (int axis = HEAT_X; axis >= HEAT_Z; axis--) {
        act.axis = axis;
        act.transform = &job->transform[axis];
        act.decay = &job->decay[axis];
        if (!act.transform->plan && !act.decay->plan)
            continue;
        pass(job, &box, &act, index, count);
        box.from = box.at;
    }
}

//  Fills a term's box and transforms it.
static void prepare_term(const fft_job_t *job, const box_t *term, int index, int count,
                         void (*take)(const fft_job_t *job, size_t first, size_t end))
{
    if (!term->at)
        return;
    box_t box = *term;
    box.from = box.at;
    take(job, share(box_lines(term), index, count),
         share(box_lines(term), index + 1, count));
    kernel_pool_barrier(job->pool);
    all_axes(job, box, (fft_act_t){.kind = FFT_FORWARD}, index, count);
}

static void fft_main(void *context, int index, int count)
{
    const fft_job_t *job = context;
    const bool single = job->grid->dtype == IPC_F32;
    box_t box = job->grid_box;
    if (job->grid->boundary == HEAT_FIXED) {
        const size_t *length = job->grid->length;
        const size_t size = job->grid->count * length[HEAT_Z] * length[HEAT_Y] *
                            length[HEAT_X] * ipc_dtype_size(job->grid->dtype);
        const size_t first = share(size, index, count), end = share(size, index + 1, count);
        memcpy((char *) job->grid->result + first,
               (const char *) job->grid->initial + first, end - first);
        kernel_pool_barrier(job->pool);
        box.from = box.at;
    }
    if (job->waves->factor[HEAT_X]) {
        all_axes(job, box, (fft_act_t){.kind = FFT_DECAY}, index, count);
        return;
    }
    all_axes(job, box, (fft_act_t){.kind = FFT_FORWARD}, index, count);
    prepare_term(job, &job->source, index, count,
                 single ? f32_take_source : f64_take_source);
    prepare_term(job, &job->edges, index, count, single ? f32_take_edges : f64_take_edges);
    const size_t lines = box_lines(&box);
    (single ? f32_combine : f64_combine)(job, share(lines, index, count),
                                         share(lines, index + 1, count));
    kernel_pool_barrier(job->pool);
    box.from = box.at;
    all_axes(job, box, (fft_act_t){.kind = FFT_BACKWARD}, index, count);
}

static size_t whole_lines(size_t size)
{
    return (size + LINE - 1) / LINE * LINE;
}

//  The points that change, in the arrays of the caller.
static void find_box(fft_job_t *job)
{
    const heat_grid_t *grid = job->grid;
    const size_t element = ipc_dtype_size(grid->dtype);
    box_t *box = &job->grid_box;
    size_t stride = 1, offset = 0;
    for (int axis = HEAT_X; axis >= HEAT_Z; axis--) {
        const bool inner = !job->whole && grid->boundary == HEAT_FIXED && grid->length[axis] > 1;
        box->length[axis] = grid->length[axis] - (inner ? 2 : 0);
        box->stride[axis] = stride;
        offset += inner ? stride : 0;
        stride *= grid->length[axis];
    }
    box->count = grid->count;
    box->grid_stride = stride;
    box->at = (char *) grid->result + offset * element;
    box->from = (const char *) grid->initial + offset * element;
    if (job->waves->source)
        job->source.from = (const char *) job->waves->source + offset * element;
}

//  Makes the box of a term, which has such points as the grid has, without gaps.
static char *place_term(const fft_job_t *job, box_t *term, char *at, size_t count)
{
    const char *from = term->from;
    const size_t *length = job->grid_box.length;
    *term = job->grid_box;
    term->from = from;
    term->at = at;
    term->count = count;
    term->stride[HEAT_Y] = length[HEAT_X];
    term->stride[HEAT_Z] = length[HEAT_X] * length[HEAT_Y];
    const size_t points = term->stride[HEAT_Z] * length[HEAT_Z];
    term->grid_stride = count > 1 ? points : 0;
    return at + whole_lines(count * points * ipc_dtype_size(job->grid->dtype));
}

//  Makes room for what the waves gain. 0, or -1 with *error.
static int place_terms(fft_job_t *job, heat_buffer_t *memory, ipc_error_t *error)
{
    const heat_waves_t *waves = job->waves;
    const bool edges = waves->coupling[HEAT_X] > 0;
    const size_t *length = job->grid_box.length;
    const size_t size = whole_lines(length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X] *
                                    ipc_dtype_size(job->grid->dtype));
    const size_t grids = (waves->source ? 1 : 0) + (edges ? job->grid->count : 0);
    if (grids == 0)
        return 0;
    char *at = heat_buffer_reserve(memory, grids * size, error);
    if (!at)
        return -1;
    if (waves->source)
        at = place_term(job, &job->source, at, 1);
    job->edges.from = job->grid_box.from;
    if (edges)
        place_term(job, &job->edges, at, job->grid->count);
    return 0;
}

//  Whether the lines of an axis decay by themselves.
static bool decays(const fft_job_t *job, int axis)
{
    return job->waves->factor[axis] != NULL;
}

//  Whether nothing happens along an axis.
static bool is_idle(const fft_job_t *job, int axis)
{
    return job->whole ? !decays(job, axis) : job->grid->length[axis] == 1;
}

//  Numbers that a line of an axis takes in a block.
static size_t room_of(const fft_job_t *job, int axis)
{
    const size_t length = job->grid_box.length[axis];
    if (is_idle(job, axis))
        return 1;
    return (decays(job, axis) ? heat_decay_wide : heat_period)(length, job->grid->boundary);
}

static size_t table_size(const fft_job_t *job, int axis)
{
    const size_t length = job->grid_box.length[axis];
    const size_t numbers =
        (decays(job, axis) ? heat_decay_table : heat_transform_table)(length, job->grid->boundary);
    return is_idle(job, axis) ? 0 : whole_lines(numbers * ipc_dtype_size(job->grid->dtype));
}

//  Finds the transform or the decay of an axis. 0, or -1 with *error.
static int plan_axis(fft_job_t *job, heat_plans_t *plans, int axis, char *table, ipc_error_t *error)
{
    const heat_grid_t *grid = job->grid;
    const size_t length = job->grid_box.length[axis];
    void *line = job->work, *scratch = job->work + job->spectrum;
    if (decays(job, axis))
        return heat_decay_set(&job->decay[axis], plans, length, grid->dtype, grid->boundary, grid->measure,
                              job->waves->factor[axis], table, line, scratch, error);
    if (heat_transform_set(&job->transform[axis], plans, length, grid->dtype, grid->boundary, grid->measure, table,
                           line, scratch, error))
        return -1;
    job->scale *= job->transform[axis].scale;
    return 0;
}

//  Lays out the tables and the blocks of all threads, and finds the plans. 0, or -1 with *error.
static int lay_out(fft_job_t *job, heat_device_state_t *state, int threads,
                   ipc_error_t *error)
{
    const size_t element = ipc_dtype_size(job->grid->dtype);
    size_t longest[2] = {0}, tables = 0; // along x, and along the other axes
    for (int axis = HEAT_Z; axis <= HEAT_X; axis++) {
        size_t *most = &longest[axis != HEAT_X];
        *most = room_of(job, axis) > *most ? room_of(job, axis) : *most;
        tables += table_size(job, axis);
    }
    // A line more, so that the lines of a block do not all fall into the same sets of the
    // cache.
    job->pitch = whole_lines(longest[1] * element) + LINE;
    job->spectrum = job->pitch * (LINE / element);
    if (job->spectrum < whole_lines(longest[0] * element))
        job->spectrum = whole_lines(longest[0] * element);
    const size_t most = longest[0] > longest[1] ? longest[0] : longest[1];
    job->block = job->spectrum + whole_lines((most / 2 + 1) * 2 * element) + LINE;
    char *table = heat_buffer_reserve(&state->work, tables + job->block * (size_t) threads, error);
    if (!table)
        return -1;
    job->work = table + tables;
    job->scale = 1;
    for (int axis = HEAT_Z; axis <= HEAT_X; axis++) {
        if (!is_idle(job, axis) && plan_axis(job, state->plans, axis, table, error))
            return -1;
        table += table_size(job, axis);
    }
    return 0;
}

static int useful_threads(const fft_job_t *job)
{
    size_t most = box_lines(&job->grid_box) / LINES_PER_THREAD;
    if (most > (size_t) job->grid->threads)
        most = (size_t) job->grid->threads;
    return most < 1 ? 1 : (int) most;
}

int heat_host_fft(heat_device_state_t *state, const heat_grid_t *grid,
                  const heat_waves_t *waves, ipc_error_t *error)
{
    fft_job_t job = {.pool = state->pool, .grid = grid, .waves = waves};
    find_box(&job);
    const int threads = useful_threads(&job);
    if (lay_out(&job, state, threads, error) || place_terms(&job, &state->terms, error))
        return -1;
    kernel_pool_run(state->pool, threads, fft_main, &job);
    heat_buffer_trim(&state->work);
    heat_buffer_trim(&state->terms);
    return 0;
}

static void decay_main(void *context, int index, int count)
{
    const fft_job_t *job = context;
    all_axes(job, job->grid_box, (fft_act_t){.kind = FFT_DECAY}, index, count);
}

int heat_host_decay(heat_device_state_t *state, const heat_grid_t *grid, const double *const factor[HEAT_AXES],
                    ipc_error_t *error)
{
    heat_waves_t waves = {.t = 0};
    memcpy(waves.factor, factor, sizeof waves.factor);
    fft_job_t job = {.pool = state->pool, .grid = grid, .waves = &waves, .whole = true};
    find_box(&job);
    job.grid_box.from = job.grid_box.at;
    const int threads = useful_threads(&job);
    if (lay_out(&job, state, threads, error))
        return -1;
    kernel_pool_run(state->pool, threads, decay_main, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
