//  What the same takes in Python, by the interpreter that Debian's packages are for, in the
//  same minute.
#ifndef BENCH_PYTHON_H
#define BENCH_PYTHON_H

#include "bench/bench.h"

//  Writes the numbers that a script prints, one a line; 0 for those that it did not. False,
//  with a note below the table, where it cannot run.
//      needs      borrowed; the packages to name in the note: "NumPy (python3-numpy)"
bool bench_python(const bench_t *bench, const char *needs, const char *script,
                  double *numbers, size_t count);

//  Defines median(function): seconds, of several runs after a first one.
#define BENCH_PYTHON_MEDIAN                                                                \
    "import time\n"                                                                        \
    "def median(function, runs=9):\n"                                                      \
    "    function()\n"                                                                     \
    "    times = []\n"                                                                     \
    "    for i in range(runs):\n"                                                          \
    "        start = time.perf_counter()\n"                                                \
    "        function()\n"                                                                 \
    "        times.append(time.perf_counter() - start)\n"                                  \
    "    return sorted(times)[runs // 2]\n"

#endif
