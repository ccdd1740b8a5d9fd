//  From which size on arrays are better in shared memory than in the messages.
#ifndef BENCH_CROSSOVER_H
#define BENCH_CROSSOVER_H

#include "bench/bench.h"

//  Measures pushes of 1 to 256 KiB both ways and prints them. 0, or -1 with *error.
//      all         borrowed; a view of all engines
int crossover_measure(const bench_t *bench, ipc_view_t *all, ipc_error_t *error);

#endif
