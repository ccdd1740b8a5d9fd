//  Counts what is allocated, so that a test can say how much a function may take. The test is linked with
//  --wrap=malloc and its like (meson.build).
#ifndef TESTS_COMMON_ALLOCATIONS_H
#define TESTS_COMMON_ALLOCATIONS_H

#include <stddef.h>

//  Bytes asked for since the last call, whether they were freed or not.
size_t allocations_taken(void);

#endif
