//  What a queued task costs in the controller: a million of them behind engines that are
//  held up.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"
#include "common/fail.h"

enum { TASKS = 1000000, LOOKS = 200, STEADY_LOOKS = 5 };

//  Holds its engine until somebody opens the FIFO for writing.
static IPC_REMOTE(void, hold, (const char *fifo))
{
    int end = open(fifo, O_RDONLY | O_CLOEXEC);
    if (end < 0)
        ipc_raise("HoldError", "cannot open %s: %s", fifo, strerror(errno));
    close(end);
}

static IPC_REMOTE(int64_t, same, (int64_t item))
{
    return item;
}

static pid_t find_controller(const bench_t *bench)
{
    member_t members[CLUSTER_MEMBERS_MAX];
    size_t count = cluster_members(bench, members, CLUSTER_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(members[i].program, "ipcd"))
            return members[i].pid;
    return 0;
}

//  The controller's memory once it no longer changes. From outside no event tells that it
//  has read all that was sent to it, so this one looks.
static int steady_memory(pid_t pid, double *pss, ipc_error_t *error)
{
    memory_t before = {0}, now;
    for (int look = 0, steady = 0; look < LOOKS && steady < STEADY_LOOKS; look++) {
        if (process_memory(pid, &now, error))
            return -1;
        steady = now.pss == before.pss ? steady + 1 : 0;
        before = now;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    *pss = now.pss;
    return 0;
}

//  Fills the queue, measures, opens the FIFO, measures again.
static int measure(const bench_t *bench, ipc_view_t *all, ipc_view_t *any, const char *fifo,
                   ipc_error_t *error)
{
    pid_t controller = find_controller(bench);
    double idle, full, after;
    if (!controller)
        return ipc_fail(error, IPC_E_NAME, "no process of the cluster runs ipcd");
    if (steady_memory(controller, &idle, error))
        return -1;
    ipc_result_t *held = ipc_apply(all, hold, fifo);
    ipc_result_t *tasks =
        ipc_map_with(any, same, ipc_range(0, TASKS), &(ipc_options_t){.chunk = 1});
    int failed = steady_memory(controller, &full, error);
    // Open for both, so that it never waits and no late engine is left behind.
    int gate = open(fifo, O_RDWR | O_CLOEXEC);
    failed = failed || bench_finish(held, BENCH_WAIT_MS, error) ||
             bench_finish(tasks, BENCH_WAIT_MS, error);
    close(gate);
    ipc_result_destroy(&tasks);
    ipc_result_destroy(&held);
    if (failed || steady_memory(controller, &after, error))
        return -1;
    bench_row(bench, &(row_t){"ipcd, for each of 1,000,000 queued tasks",
                              (full - idle) / TASKS, UNIT_BYTES, 0, NULL, 300});
    bench_row(bench, &(row_t){"ipcd, all of it, while they are queued", full, UNIT_BYTES,
                              idle, "before", 0});
    bench_row(bench,
              &(row_t){"ipcd, after delivery", after, UNIT_BYTES, idle, "before", 0});
    return 0;
}

int section_queue(const bench_t *bench, ipc_error_t *error)
{
    if (bench->raw)
        return 0; // nothing bare stands beside it
    bench_heading("queued tasks");
    char fifo[IPC_PATH_MAX + 8];
    snprintf(fifo, sizeof fifo, "%s/gate", bench->directory);
    if (mkfifo(fifo, 0600) && errno != EEXIST)
        return ipc_fail(error, IPC_E_SYSTEM, "cannot make %s: %s", fifo, strerror(errno));
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *all =
        client ? ipc_direct_view(client, "all", error) : NULL;
    ipc_auto(ipc_view_destroy) ipc_view_t *any =
        all ? ipc_balanced_view(client, NULL, error) : NULL;
    return any ? measure(bench, all, any, fifo, error) : -1;
}
