//  FFTW-MPI calls MPI by itself, and waits for ever for a rank that has died. MPI lets a library
//  stand between (its profiling interface: every MPI_ function has its twin PMPI_); so these are the
//  calls that FFTW makes while it transforms and plans, as our own, which look after the others while they
//  wait. When one fails, FFTW goes on with what it has, and the world is found broken afterwards.
#include "kernels/heat/mpi_world.h"

static int finish(int code, MPI_Request *requests, int count)
{
    mpi_world_t *world = mpi_world_current();
    if (code)
        return code;
    if (!world)
        return PMPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
    return mpi_world_wait(world, requests, count, NULL) ? MPI_ERR_OTHER : MPI_SUCCESS;
}

int MPI_Alltoall(const void *from, int from_count, MPI_Datatype from_type, void *to, int to_count,
                 MPI_Datatype to_type, MPI_Comm comm)
{
    MPI_Request request;
    return finish(PMPI_Ialltoall(from, from_count, from_type, to, to_count, to_type, comm, &request), &request, 1);
}

int MPI_Alltoallv(const void *from, const int *from_counts, const int *from_places, MPI_Datatype from_type,
                  void *to, const int *to_counts, const int *to_places, MPI_Datatype to_type, MPI_Comm comm)
{
    MPI_Request request;
    return finish(PMPI_Ialltoallv(from, from_counts, from_places, from_type, to, to_counts, to_places, to_type, comm,
                                  &request),
                  &request, 1);
}

int MPI_Allreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    MPI_Request request;
    return finish(PMPI_Iallreduce(from, to, count, type, op, comm, &request), &request, 1);
}

int MPI_Barrier(MPI_Comm comm)
{
    MPI_Request request;
    return finish(PMPI_Ibarrier(comm, &request), &request, 1);
}

int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *copy)
{
    MPI_Request request;
    return finish(PMPI_Comm_idup(comm, copy, &request), &request, 1);
}

int MPI_Sendrecv(const void *from, int from_count, MPI_Datatype from_type, int dest, int from_tag, void *to,
                 int to_count, MPI_Datatype to_type, int source, int to_tag, MPI_Comm comm, MPI_Status *status)
{
    MPI_Request requests[2];
    int code = PMPI_Irecv(to, to_count, to_type, source, to_tag, comm, &requests[0]);
    if (!code)
        code = PMPI_Isend(from, from_count, from_type, dest, from_tag, comm, &requests[1]);
    if (status != MPI_STATUS_IGNORE)
        *status = (MPI_Status){.MPI_SOURCE = source, .MPI_TAG = to_tag};
    return finish(code, requests, 2);
}
