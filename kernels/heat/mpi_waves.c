//  FFTW-MPI cuts a grid into blocks of its own size, and at fixed edges only the points between
//  them are transformed; so rows move to the engines that transform them, and back. The forward
//  transform leaves the waves transposed, cut along the second axis, which spares half of its
//  exchanges; what becomes of a wave needs no neighbours. What decays along each axis by itself
//  is transposed and back, no more.
#include "kernels/heat/mpi_waves.h"

#include <fftw3-mpi.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/heat/host.h"
#include "kernels/heat/scheme.h"
#include "kernels/heat/weigh.h"

//  What is transformed: the grid; what a source and fixed edges give in a unit of time.
enum { FIELD, SOURCE, EDGES, BOXES };

struct mpi_waves {
    const mpi_rows_t *rows;
    heat_scheme_t scheme;      // rates of the waves
    double coupling[HEAT_AXES]; // of fixed edges that are not 0; else 0
    ptrdiff_t length[HEAT_AXES]; // points that are transformed, first axis first
    size_t inset;              // 1 where edges are fixed, else 0: points outside of the box at each end
    size_t box_points;         // of a row of the box
    ptrdiff_t block_first, block_count; // rows of the box that this engine transforms
    ptrdiff_t blocks[MPI_RANKS_MAX][2]; // first, end of each engine
    bool moves;                // some are not where they are kept
    ptrdiff_t waves_first, waves_count; // of the second axis: what it has afterwards
    ptrdiff_t room;            // points of a box
    void *box[BOXES];          // rows to transform, then their waves; NULL: there is none
    bool is_product;           // each axis decays by itself
    void *forward, *backward;  // plans (lent): transforms, or of a product transpositions
    heat_device_state_t *lines; // lent: lets own lines decay
    char *own;                 // own rows, with one more on both sides
    void *source;              // likewise
    char *packed;              // the own part of a box; where nothing moves, the box itself
    char *apart;               // memory of it, or NULL
    mpi_halo_t halo;
};

//  The part of the box in one own row: its lines within the edges.
typedef struct inner {
    size_t lines, columns; // within a row of the box
    size_t lead;           // points before the first one, in a row of the grid
    size_t width;          // points of a line of the grid
} inner_t;

static inner_t inner_of(const mpi_waves_t *self)
{
    const size_t *length = self->rows->options->length;
    const bool solid = self->rows->options->ndim == 3;
    return (inner_t){.lines = solid ? length[HEAT_Y] - 2 * self->inset : 1,
                     .columns = length[HEAT_X] - 2 * self->inset,
                     .lead = self->inset * ((solid ? length[HEAT_X] : 0) + 1),
                     .width = length[HEAT_X]};
}

#define REAL double
#define N(name) f64_##name
#define F(name) fftw_##name
#include "kernels/heat/mpi_waves_real.h"
#define REAL float
#define N(name) f32_##name
#define F(name) fftwf_##name
#include "kernels/heat/mpi_waves_real.h"

static bool is_single(const mpi_waves_t *self)
{
    return self->rows->element == sizeof(float);
}

// ---- rows to blocks and back -----------------------------------------------------------------------

//  Rows of the box that a rank has of those first … end - 1.
static void overlap(size_t first, size_t end, size_t low, size_t high, int *count, int *place)
{
    const size_t from = first > low ? first : low, to = end < high ? end : high;
    *count = to > from ? (int) (to - from) : 0;
    *place = to > from ? (int) (from - first) : 0;
}

//  The own rows of the box, counted within it: a fixed edge is none of it.
static void own_rows(const mpi_waves_t *self, int rank, size_t *first, size_t *end)
{
    const size_t last = self->rows->total - 2 * self->inset;
    *first = mpi_rows_first(self->rows, rank);
    *end = mpi_rows_first(self->rows, rank + 1);
    *first = *first > self->inset ? *first - self->inset : 0;
    *end = *end > self->inset ? *end - self->inset : 0;
    *first = *first < last ? *first : last;
    *end = *end < last ? *end : last;
}

//  Learns which rows of the box each engine transforms. 0, or -1 with *error.
static int find_blocks(mpi_waves_t *self, ipc_error_t *error)
{
    mpi_world_t *world = self->rows->world;
    const ptrdiff_t own[] = {self->block_first, self->block_first + self->block_count};
    MPI_Request request;
    if (MPI_Iallgather(own, sizeof own, MPI_BYTE, self->blocks, sizeof own, MPI_BYTE, world->comm, &request))
        return mpi_page_break(world->page, error, "MPI has failed, so its world is broken");
    if (mpi_world_wait(world, &request, 1, error))
        return -1;
    self->moves = false;
    for (int i = 0; i < world->size; i++) {
        size_t first, end;
        own_rows(self, i, &first, &end);
        self->moves = self->moves || end - first != (size_t) (self->blocks[i][1] - self->blocks[i][0]) ||
                      (end > first && first != (size_t) self->blocks[i][0]);
    }
    return 0;
}

