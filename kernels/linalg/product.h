//  linalg_product(): matrix times vector, and matrix times matrix, by CBLAS.
#ifndef LINALG_PRODUCT_H
#define LINALG_PRODUCT_H

#include "kernels/linalg/options.h"

//  Computes  out[i, k] = sum over j of left[i, j] right[j, k],  each side transposed before
//  where the options say so; complex numbers are not conjugated. The order of the sums, and
//  so the last bits, depend on the library, the processor and the number of threads.
//      threads   at most this many
//      out       written; rows x columns of the operands' dtype, in C order
void linalg_product(const linalg_options_t *options, int threads, void *out);

//  What the library says of itself, and of the processor it has code for (lent).
const char *linalg_library(void);
const char *linalg_instructions(void);

#endif
