//  What the tests of the heat module share: short forms, and plain references.
//      HEAT_DEVICE    of the environment: "cpu" (default) or "cuda": where the numerics run
#ifndef HEAT_SUPPORT_H
#define HEAT_SUPPORT_H

#include "module_support.h"

//  heat.solve; the test owns the array.
ipc_array_t *heat_solve(ipc_value_t keywords);

//  The device that is tested.
const char *heat_device_name(void);

//  Whether that device is there.
bool heat_device_found(void);

//  A grid of random numbers from 0 to 1, always the same for a seed.
ipc_array_t *heat_random(size_t rows, size_t columns, unsigned seed);

//  An array of float64, of zeros.
ipc_array_t *heat_zeros(int ndim, const size_t *shape);

//  The same of random numbers from 0 to 1, always the same for a seed.
ipc_array_t *heat_random_of(int ndim, const size_t *shape, unsigned seed);

//  Asserts that heat.solve refuses these keywords with an error of this kind and this
//  sentence.
void heat_must_refuse(ipc_value_t keywords, const char *kind, const char *sentence);

//  The largest difference of two grids, each of float32 or float64.
double heat_difference(const ipc_array_t *a, const ipc_array_t *b);

//  The largest absolute value.
double heat_largest(const ipc_array_t *a);

double heat_at(const ipc_array_t *a, size_t i);

#endif