//  Moves the box's rows from where they are kept to where they are transformed, or back.
static int move_rows(mpi_waves_t *self, int box, bool back, ipc_error_t *error)
{
    mpi_world_t *world = self->rows->world;
    int counts[2][MPI_RANKS_MAX], places[2][MPI_RANKS_MAX];
    const ptrdiff_t *block = self->blocks[world->rank];
    size_t first, end;
    if (!self->moves)
        return 0;
    own_rows(self, world->rank, &first, &end);
    for (int i = 0; i < world->size; i++) {
        size_t low, high;
        own_rows(self, i, &low, &high);
        overlap(first, end, (size_t) self->blocks[i][0], (size_t) self->blocks[i][1], &counts[0][i], &places[0][i]);
        overlap((size_t) block[0], (size_t) block[1], low, high, &counts[1][i], &places[1][i]);
    }
    MPI_Datatype row;
    MPI_Request request;
    MPI_Type_contiguous((int) (self->box_points * self->rows->element), MPI_BYTE, &row);
    MPI_Type_commit(&row);
    const int code = MPI_Ialltoallv(back ? self->box[box] : self->packed, counts[back], places[back], row,
                                    back ? self->packed : self->box[box], counts[!back], places[!back], row,
                                    world->comm, &request);
    const int result = code ? mpi_page_break(world->page, error, "MPI has failed, so its world is broken")
                            : mpi_world_wait(world, &request, 1, error);
    MPI_Type_free(&row);
    return result;
}

//  Copies the box's part of rows of the grid to packed, or back.
static void pack_rows(mpi_waves_t *self, int box, char *rows, bool back)
{
    const inner_t inner = inner_of(self);
    const size_t element = self->rows->element, bytes = inner.columns * element;
    size_t first, end;
    own_rows(self, self->rows->world->rank, &first, &end);
    char *packed = self->packed = self->moves ? self->apart : self->box[box];
    for (size_t row = first; row < end; row++)
        for (size_t line = 0; line < inner.lines; line++, packed += bytes) {
            const size_t at = (row + self->inset - self->rows->first) * self->rows->points + inner.lead +
                              line * inner.width;
            memcpy(back ? rows + at * element : packed, back ? packed : rows + at * element, bytes);
        }
}

//  Fills packed with what fixed edges give to the points beside them in a unit of time.
static void pack_edges(mpi_waves_t *self)
{
    size_t first, end;
    own_rows(self, self->rows->world->rank, &first, &end);
    self->packed = self->moves ? self->apart : self->box[EDGES];
    memset(self->packed, 0, (end - first) * self->box_points * self->rows->element);
    for (size_t row = first; row < end; row++)
        (is_single(self) ? f32_add_edges : f64_add_edges)(self, row, row - first);
}

// ---- running ---------------------------------------------------------------------------------------

//  Transforms a box, or transposes it.
static int execute(mpi_waves_t *self, void *plan, int box, ipc_error_t *error)
{
    (is_single(self) ? f32_execute : f64_execute)(plan, self->box[box]);
    return mpi_page_check(self->rows->world->page, error);
}

//  Lets the box's waves decay along axes that are here in whole; it is so many grids of these lengths.
static int decay(mpi_waves_t *self, ptrdiff_t count, const heat_grid_t *shape, const double *y, const double *x,
                 ipc_error_t *error)
{
    heat_grid_t grid = *shape;
    grid.dtype = self->rows->options->dtype;
    grid.boundary = self->rows->options->boundary;
    grid.measure = self->rows->options->measure;
    grid.count = (size_t) count;
    grid.result = self->box[FIELD];
    grid.threads = 1;
    return heat_host_decay(self->lines, &grid, (const double *[HEAT_AXES]){[HEAT_Y] = y, [HEAT_X] = x}, error);
}

//  In the order in which one engine takes the axes: the last one first.
static int decay_by_axes(mpi_waves_t *self, ipc_error_t *error)
{
    const double *const *factor = self->scheme.waves.factor;
    const size_t n0 = (size_t) self->length[0], n1 = (size_t) self->length[1], n2 = (size_t) self->length[2];
    const bool solid = self->rows->options->ndim == 3;
    const heat_grid_t row = {.length = {1, solid ? n1 : 1, solid ? n2 : n1}};
    const heat_grid_t turned = {.length = {1, solid ? n0 : 1, solid ? n2 : n0}};
    const double *first = factor[self->rows->axis];
    if (decay(self, self->block_count, &row, solid ? factor[HEAT_Y] : NULL, factor[HEAT_X], error) ||
        execute(self, self->forward, FIELD, error) ||
        decay(self, self->waves_count, &turned, solid ? first : NULL, solid ? NULL : first, error))
        return -1;
    return execute(self, self->backward, FIELD, error);
}

