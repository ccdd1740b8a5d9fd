//  heat_scheme_t: what the options of a solve ask of a device, in numbers: the steps of the
//  finite differences, or what becomes of each wave. It keeps its memory between solves.
#ifndef HEAT_SCHEME_H
#define HEAT_SCHEME_H

#include "kernels/heat/buffer.h"
#include "kernels/heat/device.h"
#include "kernels/heat/options.h"

//  Zero-initialised, a scheme is empty.
typedef struct heat_scheme {
    heat_steps_t steps;   // of HEAT_FD
    heat_waves_t waves;   // of the other methods
    heat_buffer_t tables; // numbers for each wave along each axis
    heat_buffer_t source; // in the dtype of the grid
    heat_buffer_t alpha;  // likewise, and the faces made from it; or the paces
    const double *pace;   // see heat_grid_t
} heat_scheme_t;

//  Writes steps or waves, which are lent until the next call. 0, or -1 with *error:
//  ValueError (a number of the source is not finite), MemoryError.
//      initial    borrowed; the grids to begin with, in the options' dtype; not read where
//                 they are on a device
int heat_scheme_prepare(heat_scheme_t *self, const heat_options_t *options,
                        const void *initial, ipc_error_t *error);

//  Gives back what is more than may be kept.
void heat_scheme_trim(heat_scheme_t *self);

//  Gives all back.
void heat_scheme_clear(heat_scheme_t *self);

#endif
