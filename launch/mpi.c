#include "launch/mpi.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "launch/local.h"
#include "launch/log.h"

enum {
    BEGIN_TIMEOUT_MS = 20 * 1000, // for mpiexec to start all seats
    END_TIMEOUT_MS = 2 * 1000,    // for mpiexec to end after its seats
    SEAT_BYTES = 1 << 16,         // of what a seat may say,
    SEAT_S = 2,                   // and for how long: it says all at once
    PREFIX_TEXT = 64
};

//  What one rank's seat has said. Its program ends when the descriptor is closed.
typedef struct seat {
    int fd;            // -1: not there
    int engine;        // who sits there
    char *environment; // "NAME=VALUE", a zero behind each
    size_t size;
} seat_t;

struct launch_state {
    const ipc_paths_t *paths; // borrowed; the cluster's
    char mpiexec[IPC_PATH_MAX], seat[IPC_PATH_MAX];
    char loopback[IPC_PATH_MAX]; // what is loaded into mpiexec
    launch_process_t job; // mpiexec; fd -1: none
    bool begun;           // the seats are there
    int listener;         // for them, while the world begins; -1
    size_t there;         // of them, while it begins
    int64_t deadline_ms;  // when it has begun at the latest
    unsigned worlds;      // begun so far
    seat_t *seats;        // by rank
    size_t count;
};

extern char **environ;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// ---- opening -------------------------------------------------------------------------------

//  Looks for mpiexec in PATH, as a shell does.
static int find_mpiexec(char path[IPC_PATH_MAX], ipc_error_t *error)
{
    const char *folders = getenv("PATH");
    for (const char *at = folders; at && *at;) {
        const size_t length = strcspn(at, ":");
        const int size = snprintf(path, IPC_PATH_MAX, "%.*s/mpiexec", (int) length, at);
        if (length > 0 && size < IPC_PATH_MAX && !access(path, X_OK))
            return 0;
        at += length + (at[length] == ':');
    }
    return ipc_fail(error, IPC_E_NAME,
                    "cannot find mpiexec, which --engines mpi needs: install Open MPI (Debian: "
                    "openmpi-bin), or use --engines local");
}

static int mpi_open(launch_state_t **state_p, const ipc_paths_t *paths, ipc_error_t *error)
{
    launch_state_t *self = ipc_xalloc(sizeof *self);
    *self = (launch_state_t){.paths = paths, .job = {.fd = -1}, .listener = -1};
    if (find_mpiexec(self->mpiexec, error) || ipc_program_path("ipcluster-seat", self->seat, error) ||
        ipc_program_path("ipcluster-loopback.so", self->loopback, error)) {
        free(self);
        return -1;
    }
    *state_p = self;
    return 0;
}

// ---- the end of a world --------------------------------------------------------------------

//  Waits until mpiexec has ended; kills it when it does not.
static void end_mpiexec(launch_state_t *self)
{
    if (self->job.fd < 0)
        return;
    struct pollfd ended = {.fd = self->job.fd, .events = POLLIN};
    if (poll(&ended, 1, END_TIMEOUT_MS) == 0) {
        launcher_local.signal(&self->job, SIGKILL);
        poll(&ended, 1, END_TIMEOUT_MS);
    }
    // The supervisor takes in all children, and may have been faster.
    int status;
    if (!launcher_local.reap(&self->job, &status)) {
        close(self->job.fd);
        self->job = (launch_process_t){.fd = -1};
    }
}

static void close_listener(launch_state_t *self)
{
    char path[IPC_PATH_MAX + 8];
    if (self->listener < 0)
        return;
    close(self->listener);
    self->listener = -1;
    snprintf(path, sizeof path, "%s/m", self->paths->directory);
    unlink(path);
}

//  One that has not begun has nothing to be put in order: mpiexec is killed, and its seats end with it.
static void end_world(launch_state_t *self)
{
    close_listener(self);
    if (!self->begun && self->job.fd >= 0)
        launcher_local.signal(&self->job, SIGKILL);
    for (size_t i = 0; i < self->count; i++) {
        if (self->seats[i].fd >= 0)
            close(self->seats[i].fd);
        free(self->seats[i].environment);
        self->seats[i] = (seat_t){.fd = -1, .engine = self->seats[i].engine};
    }
    end_mpiexec(self);
    self->begun = false;
}

static void mpi_renew(launch_state_t *self, const int *ids, size_t count)
{
    end_world(self);
    self->seats = ipc_xrealloc(self->seats, count * sizeof *self->seats);
    self->count = count;
    for (size_t i = 0; i < count; i++) self->seats[i] = (seat_t){.fd = -1, .engine = ids[i]};
}

static void mpi_close(launch_state_t **state_p)
{
    launch_state_t *self = *state_p;
    *state_p = NULL;
    if (!self)
        return;
    end_world(self);
    free(self->seats);
    free(self);
}

// ---- the beginning of a world --------------------------------------------------------------

