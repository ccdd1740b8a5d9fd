//  heat_options_t: the keywords of heat.solve and heat.initial, read, checked and
//  completed.
#ifndef HEAT_OPTIONS_H
#define HEAT_OPTIONS_H

#include "kernels/common/input.h"
#include "kernels/common/refuse.h"

enum {
    HEAT_MIN_LENGTH = 3,       // a point inside has a neighbour on each side
    HEAT_MAX_LENGTH = 1 << 30, // what FFTW counts in an int, with room
    HEAT_DEFAULT_LENGTH = 1024,
    HEAT_DEFAULT_STEPS = 1000,
    HEAT_NEED = 4 // grids that a solve holds at once: initial, result, two to work in
};

//  Bytes of a grid, whatever the memory of the host.
#define HEAT_MAX_GRID_BYTES ((size_t) 256 << 30)

typedef enum heat_method { HEAT_FD, HEAT_FFT } heat_method_t;
typedef enum heat_place { HEAT_AUTO, HEAT_CPU, HEAT_CUDA } heat_place_t;

typedef struct heat_options {
    size_t rows, columns;   // at least HEAT_MIN_LENGTH each
    kernel_input_t initial; // without data: the cross
    ipc_dtype_t dtype;      // of the result: IPC_F32 or IPC_F64
    double alpha;           // at least 0
    double dt;              // above 0
    double t;               // the time to solve for
    int64_t steps;          // t / dt, for HEAT_FD
    heat_method_t method;
    heat_place_t place;
    int threads;      // 0: as many as are free
    const char *keep; // lent by the keywords; NULL: return the result
} heat_options_t;

//  Reads the keywords of heat.solve: n or shape, initial, alpha, dt, steps or t, method,
//  dtype, device, threads, keep. A keyword that is none has its default. 0, or -1 with
//  *error, of which the kind is TypeError (a value of the wrong kind), ValueError,
//  NameError (an unknown keyword) or MemoryError.
//      keywords   borrowed as long as self is used; a dictionary, or none
int heat_options_read(heat_options_t *self, ipc_value_t keywords, ipc_error_t *error);

//  The same for heat.initial, which takes n or shape, and dtype.
int heat_options_read_initial(heat_options_t *self, ipc_value_t keywords,
                              ipc_error_t *error);

#endif
