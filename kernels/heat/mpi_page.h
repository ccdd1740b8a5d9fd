//  mpi_page_t: who of an MPI world is there: a page of memory that its engines, all of one host,
//  share through a file in the world's directory. MPI itself waits for ever for a rank that does
//  not come or has died; so a solve begins only when all ranks are there, and looks here while
//  it waits for them.
#ifndef HEAT_MPI_PAGE_H
#define HEAT_MPI_PAGE_H

#include <stdbool.h>

#include "kernels/common/refuse.h"

enum { MPI_RANKS_MAX = 1024 };

typedef struct mpi_page mpi_page_t;

//  Opens the page of the world that the environment names (launch/mpi.h). Or gives NULL with
//  *error: WorldError, there is no world.
mpi_page_t *mpi_page_open(ipc_error_t *error);

int mpi_page_rank(const mpi_page_t *self);
int mpi_page_size(const mpi_page_t *self);

//  Waits until every rank has called this, at most so many seconds. 0: all are there; or -1 with
//  *error: WorldError, which names the ranks that are not, or says why the world is broken.
int mpi_page_enter(mpi_page_t *self, double wait, ipc_error_t *error);

//  0 while all ranks live and nobody has found the world broken, or -1 with *error: WorldError.
int mpi_page_check(mpi_page_t *self, ipc_error_t *error);

//  Tells all ranks that the world is broken, and why; the first reason stays. Gives -1 with
//  *error: WorldError.
int mpi_page_break(mpi_page_t *self, ipc_error_t *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
