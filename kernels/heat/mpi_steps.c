//  Several steps (levels) are taken between two exchanges of halos, which are as deep:
//
//      - while the halos are under way, the trapezoid of the own rows that loses a row to each
//        neighbour at each level;
//      - when they are there, on each side the rest: the rows that the trapezoid has lost, and of
//        the halo what they need, a row less at each level.
//
//  So an exchange waits behind all but the narrow rest, and there is one for a dozen steps; the halo
//  costs half its depth in rows that both neighbours compute. Within each part the levels follow one
//  another one row apart, while the rows are in the cache. Two grids take turns: level l reads grid
//  l & 1 and writes the other. That is safe in this order, since a value is overwritten, two levels
//  later, only when all that need it have been computed.
#include "kernels/heat/mpi_steps.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/heat/host.h"
#include "kernels/heat/scheme.h"

enum {
    LINE = 64,
    LEVELS = 12,       // between two exchanges, at most
    CACHE = 1 << 20,   // bytes that the rows under work may take
    POLL_ROWS = 64     // between two looks at the exchange
};

//  How a point is made from its neighbours (see mpi_row.h): in two and three dimensions these
//  count the same, or those along an axis do.
typedef enum rule { RULE_PLAIN, RULE_PLANE, RULE_CUBE, RULE_SPACE, RULE_FACES } rule_t;

//  A line to advance by one step.
typedef struct mpi_line {
    void *out;
    const void *middle;                                // the line itself
    const void *before[HEAT_AXES], *behind[HEAT_AXES]; // neighbours; along x one point off
    const void *face_before[HEAT_AXES], *face_behind[HEAT_AXES]; // of RULE_FACES
    const void *source;      // or NULL
    size_t first, end;       // points that change
    double centre;           // weight of the point
    double ratio[HEAT_AXES]; // of its neighbours
    rule_t rule;
} mpi_line_t;

typedef void (*row_fn)(const mpi_line_t *line);

#define ROW row_f64_baseline
#define REAL double
#define TARGET
#include "kernels/heat/mpi_row.h"
#define ROW row_f32_baseline
#define REAL float
#define TARGET
#include "kernels/heat/mpi_row.h"

#if defined(__x86_64__)
#define ROW row_f64_avx2
#define REAL double
#define TARGET __attribute__((target("avx2")))
#include "kernels/heat/mpi_row.h"
#define ROW row_f32_avx2
#define REAL float
#define TARGET __attribute__((target("avx2")))
#include "kernels/heat/mpi_row.h"
#define ROW row_f64_avx512
#define REAL double
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels/heat/mpi_row.h"
#define ROW row_f32_avx512
#define REAL float
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#include "kernels/heat/mpi_row.h"
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

struct mpi_steps {
    const mpi_rows_t *rows;
    heat_options_t local;   // the options, of the own rows with their halos
    heat_scheme_t scheme;   // of these: faces and source
    row_fn row;
    rule_t rule;
    size_t depth;           // of the halo: steps between two exchanges
    size_t below, above;    // rows of it that there are, before and behind the own
    size_t lines;           // of a row; 1 for a grid of one dimension, which has one line in all
    size_t columns;         // of a line
    size_t lead;            // bytes before a line's first point, with the place for its neighbour
    size_t pitch;           // from a line to the next, with lead
    size_t row_bytes;       // from a row to the next
    char *memory;           // of the two grids
    char *work[2];          // the first own row in each
    int parity;             // which of them is the present
    void *initial, *source, *alpha; // own rows with room for the halos, or NULL
    mpi_halo_t halo;
};

static bool is_line(const mpi_steps_t *self)
{
    return self->rows->options->ndim == 1;
}

// ---- one step --------------------------------------------------------------------------------------

//  Sets the places outside of a line to what the edges' rule says.
static void set_ends(const mpi_steps_t *self, char *line)
{
    const size_t element = self->rows->element;
    const heat_boundary_t boundary = self->rows->options->boundary;
    char *last = line + (self->columns - 1) * element;
    if (boundary == HEAT_FIXED)
        return;
    memcpy(line - element, boundary == HEAT_PERIODIC ? last : line, element);
    memcpy(last + element, boundary == HEAT_PERIODIC ? line : last, element);
}

