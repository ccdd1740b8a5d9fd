//  What the keywords of a solve say together: the grid among n, shape, initial and dtype, the
//  time among t, steps and dt, the method and what it can do.
#ifndef HEAT_SETTLE_H
#define HEAT_SETTLE_H

#include "kernels/heat/options.h"

//  Which keywords were given.
typedef struct heat_given {
    bool n, shape, dtype, alpha, t, steps, boundary, laplacian;
    double extent[HEAT_AXES]; // lz, ly, lx; 0: not given
    const char *split; // a keyword of decompose's that was given; NULL: none
} heat_given_t;

//  Whether what was given fits decompose. 0, or -1 with *error: ValueError, DeviceError.
int heat_settle_split(heat_options_t *self, const heat_given_t *given, ipc_error_t *error);

//  Completes options that hold what each keyword says by itself. 0, or -1 with *error:
//  ValueError, TypeError, MemoryError.
//      function   borrowed; "heat.solve"
int heat_settle_grid(heat_options_t *self, const heat_given_t *given, const char *function,
                     ipc_error_t *error);

//  What is left, for heat.solve, of which the grid is settled.
int heat_settle_solve(heat_options_t *self, const heat_given_t *given, ipc_error_t *error);

#endif
