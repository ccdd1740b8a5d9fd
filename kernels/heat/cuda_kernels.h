//  The kernels of the CUDA device, as functions that C can call. All pointers are the
//  device's; the work is only queued (on the default stream), errors are read with
//  cudaGetLastError().
#ifndef HEAT_CUDA_KERNELS_H
#define HEAT_CUDA_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

//  One step of heat_device_t.fd, from one grid to another whose outermost rows and columns
//  are the same.
void heat_cuda_step(bool single, const void *from, void *to, size_t rows, size_t columns,
                    double centre, double side);

//  Multiplies wave (m, n) of rows x (columns / 2 + 1) complex numbers by by_row[m]
//  by_column[n] scale.
void heat_cuda_decay(bool single, void *spectrum, size_t rows, size_t waves,
                     const double *by_row, const double *by_column, double scale);

#ifdef __cplusplus
}
#endif
#endif
