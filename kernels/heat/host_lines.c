//  Finite differences on the host, line by line: for three dimensions, and where alpha varies
//  from point to point. A line along x has a place before its first and one behind its last
//  point, for the neighbours that the rule of the edges gives; the neighbours of a line are
//  found by the same rule.
//
//  As in host_fd.c, several steps (levels) are taken while a part of the grid is in the
//  cache, here slab by slab: a plane, or a line of a grid of two dimensions. Periodic edges
//  join the last slab to the first, so there a step is taken everywhere before the next.
#include <string.h>

#include "kernels/heat/host.h"

enum {
    LINE = 64,
    THREAD_POINTS = 1 << 13, // that make another thread worth its start
    LEVELS = 8,              // steps in one block, at most
    CACHE = 1 << 20          // bytes that the slabs of a block may take
};

//  One line to advance by one step.
typedef struct fd_line {
    void *out;
    const void *middle;                                // the line itself
    const void *before[HEAT_AXES], *behind[HEAT_AXES]; // neighbours; along x one point off
    const void *face_before[HEAT_AXES];                // as heat_steps_t's, or NULL
    const void *face_behind[HEAT_AXES];
    const void *source;      // or NULL
    size_t first, end;       // points that change
    double centre;           // weight of the point, where there are no faces
    double ratio[HEAT_AXES]; // of its neighbours
} fd_line_t;

typedef void (*row_fn)(const fd_line_t *line);

#define ROW row_f64_baseline
#define REAL double
#define TARGET
#include "kernels/heat/host_lines_row.h"
#define ROW row_f32_baseline
#define REAL float
#define TARGET
#include "kernels/heat/host_lines_row.h"

#if defined(__x86_64__)
#define ROW row_f64_avx2
#define REAL double
#define TARGET __attribute__((target("avx2")))
#include "kernels/heat/host_lines_row.h"
#define ROW row_f32_avx2
#define REAL float
#define TARGET __attribute__((target("avx2")))
#include "kernels/heat/host_lines_row.h"
#define ROW row_f64_avx512
#define REAL double
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels/heat/host_lines_row.h"
#define ROW row_f32_avx512
#define REAL float
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels/heat/host_lines_row.h"
#endif

static row_fn choose_row(ipc_dtype_t dtype)
{
    const bool single = dtype == IPC_F32;
    switch (heat_host_vectors()) {
#if defined(__x86_64__)
    case HEAT_AVX512: return single ? row_f32_avx512 : row_f64_avx512;
    case HEAT_AVX2: return single ? row_f32_avx2 : row_f64_avx2;
#endif
    default: return single ? row_f32_baseline : row_f64_baseline;
    }
}

//  A whole solve, shared by its threads.
typedef struct fd_lines {
    kernel_pool_t *pool;
    const heat_grid_t *grid;
    const heat_steps_t *steps;
    row_fn row;
    char *work[2];  // the two grids that take turns, at their first point
    size_t element; // bytes
    size_t pitch;   // bytes from a line to the next
    size_t lines;   // of a grid
    size_t size;    // bytes of a working grid
    size_t slabs;   // in which threads share a grid
    size_t slab;    // lines of each
    int levels;     // steps in one block
    double pace;    // of the grid at hand: see heat_grid_t
} fd_lines_t;

static void barrier(const fd_lines_t *job, int count)
{
    if (count > 1)
        kernel_pool_barrier(job->pool);
}

//  Sets the places outside of a line to what the edges' rule says.
static void set_ends(const fd_lines_t *job, char *line)
{
    const size_t element = job->element, columns = job->grid->length[HEAT_X];
    char *last = line + (columns - 1) * element;
    const bool periodic = job->grid->boundary == HEAT_PERIODIC;
    if (job->grid->boundary == HEAT_FIXED)
        return;
    memcpy(line - element, periodic ? last : line, element);
    memcpy(last + element, periodic ? line : last, element);
}

//  The neighbours of point i along an axis that a line crosses.
static void neighbours(const heat_grid_t *grid, int axis, size_t i, size_t *before,
                       size_t *behind)
{
    const size_t n = grid->length[axis];
    const bool periodic = grid->boundary == HEAT_PERIODIC;
    *before = i > 0 ? i - 1 : periodic ? n - 1 : i;
    *behind = i + 1 < n ? i + 1 : periodic ? 0 : i;
}

