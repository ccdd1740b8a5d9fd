//  The grid that a solve begins with: the cross, or numbers of any real dtype.
#ifndef HEAT_INITIAL_H
#define HEAT_INITIAL_H

#include "kernels/heat/options.h"

//  Writes the cross of the lecture: zeros, but ones in the rows rows/4 … 3 rows/4 of the
//  middle columns, and in the columns columns/4 … 3 columns/4 of the middle rows; the
//  middle is all that is within a twentieth of a length of its half (integer division, ends
//  included).
//      grid       written; rows x columns of dtype, IPC_F32 or IPC_F64
void heat_cross(ipc_dtype_t dtype, size_t rows, size_t columns, void *grid);

//  Converts count numbers of any real dtype to dtype, IPC_F32 or IPC_F64.
//      grid       written
void heat_convert(const kernel_input_t *input, size_t count, ipc_dtype_t dtype, void *grid);

//  0 when every number is finite, or -1 with *error: ValueError, which says where the first
//  other one is.
//      grid       borrowed; rows x columns of dtype, IPC_F32 or IPC_F64
int heat_check_finite(ipc_dtype_t dtype, size_t rows, size_t columns, const void *grid,
                      ipc_error_t *error);

#endif
