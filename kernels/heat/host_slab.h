//  fd_slab_t: lines of a solid, in one plane or in two at once, that are advanced by a step.
#ifndef HEAT_HOST_SLAB_H
#define HEAT_HOST_SLAB_H

#include "kernels/heat/host.h"

enum {
    SLAB_PLANES = 2, // at once: they share what lies between them
    SLAB_LINE = 64   // bytes that lines begin at a multiple of, and that lie before each
};

//  What the outermost point of a line is, or the outermost line of a plane.
typedef enum fd_rule {
    FD_OPEN,  // nothing: it is not right any more
    FD_STAYS, // what it was
    FD_TAKES  // what another one is
} fd_rule_t;

typedef struct fd_edge {
    fd_rule_t rule;
    long place; // of the point
    long other; // that it takes
} fd_edge_t;

//  All pointers are to the first line, at the first vector that is computed. Lines are whole
//  vectors: behind the last point there is room for these; what is before and behind is read.
typedef struct fd_slab {
    const char
        *from[SLAB_PLANES + 2]; // the plane before, those of the slab, the one behind
    char *to[SLAB_PLANES];
    const char *source[SLAB_PLANES];              // or NULL
    const char *face[HEAT_AXES][SLAB_PLANES + 1]; // the surfaces before a point; or NULL
    int planes;
    size_t size;       // bytes of a line
    long pitch;        // bytes from a line to the next, of all arrays
    fd_edge_t edge[2]; // of each line
    double centre;     // weights of a point, and of its neighbours along an axis
    double ratio[HEAT_AXES];
} fd_slab_t;

//  Advances count lines from number first on.
typedef void (*fd_slab_fn)(const fd_slab_t *slab, long first, long count);

//  The instructions for slabs.
fd_slab_fn fd_slab_choose(ipc_dtype_t dtype, heat_vectors_t vectors);

#endif