//  Where the neighbours of place i of n are, as steps from it.
static void neighbours(heat_boundary_t boundary, size_t i, size_t n, long *before, long *behind)
{
    const bool periodic = boundary == HEAT_PERIODIC;
    *before = i > 0 ? -1 : periodic ? (long) n - 1 : 0;
    *behind = i + 1 < n ? 1 : periodic ? 1 - (long) n : 0;
}

//  What all lines have in common.
static mpi_line_t begin_line(const mpi_steps_t *self, long row, size_t line, int parity)
{
    const double *ratio = self->scheme.steps.ratio;
    const size_t at = (size_t) (row + (long) self->below) * self->lines + line; // in the faces and the source
    const long offset = row * (long) self->row_bytes + (long) (line * self->pitch);
    mpi_line_t one = {.out = self->work[!parity] + offset,
                      .middle = self->work[parity] + offset,
                      .end = self->columns,
                      .centre = 1 - 2 * (ratio[HEAT_Z] + ratio[HEAT_Y] + ratio[HEAT_X]),
                      .ratio = {ratio[HEAT_Z], ratio[HEAT_Y], ratio[HEAT_X]},
                      .rule = self->rule};
    const char *middle = one.middle;
    for (int axis = HEAT_Z; axis < HEAT_X; axis++) one.before[axis] = one.behind[axis] = middle;
    one.before[HEAT_X] = middle - self->rows->element;
    one.behind[HEAT_X] = middle + self->rows->element;
    if (self->scheme.steps.source)
        one.source = (const char *) self->scheme.steps.source + at * self->columns * self->rows->element;
    return one;
}

//  The surfaces around a line, where alpha varies: see heat_steps_t.
static void find_faces(const mpi_steps_t *self, long row, size_t line, mpi_line_t *one)
{
    const size_t *length = self->local.length, columns = length[HEAT_X];
    const size_t index = (size_t) (row + (long) self->below) * self->lines + line;
    const size_t z = index / length[HEAT_Y], y = index % length[HEAT_Y];
    const size_t next[] = {length[HEAT_Y] * columns, columns, 1};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        const size_t rows = length[HEAT_Y] + (axis == HEAT_Y), wide = columns + (axis == HEAT_X);
        const char *face = self->scheme.steps.face[axis];
        if (!face)
            continue;
        face += (z * rows + y) * wide * self->rows->element;
        one->face_before[axis] = face;
        one->face_behind[axis] = face + next[axis] * self->rows->element;
    }
}

//  Advances one line of a row by one step, unless it is a fixed one.
static void step_line(const mpi_steps_t *self, long row, size_t line, int parity)
{
    const mpi_rows_t *rows = self->rows;
    const heat_boundary_t boundary = rows->options->boundary;
    const bool fixed = boundary == HEAT_FIXED, periodic = boundary == HEAT_PERIODIC;
    const long place = (long) rows->first + row, last = (long) rows->total - 1;
    mpi_line_t one = begin_line(self, row, line, parity);
    if (fixed && (place == 0 || place == last || (self->lines > 1 && (line == 0 || line + 1 == self->lines))))
        return;
    // Along the first axis the halos are beyond the own rows; there is none at an insulated edge.
    const char *middle = one.middle;
    one.before[rows->axis] = middle - (place == 0 && !periodic ? 0 : self->row_bytes);
    one.behind[rows->axis] = middle + (place == last && !periodic ? 0 : self->row_bytes);
    if (self->lines > 1) {
        long before, behind;
        neighbours(boundary, line, self->lines, &before, &behind);
        one.before[HEAT_Y] = middle + before * (long) self->pitch;
        one.behind[HEAT_Y] = middle + behind * (long) self->pitch;
    }
    one.first = fixed ? 1 : 0;
    one.end = fixed ? self->columns - 1 : self->columns;
    if (self->rule == RULE_FACES)
        find_faces(self, row, line, &one);
    self->row(&one);
    set_ends(self, one.out);
}

