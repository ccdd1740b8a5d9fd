#include "kernels/heat/host_box.h"

#include <string.h>

enum {
    NO_AXIS = -1,
    GRID = HEAT_AXES, // arrays: the faces, the grid, the source
    SOURCE,
    ARRAYS
};

//  One axis of a box, in points of the box: of all those that it reads.
typedef struct side {
    long first; // the grid's point that the first one is
    long count;
    long own, own_end;
    fd_edge_t edge[2];
} side_t;

//  An array that is read plane by plane.
typedef struct array {
    const char *at; // the caller's; or NULL
    int across;     // the axis that its surfaces cross, or NO_AXIS
    char *ring;
    long planes; // of the ring
} array_t;

typedef struct box {
    const fd_solid_t *solid;
    const fd_passage_t *passage;
    side_t side[HEAT_AXES];
    array_t array[ARRAYS];
    // A level overwrites the level before it, one plane and one line further on: there
    // nothing needs what it overwrites any more. So all levels together have a ring of
    // planes, and behind it are the planes that stay.
    char *rings;
    double centre, ratio[HEAT_AXES];
} box_t;

// ---- the layout ------------------------------------------------------------------------------

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static size_t box_points(const fd_solid_t *self, int axis)
{
    const size_t own =
        (self->grid->length[axis] + self->boxes[axis] - 1) / self->boxes[axis];
    return own + 2 * (size_t) (self->boxes[axis] == 1 ? 1 : self->levels);
}

void fd_solid_set(fd_solid_t *self, const heat_grid_t *grid, const heat_steps_t *steps,
                  heat_vectors_t vectors, int levels, const size_t boxes[HEAT_AXES])
{
    *self = (fd_solid_t){.grid = grid,
                         .steps = steps,
                         .advance = fd_slab_choose(grid->dtype, vectors),
                         .element = ipc_dtype_size(grid->dtype),
                         .levels = levels,
                         .arrays = steps->source ? 1 : 0};
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        self->boxes[axis] = boxes[axis];
        self->arrays += steps->face[axis] ? 1 : 0;
    }
    size_t line = round_up(box_points(self, HEAT_X) * self->element, SLAB_LINE) + SLAB_LINE;
    size_t plane = line * (box_points(self, HEAT_Y) + (size_t) levels + 1) + SLAB_LINE;
    self->line = (long) line;
    self->plane = (long) round_up(plane, SLAB_LINE);
}

size_t fd_solid_size(const fd_solid_t *self)
{
    const size_t levels = (size_t) self->levels;
    const size_t planes =
        2 * levels + SLAB_PLANES + 2 + self->arrays * (levels + SLAB_PLANES);
    return planes * (size_t) self->plane;
}

//  Points that a level computes: level_first … level_end - 1.
static long level_first(const side_t *side, int level)
{
    return side->edge[0].rule == FD_OPEN ? level : 1;
}

static long level_end(const side_t *side, int level)
{
    return side->count - (side->edge[1].rule == FD_OPEN ? level : 1);
}

//  A side of all points of an axis whose edges are not fixed.
static side_t whole_side(const fd_solid_t *self, int axis)
{
    const long n = (long) self->grid->length[axis];
    const bool turns = self->grid->boundary == HEAT_INSULATED;
    return (side_t){
        .first = -1,
        .count = n + 2,
        .own = 1,
        .own_end = n + 1,
        .edge = {{FD_TAKES, 0, turns ? 1 : n}, {FD_TAKES, n + 1, turns ? n : 1}}};
}

static side_t find_side(const fd_solid_t *self, int axis, size_t box, int levels)
{
    const size_t n = self->grid->length[axis], boxes = self->boxes[axis];
    const long first = (long) (n * box / boxes), end = (long) (n * (box + 1) / boxes);
    side_t side = {.first = first - levels, .count = end - first + 2 * levels};
    if (self->grid->boundary == HEAT_FIXED) {
        const bool stays[2] = {first <= levels, end + levels >= (long) n};
        side.first = stays[0] ? 0 : first - levels;
        side.count = (stays[1] ? (long) n : end + levels) - side.first;
        side.edge[0] = (fd_edge_t){stays[0] ? FD_STAYS : FD_OPEN, 0, 0};
        side.edge[1] = (fd_edge_t){stays[1] ? FD_STAYS : FD_OPEN, side.count - 1, 0};
    } else if (axis != HEAT_Z && boxes == 1)
        return whole_side(self, axis);
    side.own = first - side.first;
    side.own_end = end - side.first;
    return side;
}

// ---- planes ----------------------------------------------------------------------------------

static char *ring_plane(const box_t *self, const array_t *array, long plane)
{
    return array->ring + plane % array->planes * self->solid->plane;
}

