//  field_t: an array in a plane read as doubles, whatever its dtype; and what a picture and a table
//  want to know of it. A small open struct over an array that somebody else owns.
#ifndef IPC_TOOLS_FIELD_H
#define IPC_TOOLS_FIELD_H

#include "common/array.h"

typedef struct field {
    const float *f32;          // the elements, when float32; else NULL
    const double *f64;         // the elements, when float64; else NULL
    size_t rows, columns;
} field_t;

//  Reads an array as a field: one of one dimension as a single row, of three as its middle
//  plane. 0, or -1 with *error: ARGUMENT (of none of these, empty, neither float32 nor
//  float64).
//      array      borrowed for the life of the field
int field_of_array(field_t *self, const ipc_array_t *array, ipc_error_t *error);

//  The same with all planes of three dimensions, one below the other: for what is said of all
//  elements.
int field_of_planes(field_t *self, const ipc_array_t *array, ipc_error_t *error);

//  The element of a row and a column.
double field_at(const field_t *self, size_t row, size_t column);

//  The smallest and the largest element; NaNs are passed over (0, 0 when there is nothing
//  else).
void field_range(const field_t *self, double *low, double *high);

//  The mean of all elements.
double field_mean(const field_t *self);

//  The largest |a - b|; NaN when the two differ in shape or one of them holds a NaN.
double field_distance(const field_t *a, const field_t *b);

//  Resamples to rows x columns: each new element is the mean of the area it covers, so a
//  fine structure fades instead of flickering when it shrinks, and cells stay sharp when
//  they grow.
//      minus      borrowed; of the same shape, taken from each element; or NULL
//      out        written; rows x columns, row-major
void field_resample(const field_t *self, const field_t *minus, size_t rows, size_t columns,
                    double *out);

#endif
