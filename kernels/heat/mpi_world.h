//  mpi_world_t: the engines of an MPI world, while they do something together. What waits for
//  others looks meanwhile whether they live: no call here waits for ever.
#ifndef HEAT_MPI_WORLD_H
#define HEAT_MPI_WORLD_H

#include <mpi.h>

#include "kernels/heat/mpi_page.h"

typedef struct mpi_world {
    int rank, size;
    MPI_Comm comm; // of this module alone; errors return
    mpi_page_t *page;
} mpi_world_t;

//  Waits until all engines of the world have called this, at most so many seconds; the first time
//  MPI begins. Gives the world, lent for ever, or NULL with *error: WorldError.
mpi_world_t *mpi_world_enter(double wait, ipc_error_t *error);
void mpi_world_leave(mpi_world_t *self);

//  Waits for requests. 0, or -1 with *error: WorldError, somebody has died, or MPI has failed.
int mpi_world_wait(mpi_world_t *self, MPI_Request *requests, int count, ipc_error_t *error);

//  Waits, as all do, until all have said whether they can go on. 0, or -1 with *error: its own, or
//  that of the first who cannot: "engine 2: …".
//      failed     whether this one cannot, because of *error
//      digest     of what all must have been told alike; else ValueError
int mpi_world_agree(mpi_world_t *self, bool failed, uint64_t digest, ipc_error_t *error);

//  The world that MPI calls of libraries below belong to, or NULL: see mpi_calls.c.
mpi_world_t *mpi_world_current(void);

#endif
