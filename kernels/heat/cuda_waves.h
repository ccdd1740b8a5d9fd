//  The kernels of the spectral method of the CUDA device, as functions that C can call. All
//  pointers are the device's; the work is only queued (on the default stream), errors are
//  read with cudaGetLastError().
//
//  cuFFT has no sine and cosine transforms. Along an axis of n numbers
//
//      HEAT_FIXED      the sine transform is the Fourier transform of 2 (n + 1) numbers: 0,
//                      the line, 0, and the line backwards and negated
//      HEAT_INSULATED  the cosine transform comes from that of n numbers: those at even
//                      places, then those at odd ones backwards (J. Makhoul, "A fast cosine
//                      transform in one and two dimensions", IEEE Trans. ASSP 28, 1980)
//
//  and the waves are numbered and scaled as FFTW's RODFT00, REDFT10 and REDFT01 have them.
#ifndef HEAT_CUDA_WAVES_H
#define HEAT_CUDA_WAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/heat/axes.h"

#ifdef __cplusplus
extern "C" {
#endif

//  The numbers that are transformed: all of an array, or what lies within its edges.
typedef struct heat_cuda_box {
    void *at;           // the first
    size_t count;       // grids
    size_t grid_stride; // elements from a grid to the next
    size_t length[HEAT_AXES];
    size_t stride[HEAT_AXES]; // elements from one to the next along an axis
} heat_cuda_box_t;

//  The lines of a box along one axis, as they are transformed. Number j of a line is in the
//  work at line * length + j for the axis HEAT_X, else at j * lines + line, so that threads
//  side by side are at numbers side by side; the spectrum likewise.
typedef struct heat_cuda_lines {
    bool single; // float, or double
    heat_boundary_t boundary; // not HEAT_PERIODIC
    heat_cuda_box_t box;
    int axis;
    size_t lines, length, waves; // of the transform: length numbers, length / 2 + 1 waves
    void *work, *spectrum;
} heat_cuda_lines_t;

//  From the box into the work; from there back into the box.
void heat_cuda_lines_load(const heat_cuda_lines_t *lines);
void heat_cuda_lines_store(const heat_cuda_lines_t *lines);

//  From the spectrum into the box, as real numbers; from there back into the spectrum.
void heat_cuda_lines_take(const heat_cuda_lines_t *lines);
void heat_cuda_lines_put(const heat_cuda_lines_t *lines);

//  Multiplies wave k of each line in the spectrum by factor[k] scale.
void heat_cuda_lines_decay(const heat_cuda_lines_t *lines, const double *factor, double scale);

//  What becomes of each wave: see heat_waves_t, whose names these are. NULL where there is
//  no axis.
typedef struct heat_cuda_decay {
    bool single;
    bool is_complex; // the waves are complex numbers: those of a periodic grid, of which
                     // along x the first length / 2 + 1 are there
    heat_cuda_box_t waves;
    const double *factor[HEAT_AXES];
    const double *rate[HEAT_AXES], *grid_rate[HEAT_AXES];
    const double *pace; // or NULL
    double t, scale;
    int64_t steps, damped;
    const void *source; // waves of the source, of one grid without gaps; or NULL
    const void *edges;  // of what edges give, of all grids without gaps; or NULL
} heat_cuda_decay_t;

//  Multiplies each wave by its factors and scale; or by what is left of it, adding what it
//  gains of source and edges.
void heat_cuda_decay_product(const heat_cuda_decay_t *decay);
void heat_cuda_decay_sum(const heat_cuda_decay_t *decay);

//  Copies a box into an array without gaps.
void heat_cuda_pack(bool single, const heat_cuda_box_t *box, void *to);

//  Writes what fixed edges around a box give to the points beside them in a unit of time,
//  as an array without gaps.
//      coupling   the host's: alpha / d^2 along each axis
//      pace       one for each grid, or NULL
void heat_cuda_edges(bool single, const heat_cuda_box_t *box,
                     const double coupling[HEAT_AXES], const double *pace, void *to);

#ifdef __cplusplus
}
#endif
#endif
