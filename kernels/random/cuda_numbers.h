//  The kernels of the module `random`, as functions that C can call. All pointers are the
//  device's; the work is only queued (on the default stream), errors are read with
//  cudaGetLastError(). What is computed, and in which order, is the host's (loops.h), and
//  nothing is contracted to multiply-add: the numbers are equal bit for bit.
#ifndef RANDOM_CUDA_NUMBERS_H
#define RANDOM_CUDA_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

//  Which numbers, and what they are to be like: see random_part_t, random_law_t.
typedef struct random_cuda_job {
    uint64_t seed, stream, first, count;
    double low, width, most, mean, sigma;
} random_cuda_job_t;

//  Writes count numbers.
void random_cuda_uniform(const random_cuda_job_t *job, bool single, void *numbers);
void random_cuda_normal(const random_cuda_job_t *job, bool single, void *numbers);

//  Adds to *inside how many of count points are within the quarter circle.
void random_cuda_inside(const random_cuda_job_t *job, unsigned long long *inside);

#ifdef __cplusplus
}
#endif
#endif