//  Advances points first … end - 1 of a grid of one dimension, whose rows they are.
static void step_points(const mpi_steps_t *self, long first, long end, int parity)
{
    const mpi_rows_t *rows = self->rows;
    const heat_boundary_t boundary = rows->options->boundary;
    const size_t element = rows->element;
    const long lowest = -(long) rows->first, highest = lowest + (long) rows->total - 1; // the edges of the grid
    char *now = self->work[parity];
    if (boundary == HEAT_FIXED) {
        first = first <= lowest ? lowest + 1 : first;
        end = end > highest ? highest : end;
    } else if (boundary == HEAT_INSULATED) { // places beyond an edge that is within reach
        if (first == lowest)
            memcpy(now + (lowest - 1) * (long) element, now + lowest * (long) element, element);
        if (end == highest + 1)
            memcpy(now + (highest + 1) * (long) element, now + highest * (long) element, element);
    }
    if (first >= end)
        return;
    mpi_line_t one = begin_line(self, 0, 0, parity);
    const size_t shift = self->below * element; // faces and source begin with the halo
    const char *face = self->scheme.steps.face[HEAT_X];
    if (self->scheme.steps.source)
        one.source = (const char *) self->scheme.steps.source + shift;
    if (face) {
        one.face_before[HEAT_X] = face + shift;
        one.face_behind[HEAT_X] = face + shift + element;
    }
    // The line is counted from its first point that changes.
    const long by = first * (long) element;
    one.out = (char *) one.out + by;
    one.middle = (const char *) one.middle + by;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        one.before[axis] = (const char *) one.before[axis] + by;
        one.behind[axis] = (const char *) one.behind[axis] + by;
        one.face_before[axis] = one.face_before[axis] ? (const char *) one.face_before[axis] + by : NULL;
        one.face_behind[axis] = one.face_behind[axis] ? (const char *) one.face_behind[axis] + by : NULL;
    }
    one.source = one.source ? (const char *) one.source + by : NULL;
    one.end = (size_t) (end - first);
    self->row(&one);
}

// ---- many steps ------------------------------------------------------------------------------------

//  Rows of the first level, and how they change with each.
typedef struct range {
    long first, end;
    int first_move, end_move;
} range_t;

static void step_row(const mpi_steps_t *self, long row, int parity)
{
    for (size_t line = 0; line < self->lines; line++) step_line(self, row, line, parity);
}

//  Advances a range by some levels, each one row behind the level before it.
static void march(mpi_steps_t *self, range_t range, int levels, bool polls)
{
    for (int level = 0; is_line(self) && level < levels; level++)
        step_points(self, range.first + level * range.first_move, range.end + level * range.end_move,
                    (self->parity + level) & 1);
    if (is_line(self))
        return;
    const int last = levels - 1;
    const long first_late = range.first + last * (range.first_move + 1L);
    const long end_late = range.end + last * (range.end_move + 1L);
    const long begin = range.first < first_late ? range.first : first_late;
    for (long sweep = begin; sweep < (range.end > end_late ? range.end : end_late); sweep++) {
        if (polls && (sweep - begin) % POLL_ROWS == 0)
            mpi_halo_progress(&self->halo);
        for (int level = 0; level < levels; level++) {
            const long row = sweep - level;
            if (row >= range.first + level * range.first_move && row < range.end + level * range.end_move)
                step_row(self, row, (self->parity + level) & 1);
        }
    }
}