//  The surfaces before line i of an array that is one longer along this axis.
static const char *face_at(const fd_lines_t *job, int axis, size_t line)
{
    const size_t *length = job->grid->length;
    const size_t z = line / length[HEAT_Y], y = line % length[HEAT_Y];
    const size_t rows = length[HEAT_Y] + (axis == HEAT_Y ? 1 : 0);
    const size_t columns = length[HEAT_X] + (axis == HEAT_X ? 1 : 0);
    return (const char *) job->steps->face[axis] + (z * rows + y) * columns * job->element;
}

//  Finds the surfaces of a line, where alpha varies.
static void find_faces(const fd_lines_t *job, size_t index, fd_line_t *line)
{
    const size_t *length = job->grid->length, columns = length[HEAT_X];
    const size_t next[HEAT_AXES] = {
        [HEAT_Z] = length[HEAT_Y] * columns, [HEAT_Y] = columns, [HEAT_X] = 1};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        if (job->steps->face[axis]) {
            const char *face = face_at(job, axis, index);
            line->face_before[axis] = face;
            line->face_behind[axis] = face + next[axis] * job->element;
        }
}

//  Advances one line by one step, unless it is a fixed one.
static void step_line(const fd_lines_t *job, size_t index, int parity)
{
    const heat_grid_t *grid = job->grid;
    const size_t *length = grid->length, columns = length[HEAT_X];
    const double *given = job->steps->ratio, pace = job->pace;
    const double ratio[] = {given[HEAT_Z] * pace, given[HEAT_Y] * pace,
                            given[HEAT_X] * pace};
    const size_t place[] = {
        [HEAT_Z] = index / length[HEAT_Y], [HEAT_Y] = index % length[HEAT_Y]};
    const size_t next[] = {[HEAT_Z] = length[HEAT_Y], [HEAT_Y] = 1};
    const bool fixed = grid->boundary == HEAT_FIXED;
    const char *from = job->work[parity];
    char *out = job->work[!parity] + index * job->pitch;
    fd_line_t line = {
        .out = out,
        .middle = from + index * job->pitch,
        .first = fixed ? 1 : 0,
        .end = fixed ? columns - 1 : columns,
        .centre = 1 - 2 * (ratio[HEAT_Z] + ratio[HEAT_Y] + ratio[HEAT_X]),
        .ratio = {ratio[HEAT_Z], ratio[HEAT_Y], ratio[HEAT_X]},
    };
    for (int axis = HEAT_Z; axis < HEAT_X; axis++) {
        if (fixed && length[axis] > 1 &&
            (place[axis] == 0 || place[axis] + 1 == length[axis]))
            return;
        size_t before, behind;
        neighbours(grid, axis, place[axis], &before, &behind);
        const size_t base = index - place[axis] * next[axis];
        line.before[axis] = from + (base + before * next[axis]) * job->pitch;
        line.behind[axis] = from + (base + behind * next[axis]) * job->pitch;
    }
    line.before[HEAT_X] = (const char *) line.middle - job->element;
    line.behind[HEAT_X] = (const char *) line.middle + job->element;
    if (job->steps->source)
        line.source = (const char *) job->steps->source + index * columns * job->element;
    find_faces(job, index, &line);
    job->row(&line);
    set_ends(job, out);
}

//  Advances slabs first … end - 1 by some levels, each one slab behind the level before it;
//  first and end move with each level.
static void march(const fd_lines_t *job, int parity, int levels, long first, int first_move,
                  long end, int end_move)
{
    const int last = levels - 1;
    const long first_late = first + last * (first_move + 1L);
    const long end_late = end + last * (end_move + 1L);
    const long begin = first < first_late ? first : first_late;
    for (long sweep = begin; sweep < (end > end_late ? end : end_late); sweep++)
        for (int level = 0; level < levels; level++) {
            const long slab = sweep - level;
            if (slab < first + level * first_move || slab >= end + level * end_move)
                continue;
            const size_t line = (size_t) slab * job->slab;
            for (size_t k = 0; k < job->slab; k++)
                step_line(job, line + k, (parity + level) & 1);
        }
}

static long band_edge(const fd_lines_t *job, int band, int bands)
{
    return (long) (job->slabs * (size_t) band / (size_t) bands);
}

//  One thread's part of one block: a trapezoid that leaves a slab to each neighbour at each
//  level, then the triangle behind it.
static void run_block(const fd_lines_t *job, int parity, int levels, int index, int count)
{
    const long first = band_edge(job, index, count), end = band_edge(job, index + 1, count);
    const bool inner = index + 1 < count;
    march(job, parity, levels, first, index > 0 ? 1 : 0, end, inner ? -1 : 0);
    barrier(job, count);
    if (levels == 1)
        return;
    if (inner)
        march(job, parity, levels, end, -1, end, 1);
    barrier(job, count);
}

