//  The bandwidth of memory as STREAM's triad measures it: a[i] = b[i] + s c[i].
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <stddef.h>

//  Bytes a second, 24 for each element, the best of several runs; 0 if there is no memory
//  or thread for it.
//      count      elements of each of the three arrays
//      threads    1 to 64; each works on its own part
double stream_triad(size_t count, int threads);

#endif
