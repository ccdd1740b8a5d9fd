//  A program with a remote function that uses all a function may: a static helper, a table
//  in another source file, a variable, libc, the runtime, and threads where it is built
//  with OpenMP.
#include <math.h>
#include <string.h>

#include "tests/common/image_programs/offset.h"

#ifndef VERSION
#define VERSION 1
#endif

extern const double weights[4];
const double *weights_start(void);

static double calls = VERSION;

static double power(double x, int n)
{
    return n == 0 ? 1 : x * power(x, n - 1);
}

//  The polynomial with the weights, plus the engine's id, plus VERSION on the first call,
//  one more on each later one.
IPC_REMOTE(double, weigh, (double x))
{
    double total = 0;
#pragma omp parallel for reduction(+ : total)
    for (int i = 0; i < 4; i++) total += weights[i] * power(x, i);
    if (weights_start() != weights || strcmp(ipc_remote_weigh.name, "weigh") != 0)
        return NAN;
    return total + calls++ + (double) ipc_engine_id();
}

int main(int argc, char **argv)
{
    return print_offset(&ipc_remote_weigh);
}