//  Takes some steps, at most as many as the halo is deep.
static int run_block(mpi_steps_t *self, int levels, ipc_error_t *error)
{
    const mpi_rows_t *rows = self->rows;
    const long count = (long) rows->count;
    const int below = self->below > 0, above = self->above > 0; // whether there is a neighbour
    char *present = self->work[self->parity] - self->lead;
    if (mpi_halo_begin(&self->halo, rows, present, self->row_bytes, (size_t) levels, error))
        return -1;
    march(self, (range_t){below, count - above, below, -above}, levels, true);
    if (mpi_halo_finish(&self->halo, rows, error))
        return -1;
    if (below)
        march(self, (range_t){1 - levels, 1, 1, 1}, levels, false);
    if (above)
        march(self, (range_t){count - 1, count + levels - 1, -1, -1}, levels, false);
    self->parity = (self->parity + levels) & 1;
    return 0;
}

//  Exchanges the halo of an array of constants, and gives it where the local grid begins; NULL has none.
static int exchange(mpi_steps_t *self, void *array, kernel_input_t *local, ipc_error_t *error)
{
    const mpi_rows_t *rows = self->rows;
    const size_t row = rows->points * rows->element;
    *local = (kernel_input_t){.dtype = rows->options->dtype};
    if (!array)
        return 0;
    char *first = (char *) array + self->depth * row;
    local->data = first - self->below * row;
    return mpi_halo_begin(&self->halo, rows, first, row, self->depth, error) ||
                   mpi_halo_finish(&self->halo, rows, error)
               ? -1
               : 0;
}

static rule_t rule_of(const mpi_steps_t *self)
{
    const double *ratio = self->scheme.steps.ratio;
    const bool flat = self->local.ndim == 2;
    const bool plain = ratio[HEAT_X] == ratio[HEAT_Y] && !self->source;
    if (self->alpha)
        return RULE_FACES;
    if (flat)
        return plain ? RULE_PLAIN : RULE_PLANE;
    return plain && ratio[HEAT_Y] == ratio[HEAT_Z] ? RULE_CUBE : RULE_SPACE;
}

//  Makes the scheme of the own rows with their halos: a grid of its own, but for what its outermost rows
//  would be told, which are not computed.
static int exchange_constants(mpi_steps_t *self, ipc_error_t *error)
{
    heat_options_t *local = &self->local;
    if (exchange(self, self->source, &local->source, error) || exchange(self, self->alpha, &local->alphas, error))
        return -1;
    local->length[self->rows->axis] = self->below + self->rows->count + self->above;
    if (heat_scheme_prepare(&self->scheme, local, NULL, error))
        return mpi_page_break(self->rows->world->page, error, "an engine has no memory for its part of a grid, so the "
                                                              "MPI world is broken");
    self->rule = rule_of(self);
    return 0;
}

//  Fills the halos of both grids for the first time: points of theirs that stay are never written again.
static int spread(mpi_steps_t *self, ipc_error_t *error)
{
    const mpi_rows_t *rows = self->rows;
    char *first = self->work[0] - self->lead;
    if (mpi_halo_begin(&self->halo, rows, first, self->row_bytes, self->depth, error) ||
        mpi_halo_finish(&self->halo, rows, error))
        return -1;
    const size_t halo = self->depth * self->row_bytes;
    memcpy(self->work[1] - self->lead - halo, first - halo, rows->count * self->row_bytes + 2 * halo);
    self->parity = 0;
    return 0;
}

int mpi_steps_run(mpi_steps_t *self, ipc_error_t *error)
{
    if (exchange_constants(self, error) || spread(self, error))
        return -1;
    for (int64_t left = self->local.steps; left > 0;) {
        const int levels = left < (int64_t) self->depth ? (int) left : (int) self->depth;
        if (run_block(self, levels, error))
            return -1;
        left -= levels;
    }
    return 0;
}

// ---- before and after ------------------------------------------------------------------------------

static void copy_lines(const mpi_steps_t *self, char *packed, bool out)
{
    const size_t lines = self->rows->count * self->lines, bytes = self->columns * self->rows->element;
    for (size_t line = 0; line < lines; line++) {
        char *at = self->work[self->parity] + line * self->pitch;
        memcpy(out ? packed + line * bytes : at, out ? at : packed + line * bytes, bytes);
        if (!out)
            set_ends(self, at);
    }
}