//  By the transforms of all axes, with what a source and the edges give.
static int decay_by_waves(mpi_waves_t *self, ipc_error_t *error)
{
    if (execute(self, self->forward, FIELD, error))
        return -1;
    if (self->box[SOURCE]) {
        pack_rows(self, SOURCE, self->source, false);
        if (move_rows(self, SOURCE, false, error) || execute(self, self->forward, SOURCE, error))
            return -1;
    }
    if (self->box[EDGES]) {
        pack_edges(self);
        if (move_rows(self, EDGES, false, error) || execute(self, self->forward, EDGES, error))
            return -1;
    }
    (is_single(self) ? f32_combine : f64_combine)(self);
    return execute(self, self->backward, FIELD, error);
}

int mpi_waves_run(mpi_waves_t *self, ipc_error_t *error)
{
    const mpi_rows_t *rows = self->rows;
    const size_t row = rows->points * rows->element;
    if (self->box[EDGES] && (mpi_halo_begin(&self->halo, rows, self->own + row, row, 1, error) ||
                             mpi_halo_finish(&self->halo, rows, error)))
        return -1;
    pack_rows(self, FIELD, self->own + row, false);
    if (move_rows(self, FIELD, false, error) ||
        (self->is_product ? decay_by_axes : decay_by_waves)(self, error))
        return -1;
    self->packed = self->moves ? self->apart : NULL;
    if (move_rows(self, FIELD, true, error))
        return -1;
    pack_rows(self, FIELD, self->own + row, true);
    return 0;
}

const void *mpi_waves_rows(mpi_waves_t *self)
{
    return self->own + self->rows->points * self->rows->element;
}

// ---- before and after ------------------------------------------------------------------------------

//  Whether an own point on a fixed edge is not 0.
static bool own_edges_matter(const mpi_waves_t *self)
{
    const mpi_rows_t *rows = self->rows;
    const heat_options_t *options = rows->options;
    const char *own = self->own + rows->points * rows->element;
    for (size_t k = 0; k < rows->count * rows->points; k++) {
        const size_t i = rows->first * rows->points + k, *length = options->length;
        const size_t place[] = {i / (length[HEAT_Y] * length[HEAT_X]), i / length[HEAT_X] % length[HEAT_Y],
                                i % length[HEAT_X]};
        const double value = rows->element == sizeof(float) ? ((const float *) own)[k] : ((const double *) own)[k];
        if (value == 0)
            continue;
        for (int axis = rows->axis; axis < HEAT_AXES; axis++)
            if (place[axis] == 0 || place[axis] + 1 == length[axis])
                return true;
    }
    return false;
}

//  The plans of the last grid, which the next one most likely has, too: FFTW-MPI plans for longer than it
//  transforms.
typedef struct kept {
    ptrdiff_t length[HEAT_AXES];
    size_t element;
    heat_boundary_t boundary;
    bool measured, is_product;
    int ndim; // 0: there are none
    void *forward, *backward;
    heat_device_state_t *lines; // with plans of its own; NULL: not made yet
} kept_t;

static kept_t *kept(void)
{
    static kept_t self;
    return &self;
}

static bool is_kept(const mpi_waves_t *self)
{
    const heat_options_t *options = self->rows->options;
    const kept_t *last = kept();
    return last->ndim == options->ndim && last->element == self->rows->element &&
           last->boundary == options->boundary && last->measured == options->measure &&
           last->is_product == self->is_product &&
           memcmp(last->length, self->length, sizeof last->length) == 0;
}

//  Whether it holds for any engine: what they must do alike. 0, or -1 with *error.
static int find_any(mpi_waves_t *self, bool own, bool *any, ipc_error_t *error)
{
    mpi_world_t *world = self->rows->world;
    const int mine = own;
    int all;
    MPI_Request request;
    if (MPI_Iallreduce(&mine, &all, 1, MPI_INT, MPI_MAX, world->comm, &request))
        return mpi_page_break(world->page, error, "MPI has failed, so its world is broken");
    if (mpi_world_wait(world, &request, 1, error))
        return -1;
    *any = all;
    return 0;
}

//  The rates of all waves along each axis. The scheme is asked for no grid: what concerns the edges and the
//  source is done here.
static int find_rates(mpi_waves_t *self, ipc_error_t *error)
{
    heat_options_t options = *self->rows->options;
    options.count = 0;
    options.source = (kernel_input_t){.data = NULL};
    return heat_scheme_prepare(&self->scheme, &options, NULL, error);
}

