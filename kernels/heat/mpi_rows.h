//  mpi_rows_t: how a grid is split over the engines of a world: along its first axis, into rows
//  (of a grid of three dimensions planes, of one dimension points), by the rule of ipc_scatter(),
//  so that scattered arrays fit and the results of a view join.
#ifndef HEAT_MPI_ROWS_H
#define HEAT_MPI_ROWS_H

#include "kernels/heat/mpi_part.h"
#include "kernels/heat/mpi_world.h"

typedef struct mpi_rows {
    mpi_world_t *world;
    const heat_options_t *options;
    int axis;                   // the one that is split
    size_t total, first, count; // rows in all; this engine's
    size_t least;               // that any engine has; at least 1
    size_t points;              // of a row
    size_t element;             // bytes of a point
    int before, behind;         // ranks that have the rows on both sides, or MPI_PROC_NULL
} mpi_rows_t;

//  Splits the grid of the options, borrowed as long as self is used. 0, or -1 with *error:
//  ValueError, it has fewer rows than the world has engines.
int mpi_rows_split(mpi_rows_t *self, mpi_world_t *world, const heat_options_t *options, ipc_error_t *error);

//  Row first of rank i; of rank size, the number of rows.
size_t mpi_rows_first(const mpi_rows_t *self, int rank);

//  Gives this engine's rows of an array in the dtype of the options, with room for halo rows on both
//  sides; free() it. Or NULL with *error: ValueError, MemoryError.
//      input      borrowed; the whole grid, the engine's own rows, or nothing (no data): the cross
//      name       borrowed; its keyword
void *mpi_rows_take(const mpi_rows_t *self, const kernel_input_t *input, const char *name, size_t halo,
                    ipc_error_t *error);

//  An exchange of halos that is under way. Zero-initialised, it has no memory.
typedef struct mpi_halo {
    MPI_Request requests[4];
    char *sent; // copies of the rows that are sent: they may change meanwhile
    size_t size; // of sent, bytes
} mpi_halo_t;

//  Sends the outermost depth rows to the neighbours, and receives theirs around the own ones. 0, or -1
//  with *error: MemoryError, WorldError.
//      rows       borrowed until finish; the first own row
//      row_bytes  from a row to the next
//      depth      at most self->least
int mpi_halo_begin(mpi_halo_t *halo, const mpi_rows_t *self, char *rows, size_t row_bytes, size_t depth,
                   ipc_error_t *error);

//  Lets MPI work on it, without waiting.
void mpi_halo_progress(mpi_halo_t *halo);
int mpi_halo_finish(mpi_halo_t *halo, const mpi_rows_t *self, ipc_error_t *error);
void mpi_halo_clear(mpi_halo_t *halo);

//  Gives the answer as the options ask for it. 0, or -1 with *error: MemoryError, WorldError, OSError (the file).
//      own        borrowed; this engine's rows, without gaps
int mpi_rows_answer(const mpi_rows_t *self, const void *own, ipc_array_t **answer, ipc_error_t *error);

#endif