//  One thread's part of the solve of one grid.
static void run_grid(fd_lines_t *job, size_t which, int index, int count)
{
    job->pace = job->grid->pace ? job->grid->pace[which] : 1;
    const size_t bytes = job->grid->length[HEAT_X] * job->element;
    const size_t first = (size_t) band_edge(job, index, count) * job->slab;
    const size_t end = (size_t) band_edge(job, index + 1, count) * job->slab;
    const char *initial = (const char *) job->grid->initial + which * job->lines * bytes;
    char *result = (char *) job->grid->result + which * job->lines * bytes;
    for (int k = 0; k < 2; k++)
        for (size_t line = first; line < end; line++) {
            memcpy(job->work[k] + line * job->pitch, initial + line * bytes, bytes);
            set_ends(job, job->work[k] + line * job->pitch);
        }
    barrier(job, count);
    int parity = 0;
    for (int64_t left = job->steps->count; left > 0;) {
        const int levels = left < job->levels ? (int) left : job->levels;
        run_block(job, parity, levels, index, count);
        parity = (parity + levels) & 1;
        left -= levels;
    }
    for (size_t line = first; line < end; line++)
        memcpy(result + line * bytes, job->work[parity] + line * job->pitch, bytes);
}

//  All threads solve one grid after another: each has its own lines from first to last, so
//  that between grids no barrier is needed.
static void lines_main(void *context, int index, int count)
{
    fd_lines_t job = *(const fd_lines_t *) context;
    for (size_t which = 0; which < job.grid->count; which++)
        run_grid(&job, which, index, count);
}

//  Each thread solves grids of its own, in memory of its own.
static void lines_main_many(void *context, int index, int count)
{
    fd_lines_t job = *(const fd_lines_t *) context;
    job.work[0] += (size_t) index * 2 * job.size;
    job.work[1] += (size_t) index * 2 * job.size;
    for (size_t which = (size_t) index; which < job.grid->count; which += (size_t) count)
        run_grid(&job, which, 0, 1);
}

static int useful_threads(const fd_lines_t *job)
{
    size_t most = job->lines * job->grid->length[HEAT_X] / THREAD_POINTS;
    most = most < job->lines / 2 ? most : job->lines / 2;
    most = most < (size_t) job->grid->threads ? most : (size_t) job->grid->threads;
    return most < 1 ? 1 : (int) most;
}

//  Cuts the grid into slabs, and finds how many levels fit into the cache and leave each
//  thread a trapezoid.
static void set_levels(fd_lines_t *job, int threads)
{
    const size_t *length = job->grid->length;
    size_t arrays = job->steps->source ? 3 : 2;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        arrays += job->steps->face[axis] ? 1 : 0;
    job->slab = length[HEAT_Z] > 1 ? length[HEAT_Y] : 1;
    job->slabs = job->lines / job->slab;
    const size_t fit = CACHE / (arrays * job->slab * job->pitch);
    const size_t wide = job->slabs / (2 * (size_t) threads);
    const size_t most = fit < wide + 2 ? fit : wide + 2; // two more slabs are looked at
    job->levels = most < LEVELS + 2 ? (int) most - 2 : LEVELS;
    if (job->levels > 1 && job->grid->boundary != HEAT_PERIODIC)
        return;
    job->levels = 1;
    job->slab = 1;
    job->slabs = job->lines;
}

int heat_host_fd_lines(heat_device_state_t *state, const heat_grid_t *grid,
                       const heat_steps_t *steps, ipc_error_t *error)
{
    const size_t element = ipc_dtype_size(grid->dtype);
    fd_lines_t job = {.pool = state->pool,
                      .grid = grid,
                      .steps = steps,
                      .row = choose_row(grid->dtype),
                      .element = element,
                      .lines = grid->length[HEAT_Z] * grid->length[HEAT_Y]};
    job.pitch = ((grid->length[HEAT_X] + 2) * element + LINE - 1) / LINE * LINE;
    job.size = job.lines * job.pitch + 2 * LINE;
    int threads = useful_threads(&job);
    const bool many = threads == 1 && grid->count > 1;
    if (many)
        threads = grid->count < (size_t) grid->threads ? (int) grid->count : grid->threads;
    set_levels(&job, many ? 1 : threads);
    char *work = heat_buffer_reserve(&state->work,
                                     (many ? (size_t) threads : 1) * 2 * job.size, error);
    if (!work)
        return -1;
    job.work[0] = work + LINE;
    job.work[1] = work + job.size + LINE;
    kernel_pool_run(state->pool, threads, many ? lines_main_many : lines_main, &job);
    heat_buffer_trim(&state->work);
    return 0;
}
