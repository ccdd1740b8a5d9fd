#include "kernels/heat/host_box.h"

#include <string.h>

enum {
    NO_AXIS = -1,
    GRID = HEAT_AXES, // arrays: the faces, the grid, the source
    SOURCE,
    ARRAYS
};

//  One axis of a box, in points of the box. Along lines and columns it has all points that are
//  read; of planes the own ones alone.
typedef struct side {
    long first; // the grid's point that the first one is
    long count;
    long own, own_end; // those that are written; of planes see give_plane
    fd_edge_t edge[2];
} side_t;

//  An array that is read plane by plane.
typedef struct array {
    const char *at; // the caller's; or NULL
    int across;     // the axis that its surfaces cross, or NO_AXIS
    char *ring;     // planes that a level still needs; NULL for the grid: see level_plane
} array_t;

typedef struct box {
    const fd_solid_t *solid;
    const fd_passage_t *passage;
    long levels;
    side_t side[HEAT_AXES];
    array_t array[ARRAYS];
    // A level overwrites the level before it, one plane and one line further on: there
    // nothing needs what it overwrites any more. So all levels together have one ring.
    char *ring;
    char *stays;      // the first and the last plane, where they are fixed edges
    char *start;      // the first two planes of each level, where another box needs them
    char *next;       // the same of the box behind; only read
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
    size_t plane = line * (box_points(self, HEAT_Y) + (size_t) levels) + SLAB_LINE;
    self->line = (long) line;
    self->plane = (long) round_up(plane, SLAB_LINE);
}

//  Planes of the ring of all levels.
static long ring_planes(long levels)
{
    return 2 * levels + SLAB_PLANES;
}

//  The same of the rings of a source and of faces.
static long array_planes(long levels)
{
    return levels + SLAB_PLANES;
}

size_t fd_solid_cached(const fd_solid_t *self)
{
    const long levels = self->levels, arrays = (long) self->arrays;
    return (size_t) ((ring_planes(levels) + arrays * array_planes(levels)) * self->plane);
}

size_t fd_solid_size(const fd_solid_t *self)
{
    return fd_solid_cached(self) + (size_t) (2 * (self->levels + 1) * self->plane) +
           SLAB_LINE;
}

//  Points (or lines) that a level computes: level_first … level_end - 1.
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
    } else if (boxes == 1)
        return whole_side(self, axis);
    side.own = first - side.first;
    side.own_end = end - side.first;
    return side;
}

//  Planes. Where neither edge of the grid is, each level begins and ends a plane further on:
//  it needs what the box behind began with, and nothing of the box before.
static side_t find_planes(const fd_solid_t *self, size_t box, long levels)
{
    const long n = (long) self->grid->length[HEAT_Z], boxes = (long) self->boxes[HEAT_Z];
    const bool around = self->grid->boundary == HEAT_PERIODIC;
    const bool outermost[2] = {!around && box == 0,
                               !around && box + 1 == self->boxes[HEAT_Z]};
    const fd_rule_t rule = self->grid->boundary == HEAT_FIXED ? FD_STAYS : FD_TAKES;
    // The first box gains as many planes at its end as the last one loses at its beginning.
    const long move = around ? 0 : levels / 2;
    const long first = n * (long) box / boxes - (outermost[0] ? 0 : move);
    const long end = n * ((long) box + 1) / boxes - (outermost[1] ? 0 : move);
    const long last = end - first - 1;
    return (side_t){.first = first,
                    .count = end - first,
                    .edge = {{outermost[0] ? rule : FD_OPEN, rule == FD_STAYS ? 0 : -1, 0},
                             {outermost[1] ? rule : FD_OPEN,
                              rule == FD_STAYS ? last : last + 1, last}}};
}

//  Planes that a level computes: plane_first … plane_end - 1.
static long plane_first(const box_t *self, long level)
{
    static const int more[] = {[FD_STAYS] = 1, [FD_TAKES] = 0};
    const fd_rule_t rule = self->side[HEAT_Z].edge[0].rule;
    return rule == FD_OPEN ? level : more[rule];
}

static long plane_end(const box_t *self, long level)
{
    static const int less[] = {[FD_STAYS] = 1, [FD_TAKES] = 0};
    const side_t *z = &self->side[HEAT_Z];
    return z->count + (z->edge[1].rule == FD_OPEN ? level : -less[z->edge[1].rule]);
}

// ---- planes ----------------------------------------------------------------------------------

static char *array_plane(const box_t *self, const array_t *array, long plane)
{
    return array->ring + plane % array_planes(self->levels) * self->solid->plane;
}

//  One of the two planes that a level begins with.
static long start_plane(const box_t *self, long level, long plane)
{
    return (2 * (level - 1) + plane) * self->solid->plane;
}

