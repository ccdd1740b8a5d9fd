//  Finite differences on a grid that is split over the engines of an MPI world: each point is
//  computed by the operations of the one-engine solver in their order, so the results are equal bit
//  for bit; `e2e mpi` holds them against one another.
#ifndef HEAT_MPI_STEPS_H
#define HEAT_MPI_STEPS_H

#include "kernels/heat/mpi_rows.h"

typedef struct mpi_steps mpi_steps_t;

//  Takes what the options give, and makes room; nothing is exchanged yet. Or gives NULL with *error:
//  ValueError, MemoryError.
//      rows       borrowed for the life of self
mpi_steps_t *mpi_steps_new(const mpi_rows_t *rows, ipc_error_t *error);
void mpi_steps_destroy(mpi_steps_t **self_p);

//  Takes all steps, together with the other engines. 0, or -1 with *error: MemoryError, WorldError.
int mpi_steps_run(mpi_steps_t *self, ipc_error_t *error);

//  Gives this engine's rows at the end, without gaps (lent).
const void *mpi_steps_rows(mpi_steps_t *self);

#endif