static int make_boxes(mpi_waves_t *self, ipc_error_t *error)
{
    const heat_options_t *options = self->rows->options;
    const bool wanted[BOXES] = {true, options->source.data != NULL, self->coupling[HEAT_X] > 0};
    for (int box = 0; box < BOXES; box++) {
        if (!wanted[box])
            continue;
        self->box[box] = fftw_malloc((size_t) self->room * self->rows->element);
        if (!self->box[box])
            return kernel_refuse(error, "MemoryError", "no memory for the waves of a decomposed grid");
    }
    if (!self->moves)
        return 0;
    self->apart = malloc((self->rows->count + 1) * self->box_points * self->rows->element);
    return self->apart ? 0 : kernel_refuse(error, "MemoryError", "no memory for the rows of a decomposed grid");
}

static void forget_plans(void)
{
    kept_t *last = kept();
    for (int back = 0; last->ndim > 0 && back < 2; back++)
        (last->element == sizeof(float) ? f32_forget : f64_forget)(back ? last->backward : last->forward);
    *last = (kept_t){.ndim = 0, .lines = last->lines};
}

static int make_plans(mpi_waves_t *self, ipc_error_t *error)
{
    const heat_options_t *options = self->rows->options;
    kept_t *last = kept();
    forget_plans();
    *last = (kept_t){.element = self->rows->element, .boundary = options->boundary, .measured = options->measure,
                     .is_product = self->is_product, .ndim = options->ndim, .lines = last->lines};
    memcpy(last->length, self->length, sizeof last->length);
    void *(*plan)(const mpi_waves_t *, void *, bool) = is_single(self) ? (self->is_product ? f32_plan_turn : f32_plan)
                                                       : self->is_product ? f64_plan_turn : f64_plan;
    last->forward = plan(self, self->box[FIELD], false);
    last->backward = plan(self, self->box[FIELD], true);
    if (last->forward && last->backward)
        return 0;
    forget_plans();
    return kernel_refuse(error, "MemoryError", "FFTW-MPI makes no plan for this grid");
}

static int open_lines(heat_device_state_t **state_p, ipc_error_t *error)
{
    *state_p = *state_p ? *state_p : heat_host()->open(error);
    return *state_p ? 0 : -1;
}

//  Finds what each engine transforms.
static void cut_box(mpi_waves_t *self)
{
    const mpi_rows_t *rows = self->rows;
    const heat_options_t *options = rows->options;
    self->inset = options->boundary == HEAT_FIXED ? 1 : 0;
    self->box_points = 1;
    for (int k = 0; k < options->ndim; k++) {
        self->length[k] = (ptrdiff_t) (options->length[rows->axis + k] - 2 * self->inset);
        self->box_points *= k > 0 ? (size_t) self->length[k] : 1;
    }
    (is_single(self) ? f32_cut : f64_cut)(self);
}

mpi_waves_t *mpi_waves_new(const mpi_rows_t *rows, ipc_error_t *error)
{
    const heat_options_t *options = rows->options;
    if (options->ndim == 1) {
        kernel_refuse(error, "ValueError",
                      "FFTW-MPI transforms no single line: use method fd, or leave decompose out");
        return NULL;
    }
    mpi_waves_t *self = calloc(1, sizeof *self);
    if (!self) {
        kernel_refuse(error, "MemoryError", "no memory for the waves");
        return NULL;
    }
    self->rows = rows;
    self->own = mpi_rows_take(rows, &options->initial, "initial", 1, error);
    if (self->own && options->source.data)
        self->source = mpi_rows_take(rows, &options->source, "source", 0, error);
    if (!self->own || (options->source.data && !self->source) || find_rates(self, error))
        mpi_waves_destroy(&self);
    return self;
}

int mpi_waves_plan(mpi_waves_t *self, ipc_error_t *error)
{
    const heat_options_t *options = self->rows->options;
    const int axis = self->rows->axis;
    bool edges = false, lacks = false;
    cut_box(self);
    if (find_blocks(self, error) ||
        find_any(self, options->boundary == HEAT_FIXED && own_edges_matter(self), &edges, error))
        return -1;
    for (int k = axis; k < HEAT_AXES; k++)
        self->coupling[k] = edges ? options->alpha / (options->spacing[k] * options->spacing[k]) : 0;
    self->is_product = self->scheme.waves.factor[axis] && !options->source.data && !edges;
    if (make_boxes(self, error) || find_any(self, !is_kept(self), &lacks, error) ||
        (lacks && make_plans(self, error)) || open_lines(&kept()->lines, error))
        return -1;
    self->forward = kept()->forward;
    self->backward = kept()->backward;
    self->lines = kept()->lines;
    return 0;
}

void mpi_waves_destroy(mpi_waves_t **self_p)
{
    mpi_waves_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    for (int box = 0; box < BOXES; box++) fftw_free(self->box[box]);
    heat_scheme_clear(&self->scheme);
    mpi_halo_clear(&self->halo);
    free(self->own);
    free(self->source);
    free(self->apart);
    free(self);
}
