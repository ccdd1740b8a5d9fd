//  A soak: minutes of calls, maps, arrays, cells, aborted and detached work, and crashes; what the cluster's processes and
//  the client hold at the end is held against what they held near the beginning.
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"
#include "common/fail.h"

enum { APPLIES = 2000, ITEMS = 20000, LARGE = 1 << 20, WARM_UP_PARTS = 4 };

//  What may be more at the end: allocators and the pages of crashed workers' successors are not exact.
static const double GROWTH = 1.10, SLACK = 1e6;

// clang-format off
static IPC_REMOTE(void, nothing, (void)) {}
static IPC_REMOTE(int64_t, same, (int64_t item)) { return item; }
static IPC_REMOTE(double, total, (const ipc_array_t *x))
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i++) sum += ipc_array_f64(x)[i];
    return sum;
}
static IPC_REMOTE(void, crash, (void)) { raise(SIGKILL); }
// clang-format on

//  What is held at one time.
typedef struct held {
    double ipcd, supervisor, engines, client; // bytes (PSS); of all nannies and workers together
    double descriptors;                       // of all these
    double shared;                            // bytes that their files in /dev/shm have
} held_t;

typedef struct soak {
    ipc_client_t *client;
    ipc_view_t *all, *any, *one;
    double *data;
    uint64_t rounds, crashes;
} soak_t;

//  --- What is held --------------------------------------------------------------------------------------------

static double descriptors_of(pid_t pid)
{
    char path[64];
    double count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int) pid);
    DIR *folder = opendir(path);
    while (folder && readdir(folder)) count++;
    if (folder)
        closedir(folder);
    return count > 2 ? count - 2 : 0; // "." and ".."
}

//  Bytes of /dev/shm that a process has mapped, as its share.
static double shared_of(pid_t pid)
{
    char path[64], line[512];
    double bytes = 0, kilobytes;
    bool counts = false;
    snprintf(path, sizeof path, "/proc/%d/smaps", (int) pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strchr(line, '-') && strchr(line, ' ') < line + 40 && strspn(line, "0123456789abcdef") >= 4)
            counts = strstr(line, "/dev/shm/");
        else if (counts && sscanf(line, "Pss: %lf kB", &kilobytes) == 1)
            bytes += kilobytes * 1024;
    }
    if (file)
        fclose(file);
    return bytes;
}

static void add_process(held_t *held, const char *program, pid_t pid)
{
    memory_t memory;
    if (process_memory(pid, &memory, NULL))
        return; // it was a worker that has just ended
    double shared = shared_of(pid), own = memory.pss - shared;
    *(!strcmp(program, "ipcd")        ? &held->ipcd
      : !strcmp(program, "ipcluster") ? &held->supervisor
      : !strcmp(program, "client")    ? &held->client
                                      : &held->engines) += own;
    held->shared += shared;
    held->descriptors += descriptors_of(pid);
}

static held_t look(const bench_t *bench)
{
    held_t held = {0};
    member_t members[CLUSTER_MEMBERS_MAX];
    size_t count = cluster_members(bench, members, CLUSTER_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++)
        if (members[i].pid != getpid())
            add_process(&held, members[i].program, members[i].pid);
    add_process(&held, "client", getpid());
    return held;
}

//  --- The load ------------------------------------------------------------------------------------------------

static int take(ipc_result_t *result, ipc_error_t *error)
{
    int rc = bench_finish(result, BENCH_WAIT_MS, error);
    ipc_result_destroy(&result);
    return rc;
}

static int call(soak_t *self, ipc_error_t *error)
{
    ipc_result_t *results[APPLIES];
    int rc = 0;
    for (size_t i = 0; i < APPLIES; i++) results[i] = ipc_apply(self->any, same, (int64_t) i);
    for (size_t i = 0; i < APPLIES; i++) rc = take(results[i], error) || rc ? -1 : 0;
    return rc;
}

static int move_arrays(soak_t *self, ipc_error_t *error)
{
    return take(ipc_push(self->all, "x", ipc_f64(self->data, LARGE)), error) ||
                   take(ipc_apply(self->all, total, ipc_ref("x")), error) ||
                   take(ipc_scatter(self->all, "part", ipc_f64(self->data, LARGE)), error) ||
                   take(ipc_gather(self->all, "part"), error) || take(ipc_pull(self->one, "x"), error)
               ? -1
               : 0;
}

