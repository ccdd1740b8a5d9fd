#include "kernels/heat/mpi_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/partition.h"
#include "kernels/heat/initial.h"

enum { ROW_BYTES_MAX = 1 << 30 }; // with what lines are padded by, an int counts it

size_t mpi_rows_first(const mpi_rows_t *self, int rank)
{
    return ipc_partition_first(self->total, (size_t) self->world->size, (size_t) rank);
}

int mpi_rows_split(mpi_rows_t *self, mpi_world_t *world, const heat_options_t *options, ipc_error_t *error)
{
    const size_t *length = options->length;
    const int axis = HEAT_AXES - options->ndim;
    *self = (mpi_rows_t){.world = world,
                         .options = options,
                         .axis = axis,
                         .total = length[axis],
                         .points = length[HEAT_Z] * length[HEAT_Y] * length[HEAT_X] / length[axis],
                         .element = ipc_dtype_size(options->dtype)};
    self->first = mpi_rows_first(self, world->rank);
    self->count = mpi_rows_first(self, world->rank + 1) - self->first;
    self->least = self->total / (size_t) world->size;
    const bool periodic = options->boundary == HEAT_PERIODIC;
    const int last = world->size - 1;
    self->before = world->rank > 0 ? world->rank - 1 : periodic ? last : MPI_PROC_NULL;
    self->behind = world->rank < last ? world->rank + 1 : periodic ? 0 : MPI_PROC_NULL;
    if (self->points * self->element > ROW_BYTES_MAX)
        return kernel_refuse(error, "ValueError",
                             "a plane of %zu points has more bytes than MPI counts: let the first axis be a longer one",
                             self->points);
    if (self->least > 0)
        return 0;
    return kernel_refuse(error, "ValueError",
                         "a grid of %zu rows cannot be split over the %d engines of the MPI world: each needs one",
                         self->total, world->size);
}

// ---- what a solve begins with ------------------------------------------------------------------

//  Whether a point is within a bar of the cross that lies along the axis, or across it: heat_cross().
static bool in_bar(size_t i, size_t n, bool along)
{
    return along ? i >= n / 4 && i <= 3 * n / 4 : i >= n / 2 - n / 20 && i <= n / 2 + n / 20;
}

//  Writes the cross's part of the own rows, point by point.
static void write_cross(const mpi_rows_t *self, char *rows)
{
    const size_t *length = self->options->length, count = self->count * self->points;
    for (size_t k = 0; k < count; k++) {
        const size_t i = self->first * self->points + k;
        const size_t place[] = {i / (length[HEAT_Y] * length[HEAT_X]), i / length[HEAT_X] % length[HEAT_Y],
                                i % length[HEAT_X]};
        bool one = false;
        for (int along = self->axis; along < HEAT_AXES && !one; along++) {
            one = true;
            for (int axis = self->axis; axis < HEAT_AXES; axis++)
                one = one && in_bar(place[axis], length[axis], axis == along);
        }
        if (self->element == sizeof(float))
            ((float *) rows)[k] = one;
        else
            ((double *) rows)[k] = one;
    }
}

static int check_rows(const mpi_rows_t *self, const char *rows, const char *name, ipc_error_t *error)
{
    for (size_t k = 0; k < self->count * self->points; k++) {
        const bool single = self->element == sizeof(float);
        const double value = single ? ((const float *) rows)[k] : ((const double *) rows)[k];
        char place[HEAT_PLACE_TEXT];
        if (!isfinite(value))
            return kernel_refuse(error, "ValueError", "%s of heat.solve is %s at %s%s, and must be finite", name,
                                 isnan(value) ? "NaN" : "infinite",
                                 heat_place_text(place, self->options, self->first * self->points + k),
                                 single ? " as float32" : "");
    }
    return 0;
}

