//  linalg_options_t: the keywords of the functions of linalg, read, checked and completed.
#ifndef LINALG_OPTIONS_H
#define LINALG_OPTIONS_H

#include "kernels/common/arrays.h"

enum { LINALG_MAX_LENGTH = INT32_MAX }; // what BLAS counts in an int

typedef enum linalg_function {
    LINALG_MATVEC,
    LINALG_MATMUL,
    LINALG_ASARRAY,
    LINALG_GET
} linalg_function_t;

//  A product  left x right,  rows x inner times inner x columns, after transposition.
typedef struct linalg_options {
    kernel_input_t left, right; // of one dtype; matvec: right has 1 dimension
    bool transpose_left, transpose_right;
    size_t rows, inner, columns; // matvec: 1 column
    kernel_place_t place;
    int threads;                 // 0: as many as are free
    const char *keep;            // lent by the keywords; NULL: return the result
} linalg_options_t;

//  Reads the keywords of a function. A keyword that is none has its default.
//
//      a                          the matrix: a 2-D array of float32, float64, complex64 or
//                                 complex128
//      x                          linalg.matvec: the vector, a 1-D array of the same dtype
//      transpose        false     linalg.matvec: multiply by the transposed a
//      b                          linalg.matmul: the second matrix, of the same dtype
//      transpose_a      false     linalg.matmul: transpose it first
//      transpose_b      false     the same
//      device           "auto"    "cpu", "cuda", or "auto": where the operands are. An operand
//                                 of the host is copied to the device where the other one is
//                                 there. linalg.asarray: "auto" is a CUDA device where there
//                                 is one
//      threads          those free
//      keep             return it: a name to keep the result under on the engine. It stays on
//                                 the device where device is "cuda" or an operand is there;
//                                 what is returned is the host's
//
//  linalg.asarray, linalg.get: a is an array of any dtype and 1 to 8 dimensions. asarray
//  puts it on the device under the name keep, which must be given there; get gives a copy
//  on the host, wherever the array is.
//
//  0, or -1 with *error, of which the kind is TypeError, ValueError, NameError (an unknown
//  keyword), MemoryError or DeviceError.
//      keywords   borrowed as long as self is used, with the arrays; a dictionary, or none
int linalg_options_read(linalg_options_t *self, linalg_function_t function,
                        ipc_value_t keywords, ipc_error_t *error);

#endif
