//  The spectral methods on a grid that is split over the engines of an MPI world: the same waves as device.h describes,
//  in the same decay. Where the factor of a wave is a product of one for each axis, engines let their lines decay as
//  one alone does, and FFTW-MPI transposes the grid for those along the first axis: the same result, bit for bit.
//  Else by FFTW-MPI's transforms of real numbers.
#ifndef HEAT_MPI_WAVES_H
#define HEAT_MPI_WAVES_H

#include "kernels/heat/mpi_rows.h"

typedef struct mpi_waves mpi_waves_t;

//  Takes what the options give; nothing is exchanged yet. Or gives NULL with *error: ValueError (a grid of one
//  dimension), MemoryError.
//      rows       borrowed for the life of self
mpi_waves_t *mpi_waves_new(const mpi_rows_t *rows, ipc_error_t *error);
void mpi_waves_destroy(mpi_waves_t **self_p);

//  Makes room and plans, together with the other engines. 0, or -1 with *error.
int mpi_waves_plan(mpi_waves_t *self, ipc_error_t *error);

//  Lets the waves decay, together with the other engines. 0, or -1 with *error: MemoryError, WorldError.
int mpi_waves_run(mpi_waves_t *self, ipc_error_t *error);

//  Gives this engine's rows at the end, without gaps (lent).
const void *mpi_waves_rows(mpi_waves_t *self);

#endif