static void name_world(const launch_state_t *self, char path[IPC_PATH_MAX])
{
    snprintf(path, IPC_PATH_MAX, "%.*s/mpi-%u", IPC_PATH_MAX - 32, self->paths->directory, self->worlds);
}

//  Listens for the seats at <directory>/m.
static int listen_for_seats(const launch_state_t *self, ipc_error_t *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/m", self->paths->directory);
    if (length < 0 || (size_t) length >= sizeof address.sun_path)
        return ipc_fail(error, IPC_E_SYSTEM, "the path of %s/m is too long for a socket", self->paths->directory);
    unlink(address.sun_path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && !bind(fd, (struct sockaddr *) &address, sizeof address) && !listen(fd, SOMAXCONN))
        return fd;
    ipc_fail(error, IPC_E_SYSTEM, "cannot listen at %s: %s", address.sun_path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

//  Ours, with the library that keeps mpiexec to the loopback interface (tools/ipcluster_loopback.c). Both it and the
//  two texts in it are given.
static const char **environment_of_mpiexec(const launch_state_t *self, char *preload[2])
{
    static const char name[] = "LD_PRELOAD=";
    const char *before = getenv("LD_PRELOAD");
    preload[0] = ipc_xformat("%s%s%s%s", name, self->loopback, before ? ":" : "", before ? before : "");
    preload[1] = before ? ipc_xformat("IPC_MPI_LD_PRELOAD=%s", before) : NULL;
    size_t count = 0, size = 0;
    while (environ[count]) count++;
    const char **environment = ipc_xalloc((count + 5) * sizeof *environment);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], name, strlen(name)))
            environment[size++] = environ[i];
    for (size_t i = 0; i < 2 && preload[i]; i++) environment[size++] = preload[i];
    if (geteuid() == 0) { // else Open MPI refuses to start; engines of root run as root anyhow
        environment[size++] = "OMPI_ALLOW_RUN_AS_ROOT=1";
        environment[size++] = "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1";
    }
    environment[size] = NULL;
    return environment;
}

//  Starts mpiexec with one seat for each rank: on this host alone, over shared memory; a rank that
//  dies does not end the others; what MPI leaves on disk is in directories that the cluster removes.
static int start_mpiexec(launch_state_t *self, const char *world, ipc_error_t *error)
{
    char log[IPC_PATH_MAX + 16], host[32], count[16];
    snprintf(log, sizeof log, "%s/mpiexec.log", self->paths->logs);
    snprintf(host, sizeof host, "localhost:%zu", self->count);
    snprintf(count, sizeof count, "%zu", self->count);
    const char *arguments[] = {
        "mpiexec", "--host", host, "-n", count, "--oversubscribe", "--bind-to", "none", "--enable-recovery",
        "--mca", "plm", "isolated", "--mca", "oob_tcp_if_include", "lo", "--mca", "orte_tmpdir_base", world,
        "--mca", "pml", "ob1", "--mca", "btl", "self,vader", "--mca", "btl_vader_backing_directory",
        self->paths->shm, "--mca", "mpi_yield_when_idle", "1",
        "--mca", "opal_signal", "", self->seat, self->paths->directory, NULL};
    char *preload[2];
    const char **environment = environment_of_mpiexec(self, preload);
    const launch_job_t job = {.program = self->mpiexec, .arguments = arguments, .environment = environment,
                              .log = log, .extra_fd = -1, .engine = -1};
    const int result = launcher_local.start(NULL, &job, &self->job, error);
    free(environment);
    for (size_t i = 0; i < 2; i++) free(preload[i]);
    return result;
}

//  Reads all that a seat says: its rank, "NAME=VALUE" of all else. 0, or -1 when that is nonsense.
static int read_seat(launch_state_t *self, int fd)
{
    char *text = ipc_xalloc(SEAT_BYTES);
    size_t size = 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = SEAT_S}, sizeof(struct timeval));
    for (ssize_t got = 1; got > 0 && size < SEAT_BYTES; size += got > 0 ? (size_t) got : 0)
        got = recv(fd, text + size, SEAT_BYTES - size, 0);
    char *end = text;
    const unsigned long rank = size > 0 && size < SEAT_BYTES && !text[size - 1] ? strtoul(text, &end, 10) : 0;
    if (end == text || *end || rank >= self->count || self->seats[rank].fd >= 0) {
        free(text);
        return -1;
    }
    seat_t *seat = &self->seats[rank];
    seat->fd = fd;
    seat->size = size - (size_t) (end + 1 - text);
    seat->environment = memmove(text, end + 1, seat->size);
    return 0;
}

static int fail_world(const launch_state_t *self, ipc_error_t *error, const char *what)
{
    char path[IPC_PATH_MAX + 16], words[LOG_TAIL_TEXT];
    snprintf(path, sizeof path, "%.*s/mpiexec.log", IPC_PATH_MAX - 16, self->paths->logs);
    log_tail(words, path);
    char *line = words + strspn(words, " -\n");
    line[strcspn(line, "\n")] = 0;
    return ipc_fail(error, IPC_E_SYSTEM, "mpiexec %s%s%.200s", what, *line ? "; its last words begin: " : "", line);
}