//  The place in an input at which the own rows begin, or -1 with *error.
static int find_own(const mpi_rows_t *self, kernel_input_t *input, const char *name, ipc_error_t *error)
{
    if (input->shape[0] == self->total)
        input->data = (const char *) input->data + self->first * self->points * ipc_dtype_size(input->dtype);
    else if (input->shape[0] != self->count)
        return kernel_refuse(error, "ValueError",
                             "%s of heat.solve has %zu rows: it must be the whole grid of %zu, or the %zu rows of "
                             "this engine, from row %zu on, as ipc_scatter() deals them",
                             name, input->shape[0], self->total, self->count, self->first);
    return 0;
}

void *mpi_rows_take(const mpi_rows_t *self, const kernel_input_t *input, const char *name, size_t halo,
                    ipc_error_t *error)
{
    kernel_input_t own = *input;
    const size_t row = self->points * self->element;
    if (input->data && find_own(self, &own, name, error))
        return NULL;
    char *rows = calloc(self->count + 2 * halo, row);
    if (!rows) {
        kernel_refuse(error, "MemoryError", "no memory for %zu rows of %s", self->count, name);
        return NULL;
    }
    if (own.data)
        heat_convert(&own, self->count * self->points, self->options->dtype, rows + halo * row);
    else
        write_cross(self, rows + halo * row);
    if (!own.data || !check_rows(self, rows + halo * row, name, error))
        return rows;
    free(rows);
    return NULL;
}

// ---- halos -------------------------------------------------------------------------------------

enum { TO_BEFORE = 1, TO_BEHIND = 2 }; // tags: with two engines and periodic edges both have one peer

static int reserve(mpi_halo_t *halo, size_t size, ipc_error_t *error)
{
    if (halo->size >= size)
        return 0;
    free(halo->sent);
    halo->sent = malloc(size);
    halo->size = halo->sent ? size : 0;
    return halo->sent ? 0 : kernel_refuse(error, "MemoryError", "no memory for %zu bytes of halos", size);
}

int mpi_halo_begin(mpi_halo_t *halo, const mpi_rows_t *self, char *rows, size_t row_bytes, size_t depth,
                   ipc_error_t *error)
{
    const size_t size = depth * row_bytes;
    char *last = rows + (self->count - depth) * row_bytes;
    for (size_t i = 0; i < 4; i++) halo->requests[i] = MPI_REQUEST_NULL;
    if (reserve(halo, 2 * size, error))
        return -1;
    memcpy(halo->sent, rows, size);
    memcpy(halo->sent + size, last, size);
    MPI_Datatype row; // so that counts stay small
    MPI_Type_contiguous((int) row_bytes, MPI_BYTE, &row);
    MPI_Type_commit(&row);
    const int count = (int) depth;
    MPI_Comm comm = self->world->comm;
#ifndef HEAT_MPI_CUT_HALO // tests/kernels build the part without, and must see wrong answers
    MPI_Irecv(rows - size, count, row, self->before, TO_BEHIND, comm, &halo->requests[0]);
    MPI_Irecv(rows + self->count * row_bytes, count, row, self->behind, TO_BEFORE, comm, &halo->requests[1]);
    MPI_Isend(halo->sent, count, row, self->before, TO_BEFORE, comm, &halo->requests[2]);
    MPI_Isend(halo->sent + size, count, row, self->behind, TO_BEHIND, comm, &halo->requests[3]);
#else
    (void) count, (void) comm;
#endif
    MPI_Type_free(&row);
    return 0;
}

void mpi_halo_progress(mpi_halo_t *halo)
{
    int done; // what failed is found by finish
    MPI_Testall(4, halo->requests, &done, MPI_STATUSES_IGNORE);
}

int mpi_halo_finish(mpi_halo_t *halo, const mpi_rows_t *self, ipc_error_t *error)
{
    return mpi_world_wait(self->world, halo->requests, 4, error);
}

void mpi_halo_clear(mpi_halo_t *halo)
{
    free(halo->sent);
    *halo = (mpi_halo_t){.sent = NULL};
}
