#include "bench/peers/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double figures_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *) one, b = *(const double *) other;
    return (a > b) - (a < b);
}

double figures_percentile(double *values, size_t count, double percent)
{
    if (count == 0)
        return NAN;
    qsort(values, count, sizeof values[0], compare);
    size_t rank = (size_t) ceil((double) count * percent / 100);
    return values[rank > 0 ? rank - 1 : 0];
}

void figures_print(const char *name, double value)
{
    printf("%s %.9g\n", name, value);
    fflush(stdout);
}
