//  A box: a part of a solid that is advanced by several steps while it is in the cache.
//
//      - It moves through memory once, plane by plane: planes of the grid are read, and planes
//        that are some steps (levels) older are written. What lies between exists only in a
//        ring of planes, which stays in the cache (3.5-D blocking: Nguyen and others, 2010).
//      - A level is one plane behind the level before, whose next plane it needs.
//      - Along the planes nothing is computed twice: each level of a box begins and ends one
//        plane further on than the level before. At its end it needs two planes that the box
//        behind it began with. Around periodic edges the box behind may be itself.
//      - A box that has not all lines (or all points of a line) reads as many more at either
//        end as it has levels; each level computes one less. Where it has all, a level renews
//        the one beyond a periodic or insulated edge. A fixed edge stays.
#ifndef HEAT_HOST_BOX_H
#define HEAT_HOST_BOX_H

#include "kernels/heat/host_slab.h"

//  What all boxes of a solve share.
typedef struct fd_solid {
    const heat_grid_t *grid;
    const heat_steps_t *steps;
    fd_slab_fn advance;
    size_t element;          // bytes of a number
    int levels;              // at most
    size_t boxes[HEAT_AXES]; // into so many the grid is cut along an axis
    long line, plane;        // bytes from a line of a ring to the next, from a plane
    size_t arrays;           // besides the grid: a source, faces
} fd_solid_t;

//  Lays the rings out for a grid that is cut into boxes.
void fd_solid_set(fd_solid_t *self, const heat_grid_t *grid, const heat_steps_t *steps,
                  heat_vectors_t vectors, int levels, const size_t boxes[HEAT_AXES]);

//  Bytes of memory of a box, and of those the ones that should stay in the cache.
size_t fd_solid_size(const fd_solid_t *self);
size_t fd_solid_cached(const fd_solid_t *self);

//  What a box is advanced by.
typedef struct fd_passage {
    const char *from; // the grid
    char *to;         // written, within the box
    double pace;      // all ratios are multiplied by it
    int levels;       // steps
} fd_passage_t;

//  Advances a box: first as far as the box before it along the planes needs, then, when the
//  box behind has begun, to the end.
//      place      its number along each axis
//      memory     of this box; written
//      next       of the box behind, which is read; where there is none, of any
void fd_box_begin(const fd_solid_t *self, const size_t place[HEAT_AXES],
                  const fd_passage_t *passage, char *memory);
void fd_box_end(const fd_solid_t *self, const size_t place[HEAT_AXES],
                const fd_passage_t *passage, char *memory, char *next);

#endif
