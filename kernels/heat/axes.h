//  What the parts of a grid are called: its axes and its edges.
#ifndef HEAT_AXES_H
#define HEAT_AXES_H

#include <stddef.h>

//  Planes, rows and columns: the last runs fastest. A grid of fewer dimensions has the last
//  of these; along the others its length is 1.
enum { HEAT_Z, HEAT_Y, HEAT_X, HEAT_AXES };

//  What holds at the edges of a grid of n points at a distance d along an axis:
//      HEAT_FIXED      the outermost points keep their values; the domain is (n - 1) d long,
//                      from the first point to the last
//      HEAT_PERIODIC   behind the last point comes the first; the domain is n d long
//      HEAT_INSULATED  no heat passes the edge, which is half a d outside of the outermost
//                      points: each is the middle of a cell. The domain is n d long
typedef enum heat_boundary { HEAT_FIXED, HEAT_PERIODIC, HEAT_INSULATED } heat_boundary_t;

#endif
