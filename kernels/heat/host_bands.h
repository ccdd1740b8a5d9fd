//  fd_bands_t: how the host's finite differences lay a grid out in memory, so that several
//  steps can be taken while a part of it is in the cache, and all numbers of a vector do the
//  same.
//
//      - Rows are taken along the grid's first axis: of two dimensions a row is a line, of
//        one it is a point. Solids are laid out otherwise (host_box.h).
//      - Each thread has a band of rows to itself, and a halo of the rows beside them, which
//        it computes too as far as they are right: one row less after each step. Where edges
//        are periodic or insulated the columns have such a halo as well, which the edges'
//        rule gives; there the whole is a grid with fixed edges. After a block of steps the
//        halos are made anew.
//      - A band is cut into as many pieces of rows as a vector has lanes; lane k of all
//        vectors is piece k. Neighbours of a vector are vectors then, on all sides. Only the
//        first and last row of the pieces differ: row - 1 holds, moved by one lane, what the
//        last row does, and row height what row 0 does.
//      - Two grids take turns: a step reads one and writes the other.
#ifndef HEAT_HOST_BANDS_H
#define HEAT_HOST_BANDS_H

#include "kernels/heat/device.h"

//  One axis of the working grids. Working points are counted from the first that changes,
//  so - 1 and inner are the outermost, which stay.
typedef struct fd_axis {
    int axis;      // HEAT_Z …; HEAT_AXES: there is no such axis
    size_t length; // points of the grid
    size_t halo;   // working points before the grid's first, and behind its last
    size_t inner;  // working points that change; 1 where there is no such axis
    size_t pitch;  // bytes from one to the next
} fd_axis_t;

//  The rows of one thread.
typedef struct fd_band {
    long first;        // its row 0, in rows of the whole
    long rows;         // that change; more are fillings
    long own, own_end; // what it is to compute, in rows of the whole
    long height;       // rows of a piece
    char *grid[2];     // at the first point that changes, as are the others
    char *source;      // or NULL
    char *
        face[HEAT_AXES]; // at a point the surface before it; NULL where alpha is one number
} fd_band_t;

typedef struct fd_bands {
    const heat_grid_t *grid;
    const heat_steps_t *steps;
    size_t element; // bytes of a number
    size_t vector;  // of a vector
    long lanes;     // numbers in it
    fd_axis_t row, column;
    size_t size;   // bytes of one working grid of a band
    size_t arrays; // of that size in a band
    long height;   // the largest of a band
    int levels;    // steps between two renewals of the halos
    int count;     // bands, which share a grid
} fd_bands_t;

//  Lays a grid out.
//      vector     bytes of a vector
//      levels     at most so many steps in a block
//      count      bands
void fd_bands_set(fd_bands_t *self, const heat_grid_t *grid, const heat_steps_t *steps,
                  size_t vector, int levels, int count);

//  Bytes that all bands need together.
size_t fd_bands_size(const fd_bands_t *self);

//  Gives band index, whose arrays lie in the memory for all bands.
fd_band_t fd_bands_at(const fd_bands_t *self, int index, char *memory);

//  Writes a band's arrays from the caller's; which of the grids of a batch.
void fd_band_fill(const fd_bands_t *self, const fd_band_t *band, size_t which);

//  Makes the halo of a band anew in grid parity, from the rows that the bands computed,
//  none of which is written meanwhile.
void fd_band_renew(const fd_bands_t *self, int index, char *memory, int parity);

//  Copies to the caller's result what a band computed, and the rows that stay beside it.
void fd_band_give(const fd_bands_t *self, const fd_band_t *band, size_t which, int parity);

//  Where a row of a band is: a row of vectors, and a lane of them.
typedef struct fd_place {
    long row;
    long lane;
} fd_place_t;

//  row from - 1 to rows.
static inline fd_place_t fd_band_place(const fd_bands_t *self, const fd_band_t *band,
                                       long row)
{
    const long lane = row < 0 ? 0 : row / band->height;
    return lane < self->lanes ? (fd_place_t){row - lane * band->height, lane}
                              : (fd_place_t){band->height, self->lanes - 1};
}

#endif