//  One of two cells: what was compiled stays loaded.
static int execute(soak_t *self, ipc_error_t *error)
{
    return take(ipc_execute(self->all, self->rounds % 2 ? "int soaked = 1;" : "int soaked = 2;"), error);
}

static int drop(soak_t *self)
{
    ipc_result_t *dropped = ipc_map(self->any, same, ipc_range(0, ITEMS));
    ipc_result_abort(dropped);
    bool over = ipc_result_wait(dropped, BENCH_WAIT_MS);
    ipc_result_ok(dropped); // that it was aborted is no surprise
    ipc_result_destroy(&dropped);
    return over ? 0 : -1;
}

static int lose_engine(soak_t *self, ipc_error_t *error)
{
    ipc_result_t *result = ipc_apply(self->one, crash);
    bool over = ipc_result_wait(result, BENCH_WAIT_MS);
    const ipc_error_t *found = ipc_result_error(result);
    bool right = over && found && !strcmp(found->kind, "SIGKILL");
    ipc_result_destroy(&result);
    self->crashes++;
    return right ? 0 : ipc_fail(error, IPC_E_CRASH, "a task that kills its engine did not end with that error");
}

static int go_round(soak_t *self, ipc_error_t *error)
{
    self->rounds++;
    if (call(self, error) || take(ipc_map(self->any, same, ipc_range(0, ITEMS)), error) || move_arrays(self, error) ||
        execute(self, error))
        return -1;
    if (drop(self))
        return ipc_fail(error, IPC_E_TIMEOUT, "what was aborted did not end");
    return self->rounds % 10 == 0 ? lose_engine(self, error) : 0;
}

//  --- The section ---------------------------------------------------------------------------------------------

static void show(const bench_t *bench, const char *name, double before, double after, unit_t unit)
{
    double most = before * GROWTH + (unit == UNIT_BYTES ? SLACK : 0);
    bench_row(bench, &(row_t){name, after, unit, before, "near the beginning", most});
}

static int soak(soak_t *self, const bench_t *bench, double seconds, ipc_error_t *error)
{
    double start = bench_now(), warm = start + seconds / WARM_UP_PARTS, end = start + seconds;
    while (bench_now() < warm)
        if (go_round(self, error))
            return -1;
    if (take(ipc_apply(self->all, nothing), error))
        return -1;
    held_t before = look(bench);
    while (bench_now() < end)
        if (go_round(self, error))
            return -1;
    if (take(ipc_apply(self->all, nothing), error))
        return -1;
    held_t after = look(bench);
    bench_note("%.0f s, %llu rounds of %d calls, a map of %d, 5 moves of 8 MiB, a cell, an abort; %llu crashes", seconds,
               (unsigned long long) self->rounds, APPLIES, ITEMS, (unsigned long long) self->crashes);
    show(bench, "controller", before.ipcd, after.ipcd, UNIT_BYTES);
    show(bench, "supervisor", before.supervisor, after.supervisor, UNIT_BYTES);
    show(bench, "engines together", before.engines, after.engines, UNIT_BYTES);
    show(bench, "the client", before.client, after.client, UNIT_BYTES);
    show(bench, "shared memory", before.shared, after.shared, UNIT_BYTES);
    show(bench, "descriptors", before.descriptors, after.descriptors, UNIT_NUMBER);
    return 0;
}

int section_soak(const bench_t *bench, ipc_error_t *error)
{
    const char *asked = getenv("IPC_SOAK_SECONDS");
    double seconds = asked ? strtod(asked, NULL) : 600;
    bench_heading("soak: what is held at the end");
    soak_t self = {.client = bench_client(error)};
    if (!self.client)
        return -1;
    self.all = ipc_direct_view(self.client, "all", NULL);
    self.any = ipc_balanced_view(self.client, NULL, NULL);
    self.one = ipc_direct_view(self.client, "3", NULL);
    self.data = calloc(LARGE, sizeof self.data[0]);
    int rc = seconds > 0 ? soak(&self, bench, seconds, error)
                         : ipc_fail(error, IPC_E_ARGUMENT, "IPC_SOAK_SECONDS is no number of seconds: %s", asked);
    free(self.data);
    ipc_client_destroy(&self.client);
    return rc;
}