const void *mpi_steps_rows(mpi_steps_t *self)
{
    if (is_line(self))
        return self->work[self->parity];
    copy_lines(self, self->initial, true);
    return self->initial;
}

//  How many steps between two exchanges: as many as leave the rows under work in the cache, and a row of
//  the own ones at least to each side. All engines find the same.
static size_t find_depth(const mpi_steps_t *self, size_t arrays)
{
    const size_t half = self->rows->least / 2, fit = CACHE / (arrays * self->row_bytes);
    size_t depth = fit < LEVELS + 2 ? (fit > 3 ? fit - 2 : 1) : LEVELS;
    depth = half < depth ? half : depth;
    return depth < 1 ? 1 : depth;
}

static int lay_out(mpi_steps_t *self, ipc_error_t *error)
{
    const mpi_rows_t *rows = self->rows;
    const heat_options_t *options = rows->options;
    const size_t *length = options->length, element = rows->element;
    const size_t arrays = 2 + (options->source.data ? 1 : 0) + (options->alphas.data ? (size_t) options->ndim : 0);
    self->columns = is_line(self) ? rows->count : length[HEAT_X];
    self->lines = options->ndim == 3 ? length[HEAT_Y] : 1;
    // Points that change begin at a multiple of LINE.
    self->lead = is_line(self) ? 0 : options->boundary == HEAT_FIXED ? LINE - element : LINE;
    self->pitch = is_line(self) ? element : (self->lead + (self->columns + 1) * element + LINE - 1) / LINE * LINE;
    self->row_bytes = self->lines * self->pitch;
    self->depth = find_depth(self, arrays);
    self->below = rows->before == MPI_PROC_NULL ? 0 : self->depth;
    self->above = rows->behind == MPI_PROC_NULL ? 0 : self->depth;
    const size_t margin = (self->depth * self->row_bytes + 2 * LINE - 1) / LINE * LINE;
    const size_t grid = (rows->count * self->row_bytes + 2 * margin + LINE - 1) / LINE * LINE;
    self->memory = aligned_alloc(LINE, 2 * grid);
    if (!self->memory)
        return kernel_refuse(error, "MemoryError", "no memory for two grids of %zu rows", rows->count);
    memset(self->memory, 0, 2 * grid);
    for (size_t k = 0; k < 2; k++) self->work[k] = self->memory + k * grid + margin + self->lead;
    return 0;
}

//  The other numbers of each point: their own rows; the halos come with the run.
static int take_constants(mpi_steps_t *self, ipc_error_t *error)
{
    const heat_options_t *options = self->rows->options;
    if (options->source.data)
        self->source = mpi_rows_take(self->rows, &options->source, "source", self->depth, error);
    if (options->alphas.data)
        self->alpha = mpi_rows_take(self->rows, &options->alphas, "alpha", self->depth, error);
    return (options->source.data && !self->source) || (options->alphas.data && !self->alpha) ? -1 : 0;
}

mpi_steps_t *mpi_steps_new(const mpi_rows_t *rows, ipc_error_t *error)
{
    mpi_steps_t *self = calloc(1, sizeof *self);
    if (!self) {
        kernel_refuse(error, "MemoryError", "no memory for the steps");
        return NULL;
    }
    self->rows = rows;
    self->local = *rows->options;
    self->row = choose_row(rows->options->dtype);
    self->initial = mpi_rows_take(rows, &rows->options->initial, "initial", 0, error);
    if (!self->initial || lay_out(self, error) || take_constants(self, error)) {
        mpi_steps_destroy(&self);
        return NULL;
    }
    if (is_line(self))
        memcpy(self->work[0], self->initial, rows->count * rows->element);
    else
        copy_lines(self, self->initial, false);
    return self;
}

void mpi_steps_destroy(mpi_steps_t **self_p)
{
    mpi_steps_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    heat_scheme_clear(&self->scheme);
    mpi_halo_clear(&self->halo);
    free(self->memory);
    free(self->initial);
    free(self->source);
    free(self->alpha);
    free(self);
}
