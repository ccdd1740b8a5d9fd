//  The numbers that a solve begins with: the cross, or arrays of any real dtype.
#ifndef HEAT_INITIAL_H
#define HEAT_INITIAL_H

#include "kernels/heat/options.h"

enum { HEAT_PLACE_TEXT = 128 }; // bytes of "grid 3, plane 4, row 5, column 6"

//  Writes the cross of the lecture: zeros, but ones in bars that cross in the middle, one
//  along each axis. A bar of an axis of n points reaches from n/4 to 3 n/4 along it, and
//  along the others over all that is within a twentieth of their length of their half
//  (integer division, ends included).
//      length     borrowed; HEAT_AXES of them, 1 where there is no axis
//      grid       written; of dtype IPC_F32 or IPC_F64
void heat_cross(ipc_dtype_t dtype, const size_t *length, void *grid);

//  Converts count numbers of any real dtype to dtype, IPC_F32 or IPC_F64.
//      grid       written
void heat_convert(const kernel_input_t *input, size_t count, ipc_dtype_t dtype, void *grid);

//  Number i of an input.
double heat_input_at(const kernel_input_t *input, size_t i);

//  Writes where point i of the options' grids is, "row 5, column 6", and gives it.
//      text       written; HEAT_PLACE_TEXT bytes
const char *heat_place_text(char *text, const heat_options_t *options, size_t i);

//  0 when every number is finite, or -1 with *error: ValueError, which says where the first
//  other one is.
//      name       borrowed; the keyword: "initial"
//      grids      borrowed; count grids of the options' shape and dtype
int heat_check_finite(const heat_options_t *options, const char *name, size_t count,
                      const void *grids, ipc_error_t *error);

#endif