//  See box_t.
static char *level_plane(const box_t *self, int level, long plane)
{
    const long slots = 2 * self->passage->levels + SLAB_PLANES, size = self->solid->plane;
    const side_t *z = &self->side[HEAT_Z];
    for (int k = 0; k < 2; k++)
        if (z->edge[k].rule == FD_STAYS && plane == z->edge[k].place)
            return self->rings + (slots + k) * size;
    const long up = (self->passage->levels - level + 1) * self->solid->line;
    return self->rings + (plane - level + slots) % slots * size + up;
}

//  The place in an array of a point that may be beyond the grid's edges.
static size_t place_of(const box_t *self, int axis, long point, const array_t *array)
{
    const heat_grid_t *grid = self->solid->grid;
    const long n = (long) grid->length[axis];
    const long period = grid->boundary == HEAT_INSULATED ? 2 * n : n;
    long at = self->side[axis].first + point;
    while (at < 0) at += period;
    while (at >= period) at -= period;
    return (size_t) (at < n ? at : 2 * n - 1 - at + (array->across == axis));
}

//  Where a line of the box begins in an array, were its first point the grid's.
static const char *line_at(const box_t *self, const array_t *array, long plane, long line)
{
    const size_t *length = self->solid->grid->length;
    const size_t lines = length[HEAT_Y] + (array->across == HEAT_Y ? 1 : 0);
    const size_t points = length[HEAT_X] + (array->across == HEAT_X ? 1 : 0);
    const size_t z = place_of(self, HEAT_Z, plane, array);
    const size_t y = place_of(self, HEAT_Y, line, array);
    return array->at + (z * lines + y) * points * self->solid->element;
}

//  Copies points first … end - 1 of a line of the box, which are beyond the grid's edges.
static void load_points(const box_t *self, const array_t *array, char *to, const char *from,
                        long first, long end)
{
    const size_t element = self->solid->element;
    for (long k = first; k < end; k++)
        memcpy(to + k * (long) element, from + place_of(self, HEAT_X, k, array) * element,
               element);
}

static void load_line(const box_t *self, const array_t *array, char *to, const char *from)
{
    const side_t *side = &self->side[HEAT_X];
    const long element = (long) self->solid->element;
    const long n = (long) self->solid->grid->length[HEAT_X];
    const long first = side->first < 0 ? -side->first : 0;
    const long end = side->first + side->count > n ? n - side->first : side->count;
    memcpy(to + first * element, from + (side->first + first) * element,
           (size_t) ((end - first) * element));
    load_points(self, array, to, from, 0, first);
    load_points(self, array, to, from, end, side->count);
}

//  Bytes by which a line of the box begins before its place in a ring: what each level
//  renews lies before the vectors.
static long lead(const box_t *self)
{
    return self->side[HEAT_X].edge[0].rule == FD_TAKES ? (long) self->solid->element : 0;
}

//  Reads a plane of all arrays.
static void load_plane(const box_t *self, long plane)
{
    for (const array_t *array = self->array; array < self->array + ARRAYS; array++) {
        if (!array->at)
            continue;
        char *to =
            (array->ring ? ring_plane(self, array, plane) : level_plane(self, 0, plane)) -
            lead(self);
        for (long l = 0; l < self->side[HEAT_Y].count; l++, to += self->solid->line)
            load_line(self, array, to, line_at(self, array, plane, l));
    }
}

//  Where an own line of the box begins in the grid that is written.
static char *own_line(const box_t *self, long plane, long line)
{
    const side_t *side = self->side;
    const size_t *length = self->solid->grid->length;
    const size_t z = (size_t) (side[HEAT_Z].first + plane);
    const size_t y = (size_t) (side[HEAT_Y].first + line);
    const size_t x = (size_t) (side[HEAT_X].first + side[HEAT_X].own);
    return self->passage->to +
           ((z * length[HEAT_Y] + y) * length[HEAT_X] + x) * self->solid->element;
}

//  Writes the own points of a plane that has all steps.
static void give_plane(const box_t *self, long plane)
{
    const side_t *x = &self->side[HEAT_X], *y = &self->side[HEAT_Y];
    const long element = (long) self->solid->element;
    const char *from =
        level_plane(self, self->passage->levels, plane) + x->own * element - lead(self);
    for (long l = y->own; l < y->own_end; l++)
        memcpy(own_line(self, plane, l), from + l * self->solid->line,
               (size_t) ((x->own_end - x->own) * element));
}

// ---- levels ----------------------------------------------------------------------------------

