//  fd_block_t: rows of a band that are advanced by some levels, tile by tile.
#ifndef HEAT_HOST_TILES_H
#define HEAT_HOST_TILES_H

#include "kernels/heat/host.h"
#include "kernels/heat/host_bands.h"

//  What is computed for each point.
typedef enum fd_kind {
    FD_CROSS, // two dimensions, one ratio, no source
    FD_ROD,   // one dimension
    FD_PLANE,
    FD_ROD_FACES, // the same where alpha varies
    FD_PLANE_FACES
} fd_kind_t;

//  Rows are those of a band; in a block that begins below 0, the last rows of the pieces
//  have numbers below 0, and row 0 follows them.
typedef struct fd_block {
    fd_kind_t kind;
    char *grid[2];               // level l reads grid l & 1 and writes the other
    const char *source;          // or NULL
    const char *face[HEAT_AXES]; // or NULL
    long row_pitch;              // bytes
    size_t columns;              // that change
    bool halo;                   // they begin and end with one, of as many as all levels
    long height;                 // rows of a piece
    fd_place_t stays;            // the row behind the band's last
    int levels;
    long first, end;                 // rows of the first level
    int first_move, end_move;        // how first and end change with each level
    long sweep_first, sweep_end;     // level l is l rows behind
    size_t tile_columns;             // of a rod: rows
    double centre; // weights of a point, and of its neighbours along an axis
    double ratio[HEAT_AXES];
} fd_block_t;

//  Advances what begins in a tile; a rod has one tile.
typedef void (*fd_tile_fn)(const fd_block_t *block, size_t column);

//  The instructions for a tile.
typedef struct fd_tiles {
    fd_tile_fn tile;
    size_t vector; // bytes
} fd_tiles_t;

fd_tiles_t fd_tiles_choose(ipc_dtype_t dtype, heat_vectors_t vectors);

#endif
