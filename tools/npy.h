//  NumPy's files of one array, .npy: read strictly, written as NumPy writes them
//  (numpy.lib.format, versions 1.0 to 3.0).
#ifndef IPC_TOOLS_NPY_H
#define IPC_TOOLS_NPY_H

#include "common/array.h"

//  Reads an array of bool, of integers, of float32 or float64 or of their complex kinds, of
//  either byte order, in C or Fortran order. NULL with *error: SYSTEM (it cannot be read),
//  ARGUMENT (it is no such file, holds what is none of these, is cut short or too long),
//  MEMORY. The text names the file.
//      path       borrowed
ipc_array_t *npy_read(const char *path, ipc_error_t *error);

//  Writes an array. 0, or -1 with *error: SYSTEM; then the file, if it was begun, is removed.
//      path       borrowed; replaced when it is there
int npy_write(const char *path, const ipc_array_t *array, ipc_error_t *error);

#endif