//  The outermost lines of a plane.
//      which    0: the first, 1: the last
static void edge_line(const box_t *self, int level, long plane, int which)
{
    const fd_edge_t *edge = &self->side[HEAT_Y].edge[which];
    const long line = self->solid->line;
    char *to = level_plane(self, level, plane) - SLAB_LINE;
    const char *from = level_plane(self, level - 1, plane) - SLAB_LINE;
    if (edge->rule == FD_STAYS)
        memcpy(to + edge->place * line, from + edge->place * line, (size_t) line);
    else if (edge->rule == FD_TAKES)
        memcpy(to + edge->place * line, to + edge->other * line, (size_t) line);
}

static fd_slab_t find_slab(const box_t *self, int level, long plane, int planes)
{
    const side_t *x = &self->side[HEAT_X];
    const bool inside = x->edge[0].rule == FD_TAKES;
    fd_slab_t slab = {
        .planes = planes,
        .size = (size_t) (x->count - (inside ? 2 : 0)) * self->solid->element,
        .pitch = self->solid->line,
        .edge = {x->edge[0], x->edge[1]},
        .centre = self->centre,
        .ratio = {self->ratio[HEAT_Z], self->ratio[HEAT_Y], self->ratio[HEAT_X]}};
    for (int k = 0; k < 2 && inside; k++) slab.edge[k].place--, slab.edge[k].other--;
    for (int p = 0; p < planes + 2; p++)
        slab.from[p] = level_plane(self, level - 1, plane + p - 1);
    for (int p = 0; p < planes; p++) slab.to[p] = level_plane(self, level, plane + p);
    for (int p = 0; p < planes && self->array[SOURCE].at; p++)
        slab.source[p] = ring_plane(self, &self->array[SOURCE], plane + p);
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        for (int p = 0; p < planes + (axis == HEAT_Z) && self->array[axis].at; p++)
            slab.face[axis][p] = ring_plane(self, &self->array[axis], plane + p);
    return slab;
}

//  A level of so many planes, none of which is an edge.
static void advance_planes(const box_t *self, int level, long plane, int planes)
{
    const side_t *y = &self->side[HEAT_Y];
    const fd_slab_t slab = find_slab(self, level, plane, planes);
    const long first = level_first(y, level), end = level_end(y, level);
    for (long p = plane; p < plane + planes && y->edge[0].rule == FD_STAYS; p++)
        edge_line(self, level, p, 0);
    self->solid->advance(&slab, first, end - first);
    for (long p = plane; p < plane + planes; p++) {
        if (y->edge[0].rule == FD_TAKES)
            edge_line(self, level, p, 0);
        edge_line(self, level, p, 1);
    }
}

//  Brings planes plane … plane + SLAB_PLANES - 1 to a level, those that it has.
static void run_level(const box_t *self, int level, long plane)
{
    const side_t *z = &self->side[HEAT_Z];
    const long first = level_first(z, level), end = level_end(z, level);
    if (plane >= first && plane + SLAB_PLANES <= end) {
        advance_planes(self, level, plane, SLAB_PLANES);
        return;
    }
    for (long p = plane; p < plane + SLAB_PLANES; p++)
        if (p >= first && p < end)
            advance_planes(self, level, p, 1);
}

static void sweep(const box_t *self)
{
    const int levels = self->passage->levels;
    const side_t *z = &self->side[HEAT_Z];
    for (long plane = 0; plane < z->count + levels; plane += SLAB_PLANES) {
        for (long p = plane; p < plane + SLAB_PLANES && p < z->count; p++)
            load_plane(self, p);
        for (int level = 1; level <= levels; level++) run_level(self, level, plane - level);
        for (long p = plane - levels; p < plane - levels + SLAB_PLANES; p++)
            if (p >= z->own && p < z->own_end)
                give_plane(self, p);
    }
}

void fd_box_advance(const fd_solid_t *self, const size_t box[HEAT_AXES],
                    const fd_passage_t *passage, char *rings)
{
    const int levels = passage->levels;
    box_t it = {.solid = self, .passage = passage, .rings = rings + 2 * SLAB_LINE};
    double sum = 0;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        it.side[axis] = find_side(self, axis, box[axis], levels);
        it.ratio[axis] = self->steps->ratio[axis] * passage->pace;
        sum += it.ratio[axis];
        it.array[axis] = (array_t){self->steps->face[axis], axis, NULL, 0};
    }
    it.centre = 1 - 2 * sum;
    it.array[SOURCE] = (array_t){self->steps->source, NO_AXIS, NULL, 0};
    char *at = it.rings + (2 * levels + SLAB_PLANES + 2) * self->plane;
    for (int k = 0; k < ARRAYS; k++)
        if (it.array[k].at) {
            it.array[k].ring = at;
            it.array[k].planes = levels + SLAB_PLANES;
            at += it.array[k].planes * self->plane;
        }
    it.array[GRID] = (array_t){passage->from, NO_AXIS, NULL, 0};
    sweep(&it);
}
