#include "kernels/heat/mpi_world.h"

#include <time.h>
#include <unistd.h>

enum {
    SPINS = 64,         // looks at requests before the core is left to others, who may be awaited
    NAP_US = 20,        // then between two looks
    CHECKS = 64,        // looks between two looks at the peers
    SILENCE_S = 300     // longer than anybody computes between two messages
};

//  The process has one, as it has one MPI.
typedef struct worlds {
    mpi_world_t world;
    bool begun;
    bool inside;
} worlds_t;

static worlds_t *worlds(void)
{
    static worlds_t self;
    return &self;
}

mpi_world_t *mpi_world_current(void)
{
    return worlds()->inside ? &worlds()->world : NULL;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

//  MPI's own words for what it returned.
static int fail_mpi(mpi_world_t *self, int code, ipc_error_t *error)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return mpi_page_break(self->page, error, "MPI has failed (%.100s), so its world is broken", text);
}

//  The first meeting has just been: every rank is on its way here. A module of the user's may have
//  begun MPI already.
static int begin(mpi_world_t *self, ipc_error_t *error)
{
    int begun = 0, given = 0;
    MPI_Initialized(&begun);
    if (!begun && MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given))
        return mpi_page_break(self->page, error, "MPI cannot begin, so its world is broken");
    if (MPI_Comm_dup(MPI_COMM_WORLD, &self->comm))
        return mpi_page_break(self->page, error, "MPI cannot copy its communicator, so its world is broken");
    MPI_Comm_set_errhandler(self->comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(self->comm, &self->rank);
    MPI_Comm_size(self->comm, &self->size);
    if (self->rank != mpi_page_rank(self->page) || self->size != mpi_page_size(self->page))
        return mpi_page_break(self->page, error, "MPI has other ranks than mpiexec gave, so its world is broken");
    return 0;
}

mpi_world_t *mpi_world_enter(double wait, ipc_error_t *error)
{
    worlds_t *all = worlds();
    mpi_world_t *self = &all->world;
    if (!self->page)
        self->page = mpi_page_open(error);
    if (!self->page || mpi_page_enter(self->page, wait, error))
        return NULL;
    if (!all->begun && begin(self, error))
        return NULL;
    all->begun = all->inside = true;
    return self;
}

void mpi_world_leave(mpi_world_t *self)
{
    (void) self;
    worlds()->inside = false;
}

int mpi_world_wait(mpi_world_t *self, MPI_Request *requests, int count, ipc_error_t *error)
{
    const double deadline = now() + SILENCE_S;
    for (unsigned spin = 1;; spin++) {
        int done = 0;
        const int code = MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE);
        if (code)
            return fail_mpi(self, code, error);
        if (done)
            return 0;
        if (spin > SPINS)
            usleep(NAP_US); // who spins where ranks are more than cores takes the core from those it waits for
        if (spin % CHECKS)
            continue;
        if (mpi_page_check(self->page, error))
            return -1;
        if (now() > deadline)
            return mpi_page_break(self->page, error,
                                  "an engine of the MPI world has not answered for %d s, so the world is broken",
                                  SILENCE_S);
    }
}

//  What one says of itself.
typedef struct vote {
    uint64_t digest;
    int32_t failed, engine;
} vote_t;

int mpi_world_agree(mpi_world_t *self, bool failed, uint64_t digest, ipc_error_t *error)
{
    vote_t votes[MPI_RANKS_MAX];
    const vote_t own = {.digest = digest, .failed = failed, .engine = (int32_t) ipc_engine_id()};
    ipc_error_t theirs = {.code = 0}, broken;
    MPI_Request request;
    int first = 0, code = MPI_Iallgather(&own, sizeof own, MPI_BYTE, votes, sizeof own, MPI_BYTE, self->comm, &request);
    if (code ? fail_mpi(self, code, &broken) : mpi_world_wait(self, &request, 1, &broken))
        return failed ? -1 : kernel_refuse(error, broken.kind, "%s", broken.text);
    while (first < self->size && !votes[first].failed) first++;
    for (int i = 0; first == self->size && i < self->size; i++)
        if (votes[i].digest != votes[0].digest)
            return kernel_refuse(error, "ValueError",
                                 "engines %d and %d were given different keywords for one decomposed solve",
                                 votes[0].engine, votes[i].engine);
    if (first == self->size)
        return 0;
    if (failed && error)
        theirs = *error;
    code = MPI_Ibcast(&theirs, sizeof theirs, MPI_BYTE, first, self->comm, &request);
    if (code ? fail_mpi(self, code, &broken) : mpi_world_wait(self, &request, 1, &broken))
        return failed ? -1 : kernel_refuse(error, broken.kind, "%s", broken.text);
    return failed ? -1 : kernel_refuse(error, theirs.kind, "engine %d: %s", votes[first].engine, theirs.text);
}
