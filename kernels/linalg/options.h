//  linalg_options_t: the keywords of linalg.matvec and linalg.matmul, read, checked and
//  completed.
#ifndef LINALG_OPTIONS_H
#define LINALG_OPTIONS_H

#include "kernels/common/input.h"
#include "kernels/common/keywords.h"

enum { LINALG_MAX_LENGTH = INT32_MAX }; // what BLAS counts in an int

typedef enum linalg_function { LINALG_MATVEC, LINALG_MATMUL } linalg_function_t;

//  A product  left x right,  rows x inner times inner x columns, after transposition.
typedef struct linalg_options {
    kernel_input_t left, right; // of one dtype; matvec: right has 1 dimension
    bool transpose_left, transpose_right;
    size_t rows, inner, columns; // matvec: 1 column
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
//      device           "auto"    or "cpu"; "cuda" is refused, as there is no such part yet
//      threads          those free
//      keep             return it: a name to keep the result under on the engine
//
//  0, or -1 with *error, of which the kind is TypeError, ValueError, NameError (an unknown
//  keyword), MemoryError or DeviceError.
//      keywords   borrowed as long as self is used, with the arrays; a dictionary, or none
int linalg_options_read(linalg_options_t *self, linalg_function_t function,
                        ipc_value_t keywords, ipc_error_t *error);

#endif
