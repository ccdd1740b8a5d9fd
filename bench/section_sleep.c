//  The lecture's exercise 4: 1024 items, each of which sleeps 10 ms times the id of its
//  engine.
#include <unistd.h>

#include "bench/bench.h"
#include "bench/mixtures.h"
#include "common/fail.h"

enum { ITEMS = 1024, DIRECT_WAIT_MS = 30000 };

static IPC_REMOTE(int64_t, return_id, (int64_t item))
{
    (void) item;
    int64_t id = ipc_engine_id();
    usleep((useconds_t) (10000 * id));
    return id;
}

//  Who did how many items, and how long they took there.
typedef struct shares {
    size_t counts[BENCH_ENGINES];
    double seconds[BENCH_ENGINES];
} shares_t;

//  Adds up what each engine did. Each item gave the id of the engine that it was on.
static int share_out(shares_t *self, ipc_result_t *result, ipc_error_t *error)
{
    size_t seen = 0;
    for (const ipc_item_t *item; (item = ipc_result_next(result)); seen++) {
        int engine = item->engine;
        if (engine < 0 || engine >= BENCH_ENGINES || ipc_value_i64(item->value) != engine)
            return ipc_fail(error, IPC_E_PROTOCOL, "item %zu of engine %d gave another id",
                            item->index, engine);
        self->counts[engine]++;
        self->seconds[engine] += item->finished - item->started;
    }
    return seen == ITEMS ? 0
                         : ipc_fail(error, IPC_E_PROTOCOL, "%zu items were there", seen);
}

//  Seconds of the ideal schedule, had each item taken what the engine's items took on
//  average: sleeping for no time takes some, and more on a busy machine.
static double ideal_of(const shares_t *self)
{
    double ones[ITEMS];
    speeds_t speeds = {"as measured", 0, {0}};
    for (size_t i = 0; i < ITEMS; i++) ones[i] = 1;
    for (int i = 0; i < BENCH_ENGINES; i++)
        if (self->counts[i] > 0)
            speeds.factors[speeds.count++] = self->seconds[i] / (double) self->counts[i];
    return schedule_in_order(ones, ITEMS, &speeds);
}

//  Maps once. Prints who did how many. Seconds, or -1 with *error.
static double run(ipc_view_t *view, int timeout_ms, double *ideal, ipc_error_t *error)
{
    shares_t shares = {0};
    double start = bench_now();
    ipc_result_t *result = ipc_map(view, return_id, ipc_range(0, ITEMS));
    int failed = bench_finish(result, timeout_ms, error);
    double time = bench_now() - start;
    failed = failed || share_out(&shares, result, error);
    if (!failed) {
        const size_t *counts = shares.counts;
        bench_note(
            "items of engine 0, 1, 2, 3: %zu, %zu, %zu, %zu; one on engine 0 took %.0f us",
            counts[0], counts[1], counts[2], counts[3],
            shares.seconds[0] / (double) counts[0] * 1e6);
        *ideal = ideal_of(&shares);
    }
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
    double ideal = 0;
    for (int i = 0; i < 3; i++) {
        double time = run(any, BENCH_WAIT_MS, &ideal, error);
        if (time < 0)
            return -1;
        bench_row(bench, &(row_t){names[i], time, UNIT_SECONDS, ideal, "ideal at that pace",
                                  45e-3});
    }
    if (!bench->slow)
        return bench_note("direct: 256 items on engine 3 are 7.7 s; measured with --slow"),
               0;
    double time = run(all, DIRECT_WAIT_MS, &ideal, error);
    if (time < 0)
        return -1;
    bench_row(bench, &(row_t){"direct", time, UNIT_SECONDS, 256 * 30e-3, "the sleeps", 0});
    return 0;
}
