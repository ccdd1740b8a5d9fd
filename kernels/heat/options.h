//  heat_options_t: the keywords of heat.solve and heat.initial, read, checked and
//  completed.
#ifndef HEAT_OPTIONS_H
#define HEAT_OPTIONS_H

#include "kernels/common/input.h"
#include "kernels/common/refuse.h"
#include "kernels/heat/axes.h"

enum {
    HEAT_MIN_LENGTH = 3,       // a point inside has a neighbour on each side
    HEAT_MAX_LENGTH = 1 << 30, // what FFTW counts in an int, with room
    HEAT_DEFAULT_LENGTH = 1024,
    HEAT_DEFAULT_STEPS = 1000,
    HEAT_DEFAULT_WAIT = 30,    // seconds
    HEAT_NEED = 4 // grids that a solve holds at once: initial, result, two to work in
};

//  Bytes of all grids of a solve, whatever the memory of the host.
#define HEAT_MAX_GRID_BYTES ((size_t) 256 << 30)

//  HEAT_CN: steps of Crank-Nicolson's, stable for any dt.
typedef enum heat_method { HEAT_FD, HEAT_FFT, HEAT_CN } heat_method_t;
typedef enum heat_place { HEAT_AUTO, HEAT_CPU, HEAT_CUDA } heat_place_t;

//  Which waves decay how fast: those of the plane, at alpha k^2 for a wave of k radians per
//  unit of length, or those of its grid, for which the Laplacian is that of the finite
//  differences: at alpha (2 sin(k d / 2) / d)^2.
typedef enum heat_laplacian { HEAT_CONTINUOUS, HEAT_DISCRETE } heat_laplacian_t;

//  What each engine gives back of a grid that is split over them: its own rows; the whole grid, from the
//  first engine alone.
typedef enum heat_result { HEAT_ROWS, HEAT_GATHERED } heat_result_t;

typedef struct heat_options {
    int ndim;                  // of one grid: 1 to 3
    bool batch;                // the result has one dimension more, of length count
    size_t count;              // grids
    size_t length[HEAT_AXES];  // of one grid; at least HEAT_MIN_LENGTH, or 1: no such axis
    double spacing[HEAT_AXES]; // between two points; above 0
    kernel_input_t initial;
    kernel_input_t source;
    kernel_input_t alphas; // alpha where it varies from point to point; HEAT_FD's alone
    ipc_dtype_t dtype;     // of the result: IPC_F32 or IPC_F64
    ipc_value_t each;      // an alpha for each grid, numbers by ipc_value_at(); or none
    double alpha;          // at least 0; the largest one where there are several
    double dt;             // above 0
    double t;              // the time to solve for
    int64_t steps;         // t / dt, for HEAT_FD and HEAT_CN
    int64_t damped;        // of HEAT_CN: so many steps at first are two of Euler's each
    heat_method_t method;
    heat_boundary_t boundary;
    heat_laplacian_t laplacian;
    heat_place_t place;
    bool measure;     // plans of transforms are to be measured
    int threads;      // 0: as many as are free
    const char *keep; // lent by the keywords; NULL: return the result. With HEAT_CUDA the
                      // result stays on the device
    bool decompose;   // one grid over all engines of an MPI world; then, beside the whole grid on
                      // each, initial, source and alphas may be this engine's rows of it
    heat_result_t result;
    const char *out;  // lent by the keywords: a file that all write the grid to; NULL: none
    double wait;      // seconds for the other engines to come
} heat_options_t;

//  Reads the keywords of heat.solve, which README.md lists. A keyword that is none has its
//  default. 0, or -1 with *error, of which the kind is TypeError (a value of the wrong
//  kind), ValueError, NameError (an unknown keyword) or MemoryError.
//      keywords   borrowed as long as self is used; a dictionary, or none
//  Where they are refused, decompose and wait alone are set, as far as they were read.
int heat_options_read(heat_options_t *self, ipc_value_t keywords, ipc_error_t *error);

//  The same for heat.initial, which takes n or shape, and dtype.
int heat_options_read_initial(heat_options_t *self, ipc_value_t keywords,
                              ipc_error_t *error);

#endif