static int begin_world(launch_state_t *self, ipc_error_t *error)
{
    char world[IPC_PATH_MAX];
    self->worlds++;
    name_world(self, world);
    if (mkdir(world, 0700) && errno != EEXIST)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", world, strerror(errno));
    self->listener = listen_for_seats(self, error);
    self->there = 0;
    self->deadline_ms = now_ms() + BEGIN_TIMEOUT_MS;
    return self->listener < 0 || start_mpiexec(self, world, error) ? -1 : 0;
}

//  Takes the seats that have come: 1 when all are there, 0 when not, -1 with *error.
static int take_seats(launch_state_t *self, ipc_error_t *error)
{
    while (self->there < self->count) {
        struct pollfd polled[] = {{.fd = self->listener, .events = POLLIN}, {.fd = self->job.fd, .events = POLLIN}};
        if (poll(polled, 2, 0) == 0)
            return now_ms() < self->deadline_ms ? 0 : fail_world(self, error, "has not started its ranks after 20 s");
        if (!polled[0].revents && polled[1].revents)
            return fail_world(self, error, "has ended before its ranks had begun");
        const int fd = polled[0].revents ? accept4(self->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd < 0)
            return 0;
        if (read_seat(self, fd)) {
            close(fd);
            return fail_world(self, error, "is not of Open MPI: its ranks do not know their numbers");
        }
        self->there++;
    }
    return 1;
}

// ---- engines -------------------------------------------------------------------------------

static bool is_mpi(const char *variable)
{
    static const char *const prefixes[] = {"OMPI_", "PMIX_", "IPC_MPI_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (!strncmp(variable, prefixes[i], strlen(prefixes[i])))
            return true;
    return false;
}

//  Starts a nanny with the environment of its seat in place of what the supervisor has of MPI.
static int start_seated(launch_state_t *self, const launch_job_t *job, size_t rank, launch_process_t *process,
                        ipc_error_t *error)
{
    const seat_t *seat = &self->seats[rank];
    char world[IPC_PATH_MAX], ours[4][IPC_PATH_MAX + PREFIX_TEXT];
    size_t count = 0, size = 0;
    while (environ[count]) count++;
    for (size_t i = 0; i < seat->size; i++) count += !seat->environment[i];
    const char **environment = ipc_xalloc((count + 5) * sizeof *environment);
    for (char **at = environ; *at; at++)
        if (!is_mpi(*at))
            environment[size++] = *at;
    for (size_t i = 0; i < seat->size; i += strlen(seat->environment + i) + 1)
        environment[size++] = seat->environment + i;
    name_world(self, world);
    snprintf(ours[0], sizeof ours[0], "IPC_MPI_WORLD=%s", world);
    snprintf(ours[1], sizeof ours[1], "IPC_MPI_RANK=%zu", rank);
    snprintf(ours[2], sizeof ours[2], "IPC_MPI_SIZE=%zu", self->count);
    snprintf(ours[3], sizeof ours[3], "IPC_MPI_KEEPER=%d", (int) self->job.process.pid);
    for (size_t i = 0; i < 4; i++) environment[size++] = ours[i];
    environment[size] = NULL;
    launch_job_t seated = *job;
    seated.environment = environment;
    const int result = launcher_local.start(NULL, &seated, process, error);
    free(environment);
    return result;
}

//  An engine's rank; the number of ranks for the controller, and for an engine that was added.
static size_t rank_of(const launch_state_t *self, int engine)
{
    size_t rank = 0;
    while (rank < self->count && (engine < 0 || self->seats[rank].engine != engine)) rank++;
    return rank;
}

static int mpi_prepare(launch_state_t *self, int engine, launch_wait_t *wait, ipc_error_t *error)
{
    if (self->begun || rank_of(self, engine) == self->count)
        return 1;
    int result = self->listener < 0 && begin_world(self, error) ? -1 : take_seats(self, error);
    self->begun = result > 0;
    if (result > 0)
        close_listener(self);
    else if (result < 0)
        end_world(self);
    *wait = (launch_wait_t){.fds = {self->listener, self->job.fd}, .until_ms = self->deadline_ms};
    return result;
}

static int mpi_start(launch_state_t *self, const launch_job_t *job, launch_process_t *process,
                     ipc_error_t *error)
{
    const size_t rank = rank_of(self, job->engine);
    if (rank == self->count)
        return launcher_local.start(NULL, job, process, error);
    return start_seated(self, job, rank, process, error);
}

static void mpi_signal(const launch_process_t *process, int signal)
{
    launcher_local.signal(process, signal);
}

static bool mpi_reap(launch_process_t *process, int *status)
{
    return launcher_local.reap(process, status);
}

const launcher_t launcher_mpi = {
    .name = "mpi",
    .open = mpi_open,
    .close = mpi_close,
    .renew = mpi_renew,
    .prepare = mpi_prepare,
    .start = mpi_start,
    .signal = mpi_signal,
    .reap = mpi_reap,
};