//  A plane of a level; what is the next box's is only read.
static char *level_plane(const box_t *self, long level, long plane)
{
    const side_t *z = &self->side[HEAT_Z];
    const fd_edge_t *edge = z->edge;
    const long size = self->solid->plane;
    for (int k = 0; k < 2; k++)
        if (edge[k].rule == FD_STAYS && plane == edge[k].place)
            return self->stays + k * size;
        else if (edge[k].rule == FD_TAKES && plane == edge[k].place)
            plane = edge[k].other;
    if (edge[0].rule == FD_OPEN && level > 0 && level < self->levels && plane < level + 2)
        return self->start + start_plane(self, level, plane - level);
    if (edge[1].rule == FD_OPEN && level > 0 && plane >= z->count + level)
        return self->next + start_plane(self, level, plane - z->count - level);
    const long planes = ring_planes(self->levels);
    return self->ring + (plane - level + planes) % planes * size +
           (self->levels - level) * self->solid->line;
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

//  Reads a plane of all arrays, as far as levels need it.
static void load_plane(const box_t *self, long plane)
{
    static const int more[] = {[FD_OPEN] = 2, [FD_STAYS] = 0, [FD_TAKES] = 0};
    const side_t *side = self->side;
    for (const array_t *array = self->array; array < self->array + ARRAYS; array++) {
        const bool grid = array == &self->array[GRID];
        const long end = grid ? side[HEAT_Z].count + more[side[HEAT_Z].edge[1].rule]
                              : plane_end(self, self->levels) + 1;
        if (!array->at || plane >= end)
            continue;
        char *to = grid ? level_plane(self, 0, plane) : array_plane(self, array, plane);
        to -= lead(self);
        for (long l = 0; l < side[HEAT_Y].count; l++, to += self->solid->line)
            load_line(self, array, to, line_at(self, array, plane, l));
    }
}

//  Where an own line of the box begins in the grid that is written.
static char *own_line(const box_t *self, long plane, long line)
{
    const side_t *side = self->side;
    const size_t *length = self->solid->grid->length;
    const size_t z = place_of(self, HEAT_Z, plane, &self->array[GRID]);
    const size_t y = (size_t) (side[HEAT_Y].first + line);
    const size_t x = (size_t) (side[HEAT_X].first + side[HEAT_X].own);
    return self->passage->to +
           ((z * length[HEAT_Y] + y) * length[HEAT_X] + x) * self->solid->element;
}

//  Writes the own points of a plane that has all steps; if it is the box's.
static void give_plane(const box_t *self, long plane)
{
    const side_t *z = &self->side[HEAT_Z];
    if (plane < (z->edge[0].rule == FD_OPEN ? self->levels : 0) ||
        plane >= z->count + (z->edge[1].rule == FD_OPEN ? self->levels : 0))
        return;
    const side_t *x = &self->side[HEAT_X], *y = &self->side[HEAT_Y];
    const long element = (long) self->solid->element;
    const char *from =
        level_plane(self, self->levels, plane) + x->own * element - lead(self);
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
        slab.source[p] = array_plane(self, &self->array[SOURCE], plane + p);
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++)
        for (int p = 0; p < planes + (axis == HEAT_Z) && self->array[axis].at; p++)
            slab.face[axis][p] = array_plane(self, &self->array[axis], plane + p);
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
    const long first = plane_first(self, level), end = plane_end(self, level);
    if (plane >= first && plane + SLAB_PLANES <= end) {
        advance_planes(self, level, plane, SLAB_PLANES);
        return;
    }
    for (long p = plane; p < plane + SLAB_PLANES; p++)
        if (p >= first && p < end)
            advance_planes(self, level, p, 1);
}

//  Goes on to some planes: reads them, and brings those before them to their levels.
static void run_planes(const box_t *self, long first, long end)
{
    for (long plane = first; plane < end; plane += SLAB_PLANES) {
        for (long p = plane; p < plane + SLAB_PLANES; p++) load_plane(self, p);
        for (int level = 1; level <= self->levels; level++)
            run_level(self, level, plane - level);
        for (long p = plane; p < plane + SLAB_PLANES; p++)
            give_plane(self, p - self->levels);
    }
}

static box_t find_box(const fd_solid_t *self, const size_t place[HEAT_AXES],
                      const fd_passage_t *passage, char *memory)
{
    const long levels = passage->levels;
    box_t box = {.solid = self,
                 .passage = passage,
                 .levels = levels,
                 .side = {find_planes(self, place[HEAT_Z], levels),
                          find_side(self, HEAT_Y, place[HEAT_Y], levels),
                          find_side(self, HEAT_X, place[HEAT_X], levels)}};
    double sum = 0;
    for (int axis = HEAT_Z; axis < HEAT_AXES; axis++) {
        box.ratio[axis] = self->steps->ratio[axis] * passage->pace;
        sum += box.ratio[axis];
        box.array[axis] = (array_t){self->steps->face[axis], axis, NULL};
    }
    box.centre = 1 - 2 * sum;
    box.array[GRID] = (array_t){passage->from, NO_AXIS, NULL};
    box.array[SOURCE] = (array_t){self->steps->source, NO_AXIS, NULL};
    // The starts are first, where another box finds them.
    box.start = memory + SLAB_LINE;
    box.stays = box.start + 2 * self->levels * self->plane;
    box.ring = box.stays + 2 * self->plane;
    char *at = box.ring + ring_planes(levels) * self->plane;
    for (int k = 0; k < ARRAYS; k++)
        if (k != GRID && box.array[k].at) {
            box.array[k].ring = at;
            at += array_planes(levels) * self->plane;
        }
    return box;
}

//  Planes after which all levels have begun.
static long begin_end(const box_t *self)
{
    return 2 * self->levels;
}

void fd_box_begin(const fd_solid_t *self, const size_t place[HEAT_AXES],
                  const fd_passage_t *passage, char *memory)
{
    const box_t box = find_box(self, place, passage, memory);
    run_planes(&box, 0, begin_end(&box));
}

void fd_box_end(const fd_solid_t *self, const size_t place[HEAT_AXES],
                const fd_passage_t *passage, char *memory, char *next)
{
    box_t box = find_box(self, place, passage, memory);
    box.next = next + SLAB_LINE;
    const bool stays = box.side[HEAT_Z].edge[1].rule == FD_STAYS;
    run_planes(&box, begin_end(&box),
               plane_end(&box, box.levels) + (stays ? 1 : 0) + box.levels);
}
