//  Finite differences in three dimensions.
#ifndef HEAT_HOST_SOLIDS_H
#define HEAT_HOST_SOLIDS_H

#include "kernels/heat/host.h"

//  See heat_host_fd.
int heat_host_solids(heat_device_state_t *state, const heat_grid_t *grid,
                     const heat_steps_t *steps, ipc_error_t *error);

#endif
