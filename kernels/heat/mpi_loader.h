//  Finds the MPI part of the module, which is a library of its own: heat.so works where there
//  is no MPI.
#ifndef HEAT_MPI_LOADER_H
#define HEAT_MPI_LOADER_H

#include "kernels/heat/mpi_part.h"

//  Loads heat_mpi.so from the directory of heat.so, for good. Gives the part, or NULL with
//  *error: WorldError, "no MPI here: …".
const heat_mpi_t *heat_mpi_load(ipc_error_t *error);

#endif
