//  The lecture's exercise 4: 1024 items, each of which sleeps 10 ms times the id of its
//  engine.
#include <unistd.h>

#include "bench/bench.h"
#include "common/fail.h"

enum { ITEMS = 1024, DIRECT_WAIT_MS = 30000 };

static IPC_REMOTE(int64_t, return_id, (int64_t item))
{
    (void) item;
    int64_t id = ipc_engine_id();
    usleep((useconds_t) (10000 * id));
    return id;
}

//  Maps once. Prints who did how many. Seconds, or -1 with *error.
static double run(ipc_view_t *view, int timeout_ms, ipc_error_t *error)
{
    double start = bench_now();
    ipc_result_t *result = ipc_map(view, return_id, ipc_range(0, ITEMS));
    int failed = bench_finish(result, timeout_ms, error);
    double time = bench_now() - start;
    size_t done_by[BENCH_ENGINES] = {0};
    for (size_t i = 0; i < ITEMS && !failed; i++) {
        uint64_t id = (uint64_t) ipc_result_i64(result, i);
        if (id < BENCH_ENGINES)
            done_by[id]++;
    }
    if (!failed)
        bench_note("items of engine 0, 1, 2, 3: %zu, %zu, %zu, %zu", done_by[0], done_by[1],
                   done_by[2], done_by[3]);
    ipc_result_destroy(&result);
    return failed ? -1 : time;
}

//  What the exercise does first: each engine gets its own id.
static int scatter_ids(ipc_view_t *all, ipc_error_t *error)
{
    ipc_result_t *scattered = ipc_scatter(all, "id", ipc_range(0, BENCH_ENGINES));
    int failed = bench_finish(scattered, BENCH_WAIT_MS, error);
    ipc_result_destroy(&scattered);
    return failed;
}

int section_sleep(const bench_t *bench, ipc_error_t *error)
{
    if (bench->raw)
        return 0; // nothing bare stands beside it
    bench_heading("lecture exercise 4: 1024 items, engine i sleeps i x 10 ms");
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *all =
        client ? ipc_direct_view(client, "all", error) : NULL;
    ipc_auto(ipc_view_destroy) ipc_view_t *any =
        all ? ipc_balanced_view(client, NULL, error) : NULL;
    if (!any || scatter_ids(all, error))
        return -1;
    static const char *const names[] = {"balanced, the first time", "balanced, the second",
                                        "balanced, the third"};
    const double perfect = 30e-3; // one item on the slowest engine
    for (int i = 0; i < 3; i++) {
        double time = run(any, BENCH_WAIT_MS, error);
        if (time < 0)
            return -1;
        bench_row(bench, &(row_t){names[i], time, UNIT_SECONDS, perfect,
                                  "one item's longest", 45e-3});
    }
    if (!bench->slow)
        return bench_note("direct: 256 items on engine 3 are 7.7 s; measured with --slow"),
               0;
    double time = run(all, DIRECT_WAIT_MS, error);
    if (time < 0)
        return -1;
    bench_row(bench, &(row_t){"direct", time, UNIT_SECONDS, 256 * 30e-3, "the sleeps", 0});
    return 0;
}
