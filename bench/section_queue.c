//  What queued work costs in the controller, behind engines that are held up: calls, each of which is a
//  message's entry of its own, and the items of a map, which may travel as a range.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"
#include "common/fail.h"

enum { CALLS = 250000, ITEMS = 1000000, MANY_ITEMS = 10000000, TIMES = 10, LOOKS = 200, STEADY_LOOKS = 5 };

//  After delivery the controller is idle again: the most that it may then have, in bytes.
static const double IDLE_BUDGET = 8e6;

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

//  Something that is queued: count tasks in results_count results.
typedef struct load {
    const char *name;
    size_t count, results_count;
    ipc_result_t **results;
} load_t;

static void queue_calls(load_t *self, ipc_view_t *any)
{
    *self = (load_t){.name = "ipcd, for each of 250,000 queued calls", .count = CALLS};
    self->results = ipc_xalloc(CALLS * sizeof *self->results);
    for (int64_t i = 0; i < CALLS; i++)
        self->results[self->results_count++] = ipc_apply(any, same, i);
}

static void queue_map(load_t *self, ipc_view_t *any)
{
    *self = (load_t){.name = "ipcd, for each of 1,000,000 items of a queued map",
                     .count = ITEMS};
    self->results = ipc_xalloc(sizeof *self->results);
    self->results[self->results_count++] =
        ipc_map_with(any, same, ipc_range(0, ITEMS), &(ipc_options_t){.chunk = 1});
}

//  Waits for all of it and frees it.
static int finish(load_t *self, bool failed, ipc_error_t *error)
{
    for (size_t i = 0; i < self->results_count; i++) {
        failed = failed || bench_finish(self->results[i], BENCH_WAIT_MS, error);
        ipc_result_destroy(&self->results[i]);
    }
    free(self->results);
    return failed ? -1 : 0;
}

//  The place of the measurement.
typedef struct queue {
    pid_t controller;
    ipc_view_t *all, *any;
    const char *fifo;
} queue_t;

//  Holds the engines, queues, measures, lets go, measures again.
static int measure(const bench_t *bench, const queue_t *self,
                   void (*fill)(load_t *, ipc_view_t *), ipc_error_t *error)
{
    double idle = 0, full = 0, after = 0;
    if (steady_memory(self->controller, &idle, error))
        return -1;
    ipc_result_t *held = ipc_apply(self->all, hold, self->fifo);
    load_t load;
    fill(&load, self->any);
    bool failed = steady_memory(self->controller, &full, error);
    // Open for both, so that it never waits and no late engine is left behind.
    int gate = open(self->fifo, O_RDWR | O_CLOEXEC);
    failed = failed || bench_finish(held, BENCH_WAIT_MS, error);
    failed = finish(&load, failed, error);
    close(gate);
    ipc_result_destroy(&held);
    if (failed || steady_memory(self->controller, &after, error))
        return -1;
    bench_row(bench, &(row_t){load.name, (full - idle) / (double) load.count, UNIT_BYTES, 0,
                              NULL, 300});
    bench_row(bench, &(row_t){"  all of it, while they are queued", full, UNIT_BYTES, idle,
                              "before", 0});
    bench_row(bench,
              &(row_t){"  after delivery", after, UNIT_BYTES, idle, "before", IDLE_BUDGET});
    return 0;
}

static int run_map(ipc_view_t *any, int64_t items, size_t chunk, ipc_result_t **result, ipc_error_t *error)
{
    *result = ipc_map_with(any, same, ipc_range(0, items), &(ipc_options_t){.chunk = chunk});
    return bench_finish(*result, BENCH_WAIT_MS, error);
}

//  Whether the controller stays as it is over many tasks.
static int measure_flat(const bench_t *bench, const queue_t *self, ipc_error_t *error)
{
    double first = 0, last = 0;
    for (int i = 0; i < TIMES; i++) {
        ipc_result_t *result;
        int failed = run_map(self->any, ITEMS, 1, &result, error);
        ipc_result_destroy(&result);
        if (failed || steady_memory(self->controller, i ? &last : &first, error))
            return -1;
    }
    bench_row(bench, &(row_t){"ipcd after 10 x 1,000,000 tasks", last, UNIT_BYTES, first, "after one", IDLE_BUDGET});
    return 0;
}

//  What ten million numbers cost the program that has them.
static int measure_client(const bench_t *bench, const queue_t *self, ipc_error_t *error)
{
    memory_t before, after;
    ipc_result_t *result = NULL;
    if (process_memory(getpid(), &before, error) || run_map(self->any, MANY_ITEMS, 0, &result, error) ||
        process_memory(getpid(), &after, error)) {
        ipc_result_destroy(&result);
        return -1;
    }
    const ipc_array_t *joined = ipc_result_joined(result); // the same memory
    int64_t sum = 0;
    for (int64_t i = 0; joined && i < MANY_ITEMS; i++) sum += ipc_array_i64(joined)[i] == i;
    ipc_result_destroy(&result);
    if (sum != MANY_ITEMS)
        return ipc_fail(error, IPC_E_PROTOCOL, "%lld of 10,000,000 items are right", (long long) sum);
    bench_row(bench, &(row_t){"the client, for each of 10,000,000 items of a map",
                              (after.pss - before.pss) / MANY_ITEMS, UNIT_BYTES, 8, "a number", 9});
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
    if (!any)
        return -1;
    queue_t queue = {
        .controller = find_controller(bench), .all = all, .any = any, .fifo = fifo};
    if (!queue.controller)
        return ipc_fail(error, IPC_E_NAME, "no process of the cluster runs ipcd");
    return measure(bench, &queue, queue_map, error) ||
                   measure(bench, &queue, queue_calls, error) ||
                   measure_flat(bench, &queue, error) || measure_client(bench, &queue, error)
               ? -1
               : 0;
}
