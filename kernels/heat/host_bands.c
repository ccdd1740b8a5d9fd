#include "kernels/heat/host_bands.h"

#include <string.h>

enum {
    NO_AXIS = -1,
    NO_ROW = -2,
    LINE = 64,       // bytes
    PAGE = 4096,     // whose multiples fall into the same set of the first cache
    HALO_PART = 32,  // lengths of a grid for a point of its halo
    TILE_ROW = 1024, // bytes
    LEVEL_ROWS = 8   // own rows of a band for a step in a block
};

//  The caller's array that is laid out: a grid, or the surfaces across an axis.
typedef struct source {
    const char *at;
    int across; // NO_AXIS: a grid
} source_t;

static bool is_fixed(const fd_bands_t *self)
{
    return self->grid->boundary == HEAT_FIXED;
}

//  The point of the grid that a working point stands for; *turned where a mirror is between
//  them. A halo is never longer than its grid.
static size_t point_of(const fd_bands_t *self, const fd_axis_t *axis, long at, bool *turned)
{
    const long n = (long) axis->length;
    long place = at - (axis->axis == HEAT_AXES ? 0 : (long) axis->halo - 1);
    *turned = self->grid->boundary == HEAT_INSULATED && (place < 0 || place >= n);
    if (place < 0)
        place = *turned ? -1 - place : place + n;
    else if (place >= n)
        place = *turned ? 2 * n - 1 - place : place - n;
    return (size_t) place;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

//  --- The layout ------------------------------------------------------------------------

static void set_axis(fd_bands_t *self, fd_axis_t *axis, int which, int levels)
{
    const size_t length = which == HEAT_AXES ? 1 : self->grid->length[which];
    *axis = (fd_axis_t){.axis = which, .length = length, .inner = 1};
    if (which == HEAT_AXES)
        return;
    axis->halo = is_fixed(self) ? 0 : (size_t) levels;
    axis->inner = length + 2 * axis->halo - 2;
}

//  Rows of the grid before band index.
static long band_edge(const fd_bands_t *self, int index)
{
    return (long) (self->row.length * (size_t) index / (size_t) self->count);
}

//  What a band computes and needs; without memory.
static fd_band_t find_band(const fd_bands_t *self, int index)
{
    const long inner = (long) self->row.inner, reach = self->levels - 1;
    const long move = (long) self->row.halo - 1; // from points to rows that change
    fd_band_t band = {.own = band_edge(self, index) + move,
                      .own_end = band_edge(self, index + 1) + move};
    band.own = band.own < 0 ? 0 : band.own;
    band.own_end = band.own_end > inner ? inner : band.own_end;
    band.first = band.own > reach ? band.own - reach : 0;
    const long end = band.own_end + reach < inner ? band.own_end + reach : inner;
    band.rows = end - band.first;
    band.height = (band.rows + self->lanes - 1) / self->lanes;
    return band;
}

//  How many steps a block can have: a halo must be small beside its grid and its band, and
//  the parts of a piece that its neighbours advance must not meet.
static int find_levels(const fd_bands_t *self, int levels)
{
    const size_t *length = self->grid->length;
    size_t most = (size_t) levels;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        if (!is_fixed(self) && length[axis] > 1)
            most = min_size(most, length[axis] / HALO_PART + 1);
    const size_t rows = self->row.length / (size_t) self->count;
    if (self->count > 1)
        most = min_size(most, rows / LEVEL_ROWS + 1);
    const size_t inner = rows > 2 ? rows - 2 : 1;
    const size_t height = (inner + (size_t) self->lanes - 1) / (size_t) self->lanes;
    return (int) min_size(most, height / 2 + 1);
}

//  Pads a size to some bytes more than full pages.
static size_t pad_to(size_t size, size_t more)
{
    return size + (PAGE + more - size % PAGE) % PAGE;
}

static size_t extent(const fd_axis_t *axis)
{
    return axis->axis == HEAT_AXES ? 1 : axis->inner + 2;
}

void fd_bands_set(fd_bands_t *self, const heat_grid_t *grid, const heat_steps_t *steps,
                  size_t vector, int levels, int count)
{
    const size_t *length = grid->length;
    const int ndim = length[HEAT_Y] > 1 ? 2 : 1;
    *self = (fd_bands_t){.grid = grid,
                         .steps = steps,
                         .element = ipc_dtype_size(grid->dtype),
                         .vector = vector,
                         .arrays = steps->source ? 3 : 2,
                         .count = count};
    self->lanes = (long) (vector / self->element);
    self->row.length = length[HEAT_AXES - ndim];
    self->levels = find_levels(self, levels);
    set_axis(self, &self->row, HEAT_AXES - ndim, self->levels);
    set_axis(self, &self->column, ndim > 1 ? HEAT_X : HEAT_AXES, self->levels);
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        self->arrays += steps->face[axis] ? 1 : 0;
    for (int k = 0; k < count; k++) {
        const fd_band_t band = find_band(self, k);
        self->height = band.height > self->height ? band.height : self->height;
    }
    self->column.pitch = vector;
    self->row.pitch = extent(&self->column) * vector;
    // The rows of a tile follow one another in the sets of the first cache; and what is
    // written lies apart from what is read, of which a processor compares the lower bits.
    if (self->row.pitch > PAGE / 2)
        self->row.pitch = pad_to(self->row.pitch, TILE_ROW);
    self->size =
        pad_to(((size_t) self->height + 2) * self->row.pitch, 2 * TILE_ROW + TILE_ROW / 2);
}

size_t fd_bands_size(const fd_bands_t *self)
{
    return (size_t) self->count * self->arrays * self->size;
}

fd_band_t fd_bands_at(const fd_bands_t *self, int index, char *memory)
{
    fd_band_t band = find_band(self, index);
    char *at = memory + (size_t) index * self->arrays * self->size + self->row.pitch;
    at += self->column.axis == HEAT_AXES ? 0 : self->column.pitch;
    for (int k = 0; k < 2; k++, at += self->size) band.grid[k] = at;
    if (self->steps->source) {
        band.source = at;
        at += self->size;
    }
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        if (self->steps->face[axis]) {
            band.face[axis] = at;
            at += self->size;
        }
    return band;
}

//  --- Single lines ----------------------------------------------------------------------

//  A row of a working grid: its first point that changes, in one lane.
static char *line_at(const fd_bands_t *self, const fd_band_t *band, char *grid, long row)
{
    const fd_place_t place = fd_band_place(self, band, row);
    return grid + place.row * (long) self->row.pitch + place.lane * (long) self->element;
}

//  The row in a lane of a row of vectors; NO_ROW for fillings and what pieces share.
static long row_at(const fd_bands_t *self, const fd_band_t *band, long r, long lane)
{
    const long row = lane * band->height + r;
    const fd_place_t place = fd_band_place(self, band, row);
    return row <= band->rows && place.row == r && place.lane == lane ? row : NO_ROW;
}

//  Copies count numbers, whose distances are given in bytes.
static void copy_numbers(size_t element, char *to, long to_pitch, const char *from,
                         long from_pitch, size_t count)
{
    if (element == sizeof(float))
        for (size_t k = 0; k < count; k++, to += to_pitch, from += from_pitch)
            *(float *) to = *(const float *) from;
    else
        for (size_t k = 0; k < count; k++, to += to_pitch, from += from_pitch)
            *(double *) to = *(const double *) from;
}

//  The first and the end of the working points of an axis, those that stay included.
static long axis_first(const fd_axis_t *axis)
{
    return axis->axis == HEAT_AXES ? 0 : -1;
}

static long axis_end(const fd_axis_t *axis)
{
    return axis->axis == HEAT_AXES ? 1 : (long) axis->inner + 1;
}

//  The working point that the grid's first one is.
static long axis_origin(const fd_axis_t *axis)
{
    return axis->axis == HEAT_AXES ? 0 : (long) axis->halo - 1;
}

//  Where a row of the caller's array begins.
static const char *caller_line(const fd_bands_t *self, const source_t *source, long row)
{
    bool turned;
    size_t r = point_of(self, &self->row, row, &turned), columns = self->column.length;
    r += turned && source->across == self->row.axis ? 1 : 0;
    columns += source->across == self->column.axis ? 1 : 0;
    return source->at + r * columns * self->element;
}

//  Writes the halo of a line of a working grid from the line, of which the points are pitch
//  bytes apart; to is where its first point is to be.
//      more       1 for surfaces across the line: those before and behind a point change
//                 places in a mirror
static void spread_halo(const fd_bands_t *self, char *to, const char *from, long pitch,
                        size_t more)
{
    const size_t n = self->column.length, halo = self->column.halo;
    const long vector = (long) self->vector, last = (long) n - 1;
    const bool turns = self->grid->boundary == HEAT_INSULATED;
    const char *before = turns ? from + (long) more * pitch : from + last * pitch;
    const char *behind = turns ? from + (last + (long) more) * pitch : from;
    copy_numbers(self->element, to - vector, -vector, before, turns ? pitch : -pitch, halo);
    copy_numbers(self->element, to + (long) n * vector, vector, behind,
                 turns ? -pitch : pitch, halo);
}

//  Writes one line of a working grid, with its halo, from a line of the caller's.
static void spread_line(const fd_bands_t *self, const source_t *source, const char *from,
                        char *to)
{
    const fd_axis_t *axis = &self->column;
    const long element = (long) self->element;
    char *first = to + axis_origin(axis) * (long) self->vector;
    copy_numbers(self->element, first, (long) self->vector, from, element, axis->length);
    if (axis->halo > 0)
        spread_halo(self, first, from, element, source->across == axis->axis ? 1 : 0);
}

//  --- Filling and giving ----------------------------------------------------------------

//  Zeros in what no row of the band is in.
static void clear_fillings(const fd_bands_t *self, const fd_band_t *band, char *grid)
{
    for (long row = band->rows + 1; row <= band->height * self->lanes; row++) {
        char *to = line_at(self, band, grid, row);
        for (long c = axis_first(&self->column); c < axis_end(&self->column); c++)
            memset(to + c * (long) self->vector, 0, self->element);
    }
}

//  Writes row - 1 from the last one, and row height from row 0, moved by a lane; but for
//  the rows outside of the band, which are there already.
static void join_pieces(const fd_bands_t *self, const fd_band_t *band, char *grid)
{
    const long element = (long) self->element, vector = (long) self->vector;
    const long pitch = (long) self->row.pitch;
    char *last = grid + (band->height - 1) * pitch;
    for (long at = element; at < vector; at += element) { // lane by lane
        copy_numbers(self->element, grid - pitch + at, vector, last + at - element, vector,
                     self->column.inner);
        copy_numbers(self->element, last + pitch + at - element, vector, grid + at, vector,
                     self->column.inner);
    }
}

//  How many of count rows are in the lane of the first.
static long rows_in_lane(const fd_band_t *band, long row, long count)
{
    const long left = band->height - row % band->height;
    return count < left ? count : left;
}

//  The rows that change of a rod, but for halos, lane by lane.
static void fill_rod(const fd_bands_t *self, const fd_band_t *band, source_t source,
                     char *grid)
{
    const long end = band->own_end - band->first, origin = axis_origin(&self->row);
    for (long row = band->own - band->first, count; row < end; row += count) {
        count = rows_in_lane(band, row, end - row);
        copy_numbers(self->element, line_at(self, band, grid, row),
                     (long) self->row.pitch,
                     source.at + (band->first + row - origin) * (long) self->element,
                     (long) self->element, (size_t) count);
    }
}

static bool is_filled(const fd_bands_t *self, const fd_band_t *band, long row)
{
    const long at = band->first + row;
    return self->column.axis == HEAT_AXES && at >= band->own && at < band->own_end;
}

//  Lays an array of the caller's out in a working grid.
static void fill_grid(const fd_bands_t *self, const fd_band_t *band, source_t source,
                      char *grid)
{
    clear_fillings(self, band, grid);
    if (self->column.axis == HEAT_AXES)
        fill_rod(self, band, source, grid);
    for (long r = -1; r <= band->height; r++)
        for (long lane = 0; lane < self->lanes; lane++) {
            const long row = row_at(self, band, r, lane);
            if (row == NO_ROW || is_filled(self, band, row))
                continue;
            spread_line(self, &source, caller_line(self, &source, band->first + row),
                        line_at(self, band, grid, row));
        }
    join_pieces(self, band, grid);
}

void fd_band_fill(const fd_bands_t *self, const fd_band_t *band, size_t which)
{
    const size_t size = self->row.length * self->column.length * self->element;
    const source_t initial = {(const char *) self->grid->initial + which * size, NO_AXIS};
    for (int k = 0; k < 2; k++) fill_grid(self, band, initial, band->grid[k]);
    if (band->source)
        fill_grid(self, band, (source_t){self->steps->source, NO_AXIS}, band->source);
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        if (band->face[axis])
            fill_grid(self, band, (source_t){self->steps->face[axis], axis},
                      band->face[axis]);
}

void fd_band_give(const fd_bands_t *self, const fd_band_t *band, size_t which, int parity)
{
    const size_t row_size = self->column.length * self->element;
    const size_t size = self->row.length * row_size;
    const char *initial = (const char *) self->grid->initial + which * size;
    char *result = (char *) self->grid->result + which * size;
    const long origin = axis_origin(&self->row);
    if (is_fixed(self) && band->own == 0)
        memcpy(result, initial, row_size);
    if (is_fixed(self) && band->own_end == (long) self->row.inner)
        memcpy(result + size - row_size, initial + size - row_size, row_size);
    const bool rod = self->column.axis == HEAT_AXES;
    for (long row = band->own, count = 1; row < band->own_end; row += count) {
        if (rod)
            count = rows_in_lane(band, row - band->first, band->own_end - row);
        const char *from = line_at(self, band, band->grid[parity], row - band->first);
        copy_numbers(self->element, result + (size_t) (row - origin) * row_size,
                     (long) self->element,
                     from + axis_origin(&self->column) * (long) self->vector,
                     (long) (rod ? self->row.pitch : self->vector),
                     rod ? (size_t) count : self->column.length);
    }
}

//  --- Halos -----------------------------------------------------------------------------

//  Copies count vectors; to the first goes the one at from, to the next the one step bytes on.
static void copy_vectors(const fd_bands_t *self, char *to, const char *from, long step,
                         size_t count)
{
    if (step == (long) self->vector)
        memcpy(to, from, count * self->vector);
    else
        for (size_t k = 0; k < count; k++, from += step)
            memcpy(to + k * self->vector, from, self->vector);
}

//  The halo of a line in all lanes; at is where the grid's first point is.
static void renew_line(const fd_bands_t *self, char *at)
{
    const long vector = (long) self->vector;
    const size_t n = self->column.length, halo = self->column.halo;
    const bool turns = self->grid->boundary == HEAT_INSULATED;
    char *before = at - (long) halo * vector, *behind = at + (long) n * vector;
    copy_vectors(self, before,
                 turns ? at + ((long) halo - 1) * vector : behind + (before - at),
                 turns ? -vector : vector, halo);
    copy_vectors(self, behind, turns ? behind - vector : at, turns ? -vector : vector,
                 halo);
}

//  The band that computes a row of the whole.
static fd_band_t owner_of(const fd_bands_t *self, long row, char *memory)
{
    int index = 0;
    while (index + 1 < self->count && row >= find_band(self, index).own_end) index++;
    return fd_bands_at(self, index, memory);
}

//  Copies a row of a band that another row stands for, but for its own halos; which may be
//  another band's.
static void fetch_row(const fd_bands_t *self, const fd_band_t *band, long row, char *memory,
                      int parity)
{
    bool turned;
    const long at = (long) point_of(self, &self->row, band->first + row, &turned) +
                    axis_origin(&self->row);
    const fd_band_t owner = owner_of(self, at, memory);
    const long column = axis_origin(&self->column) * (long) self->vector;
    const char *from = line_at(self, &owner, owner.grid[parity], at - owner.first);
    char *to = line_at(self, band, band->grid[parity], row);
    copy_numbers(self->element, to + column, (long) self->vector, from + column,
                 (long) self->vector, self->column.length);
}

void fd_band_renew(const fd_bands_t *self, int index, char *memory, int parity)
{
    const fd_band_t band = fd_bands_at(self, index, memory);
    if (is_fixed(self) && self->count == 1)
        return;
    // The outermost rows of fixed edges stay.
    const long own = band.own - band.first, own_end = band.own_end - band.first;
    const bool first_stays = is_fixed(self) && band.first == 0;
    const bool last_stays =
        is_fixed(self) && band.first + band.rows == (long) self->row.inner;
    for (long row = first_stays ? 0 : -1; row < own; row++)
        fetch_row(self, &band, row, memory, parity);
    for (long row = own_end; row < band.rows + (last_stays ? 0 : 1); row++)
        fetch_row(self, &band, row, memory, parity);
    if (self->column.halo > 0)
        for (long r = -1; r <= band.height; r++)
            renew_line(self, band.grid[parity] + r * (long) self->row.pitch +
                                 axis_origin(&self->column) * (long) self->vector);
    join_pieces(self, &band, band.grid[parity]);
}
