//  Executed source: cells that nobody has compiled, and one that is known, on one engine and on all.
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "common/fail.h"

enum {
    COLD = 12,
    WARM = 500,
    APART_MS = 500 // one cell after another, as they are typed: the engine prepares the next one meanwhile
};

static IPC_REMOTE(int64_t, two, (void)) { return 2; }

//  Waits for a result and drops it; adds the time since start. 0, or -1 with *error.
static int take(ipc_result_t *result, samples_t *samples, double start, ipc_error_t *error)
{
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    samples_add(samples, bench_now() - start);
    ipc_result_destroy(&result);
    return failed;
}

//  Cells that no cache has: their names are of this second.
static int measure_cold(ipc_view_t *view, samples_t *samples, ipc_error_t *error)
{
    for (int i = 0; i < COLD; i++) {
        char source[128];
        snprintf(source, sizeof source, "double cold_%lx_%d = sqrt(%d);\ncold_%lx_%d * 2", (long) time(NULL), i, i,
                 (long) time(NULL), i);
        usleep(APART_MS * 1000);
        double start = bench_now();
        if (take(ipc_execute(view, source), samples, start, error))
            return -1;
    }
    return 0;
}

//  A cell that is known, and an empty call, in turns.
static int measure_warm(ipc_view_t *view, samples_t *cells, samples_t *calls, ipc_error_t *error)
{
    ipc_result_t *first = ipc_execute(view, "1 + 1");
    int failed = bench_finish(first, BENCH_WAIT_MS, error);
    ipc_result_destroy(&first);
    for (int i = 0; i < WARM && !failed; i++) {
        double start = bench_now();
        failed = take(ipc_execute_sync(view, "1 + 1"), cells, start, error);
        start = bench_now();
        failed = failed || take(ipc_apply_sync(view, two), calls, start, error);
    }
    return failed;
}

static int measure(const bench_t *bench, ipc_view_t *view, const char *const names[3], ipc_error_t *error)
{
    samples_t cold = {0}, warm = {0}, calls = {0};
    int failed = measure_cold(view, &cold, error) || measure_warm(view, &warm, &calls, error);
    if (!failed) {
        double call = samples_median(&calls);
        bench_row(bench, &(row_t){names[0], samples_median(&cold), UNIT_SECONDS, 0, NULL, 60e-3});
        bench_row(bench, &(row_t){"  the fastest of them", samples_percentile(&cold, 0), UNIT_SECONDS, 0, NULL, 0});
        bench_row(bench, &(row_t){names[1], call, UNIT_SECONDS, 0, NULL, 0});
        bench_row(bench, &(row_t){names[2], samples_median(&warm), UNIT_SECONDS, call, "a call", 1e-3});
    }
    samples_free(&cold);
    samples_free(&warm);
    samples_free(&calls);
    return failed ? -1 : 0;
}

int section_cells(const bench_t *bench, ipc_error_t *error)
{
    if (bench->raw)
        return 0; // nothing bare stands beside it
    bench_heading("executed source, medians");
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *one = client ? ipc_direct_view(client, "0", error) : NULL;
    ipc_auto(ipc_view_destroy) ipc_view_t *all = one ? ipc_direct_view(client, "all", error) : NULL;
    static const char *const of_one[] = {"a cell that nobody compiled, one engine", "an empty call, one engine",
                                         "a cell that is known, one engine"};
    static const char *const of_all[] = {"a cell that nobody compiled, four engines", "an empty call, four engines",
                                         "a cell that is known, four engines"};
    if (!all || measure(bench, one, of_one, error) || measure(bench, all, of_all, error))
        return -1;
    return 0;
}
