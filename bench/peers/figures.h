//  What the C programs of this folder share: a clock, percentiles, and how a figure is told to `run`.
#ifndef BENCH_PEERS_FIGURES_H
#define BENCH_PEERS_FIGURES_H

#include <stddef.h>

//  Seconds of the monotonic clock.
double figures_now(void);

//  The value that percent of them do not exceed (nearest rank). Sorts them.
double figures_percentile(double *values, size_t count, double percent);

//  Prints "name value", the line that support.py reads.
void figures_print(const char *name, double value);

#endif
