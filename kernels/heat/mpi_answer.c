//  How a decomposed grid is given back: by rows, gathered on the first engine, or into a file.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels/heat/mpi_rows.h"

enum { NPY_HEADER = 192 }; // bytes: magic, version, length, and a text with blanks up to here

//  An array of so many rows of the grid.
static ipc_array_t *make_array(const mpi_rows_t *self, size_t rows, ipc_error_t *error)
{
    size_t shape[HEAT_AXES] = {rows};
    for (int k = 1; k < self->options->ndim; k++) shape[k] = self->options->length[self->axis + k];
    return ipc_array_new(self->options->dtype, self->options->ndim, shape, error);
}

//  All rows to the first engine.
static int gather(const mpi_rows_t *self, const void *own, ipc_array_t *whole, ipc_error_t *error)
{
    mpi_world_t *world = self->world;
    int counts[MPI_RANKS_MAX], places[MPI_RANKS_MAX];
    for (int i = 0; i < world->size; i++) {
        places[i] = (int) mpi_rows_first(self, i);
        counts[i] = (int) (mpi_rows_first(self, i + 1) - mpi_rows_first(self, i));
    }
    MPI_Datatype row;
    MPI_Request request;
    MPI_Type_contiguous((int) (self->points * self->element), MPI_BYTE, &row);
    MPI_Type_commit(&row);
    const int code = MPI_Igatherv(own, counts[world->rank], row, whole ? ipc_array_data(whole) : NULL, counts,
                                  places, row, 0, world->comm, &request);
    const int result = code ? mpi_page_break(world->page, error, "MPI cannot gather the grid, so its world is broken")
                            : mpi_world_wait(world, &request, 1, error);
    MPI_Type_free(&row);
    return result;
}

static int fail_file(const char *path, ipc_error_t *error)
{
    return kernel_refuse(error, "OSError", "cannot write %.200s: %s", path, strerror(errno));
}

//  Makes the file, of its whole length, with the header of NumPy's format 1.0. Its descriptor, or -1.
static int make_file(const mpi_rows_t *self, const char *path, ipc_error_t *error)
{
    char header[NPY_HEADER + 1], shape[80];
    const size_t *length = self->options->length + self->axis;
    int size = 0;
    for (int k = 0; k < self->options->ndim; k++)
        size += snprintf(shape + size, sizeof shape - (size_t) size, k > 0 ? ", %zu" : "%zu", length[k]);
    if (self->options->ndim == 1) // as Python writes one length
        snprintf(shape + size, sizeof shape - (size_t) size, ",");
    snprintf(header, sizeof header, "\x93NUMPY\x01%c\xb6%c{'descr': '<f%zu', 'fortran_order': False, 'shape': (%s), }",
             'x', 'x', self->element, shape);
    header[7] = header[9] = 0; // version 1.0; 0xb6 = 182 bytes follow these ten
    size = 10 + (int) strlen(header + 10);
    memset(header + size, ' ', (size_t) (NPY_HEADER - size));
    header[NPY_HEADER - 1] = '\n';
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return fail_file(path, error);
    const off_t all = (off_t) (NPY_HEADER + self->total * self->points * self->element);
    if (pwrite(file, header, NPY_HEADER, 0) == NPY_HEADER && !ftruncate(file, all))
        return file;
    fail_file(path, error);
    close(file);
    return -1;
}

static int write_rows(const mpi_rows_t *self, int file, const char *path, const char *own, ipc_error_t *error)
{
    const size_t row = self->points * self->element, size = self->count * row;
    const size_t offset = NPY_HEADER + self->first * row;
    for (size_t done = 0; done < size;) {
        const ssize_t written = pwrite(file, own + done, size - done, (off_t) (offset + done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail_file(path, error);
        done += (size_t) written;
    }
    return 0;
}

//  Every engine writes its rows into one new file, which takes the name when all have.
static int write_file(const mpi_rows_t *self, const char *own, ipc_error_t *error)
{
    const char *path = self->options->out;
    char temporary[4096];
    const bool first = self->world->rank == 0;
    int file = -1;
    const bool fits = snprintf(temporary, sizeof temporary, "%s.part", path) < (int) sizeof temporary;
    bool failed = !fits;
    if (!fits)
        kernel_refuse(error, "OSError", "the path given as out of heat.solve is too long");
    else if (first)
        failed = (file = make_file(self, temporary, error)) < 0;
    if (mpi_world_agree(self->world, failed, 0, error)) {
        if (file >= 0)
            close(file);
        return -1;
    }
    if (!first)
        file = open(temporary, O_WRONLY | O_CLOEXEC);
    failed = file < 0 ? fail_file(temporary, error) != 0 : write_rows(self, file, temporary, own, error) != 0;
    if (file >= 0 && close(file) && !failed)
        failed = fail_file(temporary, error) != 0;
    int result = mpi_world_agree(self->world, failed, 0, error);
    if (first && !result && rename(temporary, path))
        result = fail_file(path, error);
    else if (first && result)
        unlink(temporary);
    return mpi_world_agree(self->world, result != 0, 0, error); // none goes on before the file is there
}

int mpi_rows_answer(const mpi_rows_t *self, const void *own, ipc_array_t **answer, ipc_error_t *error)
{
    const heat_options_t *options = self->options;
    const bool gathered = options->result == HEAT_GATHERED;
    ipc_array_t *array = NULL;
    *answer = NULL;
    if (options->out)
        return write_file(self, own, error);
    bool failed = false;
    if (!gathered || self->world->rank == 0) {
        array = make_array(self, gathered ? self->total : self->count, error);
        failed = !array;
    }
    if (mpi_world_agree(self->world, failed, 0, error) || (gathered && gather(self, own, array, error))) {
        ipc_array_destroy(&array);
        return -1;
    }
    if (!gathered)
        memcpy(ipc_array_data(array), own, self->count * self->points * self->element);
    *answer = array;
    return 0;
}
