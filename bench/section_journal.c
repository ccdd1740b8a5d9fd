//  What durable work costs: the same loads on clusters without a journal, with one, and with one that is on the disk
//  before it is acknowledged (sync). All three run at once, and are measured in turns.
#include <stdlib.h>

#include "bench/bench.h"
#include "common/fail.h"

enum { KINDS = 3, ROUNDS = 3, MAP_TASKS = 200000, APPLY_TASKS = 50000, CALLS = 300 };

// clang-format off
static IPC_REMOTE(int64_t, same_journaled, (int64_t item)) { return item; }
// clang-format on

typedef struct kind {
    const char *journal; // of ipc_cluster_options_t
    const char *names[3]; // of its rows
    ipc_cluster_t *cluster;
    ipc_client_t *client;
    ipc_view_t *any;
    double best[3]; // a second: tasks of a map, of ipc_apply(), synchronous calls
} kind_t;

static int open_kind(kind_t *self, ipc_error_t *error)
{
    self->cluster = ipc_cluster_start(
        &(ipc_cluster_options_t){.engines = BENCH_ENGINES, .journal = self->journal}, error);
    self->client = self->cluster ? ipc_cluster_client(self->cluster, error) : NULL;
    self->any = self->client ? ipc_balanced_view(self->client, NULL, error) : NULL;
    return self->any ? 0 : -1;
}

static void close_kind(kind_t *self)
{
    ipc_view_destroy(&self->any);
    ipc_client_destroy(&self->client);
    ipc_cluster_stop(&self->cluster);
}

static double map_once(ipc_view_t *any, ipc_error_t *error)
{
    double start = bench_now();
    ipc_result_t *result = ipc_map_with(any, same_journaled, ipc_range(0, MAP_TASKS),
                                        &(ipc_options_t){.chunk = 1});
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    double time = bench_now() - start;
    ipc_result_destroy(&result);
    return failed ? -1 : MAP_TASKS / time;
}

//  All are under way before the first one is waited for.
static double apply_once(ipc_view_t *any, ipc_error_t *error)
{
    static ipc_result_t *results[APPLY_TASKS];
    int failed = 0;
    double start = bench_now();
    for (int64_t i = 0; i < APPLY_TASKS; i++) results[i] = ipc_apply(any, same_journaled, i);
    for (int64_t i = 0; i < APPLY_TASKS; i++) {
        failed = failed || bench_finish(results[i], BENCH_WAIT_MS, error);
        ipc_result_destroy(&results[i]);
    }
    return failed ? -1 : APPLY_TASKS / (bench_now() - start);
}

static double call_once(ipc_view_t *any, ipc_error_t *error)
{
    double start = bench_now();
    for (int64_t i = 0; i < CALLS; i++) {
        ipc_result_t *result = ipc_apply_sync(any, same_journaled, i);
        int failed = bench_finish(result, BENCH_WAIT_MS, error);
        ipc_result_destroy(&result);
        if (failed)
            return -1;
    }
    return CALLS / (bench_now() - start);
}

static int measure(kind_t kinds[KINDS], ipc_error_t *error)
{
    static double (*const loads[])(ipc_view_t *any, ipc_error_t *error) = {map_once, apply_once, call_once};
    for (int round = 0; round <= ROUNDS; round++) // the first one warms up
        for (int load = 0; load < 3; load++)
            for (int i = 0; i < KINDS; i++) {
                double rate = loads[load](kinds[i].any, error);
                if (rate < 0)
                    return -1;
                if (round > 0 && rate > kinds[i].best[load])
                    kinds[i].best[load] = rate;
            }
    return 0;
}

int section_journal(const bench_t *bench, ipc_error_t *error)
{
    if (bench->raw)
        return 0; // nothing bare stands beside it
    kind_t kinds[KINDS] = {
        {.names = {"map, chunk 1: no journal", "ipc_apply one by one: no journal", "synchronous calls: no journal"}},
        {.journal = "", .names = {"map: --journal", "ipc_apply: --journal", "calls: --journal"}},
        {.journal = "sync", .names = {"map: --journal=sync", "ipc_apply: --journal=sync", "calls: --journal=sync"}},
    };
    bench_heading("the journal: three clusters at once, measured in turns, the best of three");
    setenv("XDG_STATE_HOME", bench->directory, 1); // where the journals are; this process is the section's alone
    int failed = 0;
    for (int i = 0; i < KINDS && !failed; i++) failed = open_kind(&kinds[i], error);
    failed = failed || measure(kinds, error);
    for (int load = 0; load < 3 && !failed; load++)
        for (int i = 0; i < KINDS; i++) {
            double none = kinds[0].best[load];
            // Half of what it is without: the budget of --journal. What is on the disk first takes the disk's time.
            bench_row(bench, &(row_t){kinds[i].names[load], kinds[i].best[load], UNIT_PER_SECOND, i ? none : 0,
                                      "without", i == 1 ? none / 2 : 0});
        }
    for (int i = 0; i < KINDS; i++) close_kind(&kinds[i]);
    return failed;
}
