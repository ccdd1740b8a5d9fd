#include "kernels/heat/mpi_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { REASON_TEXT = 192, NAMES_TEXT = 96, WAIT_US = 200 };

//  What every world that is broken says at its end.
static const char remedy[] = "'ipcluster restart' makes a new world";

//  One rank. Whoever writes holds the file's lock, which ends with its holder.
typedef struct seat {
    int32_t pid;         // 0: nobody has come yet
    int32_t engine;      // id
    _Atomic uint32_t at; // the meeting that it waits for, or was at last; 0: none
} seat_t;

//  The file.
typedef struct shared {
    _Atomic uint32_t meeting; // the last one at which all were
    _Atomic uint32_t broken;  // 1: for the reason below
    char reason[REASON_TEXT];
    seat_t seats[MPI_RANKS_MAX];
} shared_t;

struct mpi_page {
    int rank, size;
    int file;
    shared_t *shared;
    int keeper;               // a pidfd of mpiexec; -1: it has ended
    int peers[MPI_RANKS_MAX]; // pidfds, once all have met
    bool watched;             // they are open
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

static int number_of(const char *name, int most)
{
    const char *text = getenv(name);
    char *end;
    const long number = text ? strtol(text, &end, 10) : -1;
    return text && *text && !*end && number >= 0 && number <= most ? (int) number : -1;
}

mpi_page_t *mpi_page_open(ipc_error_t *error)
{
    const char *world = getenv("IPC_MPI_WORLD");
    const int rank = number_of("IPC_MPI_RANK", MPI_RANKS_MAX - 1);
    const int size = number_of("IPC_MPI_SIZE", MPI_RANKS_MAX);
    if (!world || rank < 0 || size <= rank) {
        kernel_refuse(error, "WorldError",
                      "this engine is in no MPI world: start the cluster with 'ipcluster start --engines mpi'; an "
                      "engine that was added later has a place in it after 'ipcluster restart'");
        return NULL;
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/page", world);
    mpi_page_t *self = calloc(1, sizeof *self);
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *shared = MAP_FAILED;
    if (self && file >= 0 && !ftruncate(file, sizeof *self->shared))
        shared = mmap(NULL, sizeof *self->shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) {
        kernel_refuse(error, "WorldError", "cannot open the MPI world's page %.200s: %s", path, strerror(errno));
        if (file >= 0)
            close(file);
        free(self);
        return NULL;
    }
    const int keeper = number_of("IPC_MPI_KEEPER", INT_MAX);
    *self = (mpi_page_t){.rank = rank, .size = size, .file = file, .shared = shared,
                         .keeper = keeper > 0 ? (int) syscall(SYS_pidfd_open, keeper, 0) : -1};
    return self;
}

int mpi_page_rank(const mpi_page_t *self)
{
    return self->rank;
}

int mpi_page_size(const mpi_page_t *self)
{
    return self->size;
}

static void lock(const mpi_page_t *self)
{
    while (flock(self->file, LOCK_EX) && errno == EINTR) {}
}

static void unlock(const mpi_page_t *self)
{
    flock(self->file, LOCK_UN);
}

int mpi_page_break(mpi_page_t *self, ipc_error_t *error, const char *format, ...)
{
    shared_t *shared = self->shared;
    va_list arguments;
    va_start(arguments, format);
    lock(self);
    if (!shared->broken) {
        vsnprintf(shared->reason, sizeof shared->reason, format, arguments);
        shared->broken = 1;
    }
    unlock(self);
    va_end(arguments);
    return kernel_refuse(error, "WorldError", "%s; %s", shared->reason, remedy);
}

int mpi_page_check(mpi_page_t *self, ipc_error_t *error)
{
    struct pollfd polled[1 + MPI_RANKS_MAX] = {{.fd = self->keeper, .events = POLLIN}};
    const int count = self->watched ? self->size : 0;
    if (self->shared->broken)
        return kernel_refuse(error, "WorldError", "%s; %s", self->shared->reason, remedy);
    for (int i = 0; i < count; i++) polled[1 + i] = (struct pollfd){.fd = self->peers[i], .events = POLLIN};
    if (self->keeper >= 0 && poll(polled, (nfds_t) count + 1, 0) <= 0)
        return 0;
    if (self->keeper < 0 || polled[0].revents)
        return mpi_page_break(self, error, "the mpiexec of the MPI world has ended, so the world is broken");
    for (int i = 0; i < count; i++)
        if (polled[1 + i].revents)
            return mpi_page_break(self, error,
                                  "engine %d of the MPI world has ended, so the world is broken and no grid can be "
                                  "split over its engines",
                                  self->shared->seats[i].engine);
    return 0;
}

//  Opens the processes of the others, now that all are there.
static int watch_peers(mpi_page_t *self, ipc_error_t *error)
{
    for (int i = 0; i < self->size && !self->watched; i++) {
        const seat_t *seat = &self->shared->seats[i];
        self->peers[i] = i == self->rank ? -1 : (int) syscall(SYS_pidfd_open, seat->pid, 0);
        if (i != self->rank && self->peers[i] < 0)
            return mpi_page_break(self, error, "engine %d of the MPI world has ended, so the world is broken",
                                  seat->engine);
    }
    self->watched = true;
    return mpi_page_check(self, error);
}

//  Who was killed while it waited does not wait any more: a task that runs too long ends so.
static bool is_dead(seat_t *seat)
{
    if (!kill(seat->pid, 0) || errno != ESRCH)
        return false;
    seat->at = 0;
    return true;
}

//  Takes this rank's seat, which nobody else has had. True when all ranks wait for the meeting now.
static bool take_seat(mpi_page_t *self, uint32_t meeting)
{
    seat_t *seats = self->shared->seats;
    seats[self->rank].pid = getpid();
    seats[self->rank].engine = (int) ipc_engine_id();
    seats[self->rank].at = meeting;
    for (int i = 0; i < self->size; i++)
        if (seats[i].at != meeting || is_dead(&seats[i]))
            return false;
    self->shared->meeting = meeting;
    return true;
}

//  "engine 1, 2 and 5": the ranks that have not come, by the ids that their engines most likely have.
static void name_missing(const mpi_page_t *self, uint32_t meeting, char text[NAMES_TEXT])
{
    size_t size = 0;
    int missing = 0, named = 0;
    for (int i = 0; i < self->size; i++) missing += self->shared->seats[i].at != meeting;
    for (int i = 0; i < self->size && size + 24 < NAMES_TEXT; i++) {
        const seat_t *seat = &self->shared->seats[i];
        if (seat->at == meeting)
            continue;
        size += (size_t) snprintf(text + size, NAMES_TEXT - size, "%s%d",
                                  named == 0 ? "engine " : named + 1 == missing ? " and " : ", ",
                                  seat->pid ? seat->engine : i);
        named++;
    }
    if (named < missing)
        snprintf(text + size, NAMES_TEXT - size, " and %d more", missing - named);
}

//  Gives up, unless all have come in this very moment.
static int give_up(mpi_page_t *self, uint32_t meeting, double wait, ipc_error_t *error)
{
    char names[NAMES_TEXT];
    lock(self);
    const bool met = self->shared->meeting == meeting;
    if (!met) {
        name_missing(self, meeting, names);
        self->shared->seats[self->rank].at = 0;
    }
    unlock(self);
    if (met)
        return 0;
    return kernel_refuse(error, "WorldError",
                         "not all %d engines of the MPI world have come within %g s: %s did not; decompose needs a "
                         "direct view of all of them, and waits for those that are busy as long as wait says",
                         self->size, wait, names);
}

int mpi_page_enter(mpi_page_t *self, double wait, ipc_error_t *error)
{
    shared_t *shared = self->shared;
    if (mpi_page_check(self, error))
        return -1;
    lock(self);
    const seat_t *own = &shared->seats[self->rank];
    const bool anew = own->pid != 0 && own->pid != getpid() && shared->meeting > 0;
    const uint32_t meeting = shared->meeting + 1;
    const bool met = !anew && take_seat(self, meeting);
    unlock(self);
    if (anew)
        return mpi_page_break(self, error,
                              "engine %d has run anew since its MPI world began, so the world is broken",
                              (int) ipc_engine_id());
    const double deadline = now() + wait;
    while (!met && shared->meeting != meeting) {
        if (mpi_page_check(self, error))
            return -1;
        if (now() >= deadline) {
            if (give_up(self, meeting, wait, error))
                return -1;
            break;
        }
        usleep(WAIT_US);
    }
    return watch_peers(self, error);
}
