//  How many empty tasks a second get through, beside bare ZeroMQ with as many workers.
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/raw.h"
#include "common/fail.h"

enum {
    RUNS = 3,
    MAP_TASKS = 200000, // a map in which each item is a task
    APPLY_TASKS = 100000,
    CALLS = 1000000,    // of three arguments, one after another
    MAP_ITEMS = 1000000, // a map that chooses its own chunks
    RAW_FRAMES = 200000,
    RAW_RECORDS = 2000000,
    WARM_UP = 5000
};

static const double RUN_LIMIT = 6; // seconds for one figure; then it is not repeated

// clang-format off
static IPC_REMOTE(void, nothing, (void)) {}
// clang-format on

static IPC_REMOTE(int64_t, same, (int64_t item))
{
    return item;
}

static IPC_REMOTE(int64_t, sum, (int64_t a, int64_t b, int64_t c))
{
    return a + b + c;
}

//  Something that moves count tasks: seconds, or -1 with *error.
typedef struct mover mover_t;
struct mover {
    const char *name;
    double (*move)(const mover_t *self, size_t count, ipc_error_t *error);
    size_t count;
    raw_t *raw;
    ipc_view_t *view;
    size_t chunk; // of a map; 0: automatic
    double rate;  // found: the median
    double *submitting; // seconds, of each run that was measured; or NULL
};

static double move_frames(const mover_t *self, size_t count, ipc_error_t *error)
{
    double time = raw_requests(self->raw, count);
    return time < 0 ? ipc_fail(error, IPC_E_TIMEOUT, "the raw broker does not answer")
                    : time;
}

static double move_batches(const mover_t *self, size_t count, ipc_error_t *error)
{
    double time = raw_batches(self->raw, count);
    return time < 0 ? ipc_fail(error, IPC_E_TIMEOUT, "the raw broker does not answer")
                    : time;
}

//  Whether each result is its own item's.
static int check_items(ipc_result_t *result, size_t count, ipc_error_t *error)
{
    const ipc_array_t *joined = ipc_result_joined(result);
    const int64_t *values = joined ? ipc_array_i64(joined) : NULL;
    if (!values || ipc_array_count(joined) != count)
        return ipc_fail(error, IPC_E_PROTOCOL,
                        "a map over %zu items gives no array of them", count);
    for (size_t i = 0; i < count; i++)
        if (values[i] != (int64_t) i)
            return ipc_fail(error, IPC_E_PROTOCOL, "item %zu of the map gave %lld", i,
                            (long long) values[i]);
    return 0;
}

static double move_map(const mover_t *self, size_t count, ipc_error_t *error)
{
    double start = bench_now();
    ipc_result_t *result = ipc_map_with(self->view, same, ipc_range(0, (int64_t) count),
                                        &(ipc_options_t){.chunk = self->chunk});
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    double time = bench_now() - start;
    failed = failed || check_items(result, count, error);
    ipc_result_destroy(&result);
    return failed ? -1 : time;
}

//  Each task a call of its own, all under way at once.
static double move_apply(const mover_t *self, size_t count, ipc_error_t *error)
{
    ipc_result_t **results = ipc_xalloc(count * sizeof *results);
    double start = bench_now();
    for (size_t i = 0; i < count; i++) results[i] = ipc_apply(self->view, nothing);
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = bench_finish(results[i], BENCH_WAIT_MS, error);
    double time = bench_now() - start;
    for (size_t i = 0; i < count; i++) ipc_result_destroy(&results[i]);
    free(results);
    return failed ? -1 : time;
}

//  The same with arguments, and each result is read.
static double move_calls(const mover_t *self, size_t count, ipc_error_t *error)
{
    ipc_result_t **results = ipc_xalloc(count * sizeof *results);
    double start = bench_now();
    for (size_t i = 0; i < count; i++)
        results[i] = ipc_apply(self->view, sum, (int64_t) i, (int64_t) 20, (int64_t) 22);
    *self->submitting = bench_now() - start;
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        if (ipc_result_i64(results[i], 0) != (int64_t) i + 42)
            failed = ipc_fail(error, IPC_E_PROTOCOL, "call %zu gave %lld", i,
                              (long long) ipc_result_i64(results[i], 0));
    double time = bench_now() - start;
    for (size_t i = 0; i < count; i++) ipc_result_destroy(&results[i]);
    free(results);
    return failed ? -1 : time;
}

static int measure(mover_t *self, ipc_error_t *error)
{
    samples_t rates = {0};
    double begun = bench_now();
    int failed = self->move(self, WARM_UP, error) < 0;
    for (int i = 0; i < RUNS && !failed && bench_now() - begun < RUN_LIMIT; i++) {
        double time = self->move(self, self->count, error);
        failed = time < 0;
        samples_add(&rates, (double) self->count / time);
    }
    self->rate = samples_median(&rates);
    samples_free(&rates);
    return failed ? -1 : 0;
}

static int measure_raw(const bench_t *bench, mover_t *self, const char *kind,
                       ipc_error_t *error)
{
    raw_t raw;
    if (raw_start(&raw, kind, bench->directory, BENCH_ENGINES, error))
        return -1;
    self->raw = &raw;
    int result = measure(self, error);
    self->raw = NULL;
    raw_stop(&raw);
    return result;
}

static int measure_cluster(const bench_t *bench, const mover_t *frames,
                           const mover_t *batches, ipc_error_t *error)
{
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *any =
        client ? ipc_balanced_view(client, NULL, error) : NULL;
    if (!any)
        return -1;
    mover_t map = {.move = move_map, .count = MAP_TASKS, .view = any, .chunk = 1};
    mover_t apply = {.move = move_apply, .count = APPLY_TASKS, .view = any};
    double submitting = 0;
    mover_t calls = {.move = move_calls, .count = CALLS, .view = any, .submitting = &submitting};
    mover_t items = {.move = move_map, .count = MAP_ITEMS, .view = any};
    if (measure(&map, error))
        return -1;
    bench_row(bench, &(row_t){"map, 200,000 items, each its own task (chunk 1)", map.rate,
                              UNIT_PER_SECOND, batches->rate, "batched", 1e6});
    bench_row(bench, &(row_t){"  the same figure", map.rate, UNIT_PER_SECOND, frames->rate,
                              "one frame", 0});
    if (measure(&apply, error))
        return -1;
    bench_row(bench, &(row_t){"ipc_apply, 100,000 calls, then wait for each", apply.rate,
                              UNIT_PER_SECOND, batches->rate, "batched", 5e5});
    if (measure(&calls, error))
        return -1;
    bench_row(bench, &(row_t){"ipc_apply of 3 arguments, 1,000,000 calls, each result read", calls.rate,
                              UNIT_PER_SECOND, batches->rate, "batched", 5e5});
    bench_row(bench, &(row_t){"  of which submitting them (the last run)", submitting, UNIT_SECONDS, 0, NULL, 1.0});
    if (measure(&items, error))
        return -1;
    bench_row(bench, &(row_t){"map, 1,000,000 items, automatic chunks (items/s)",
                              items.rate, UNIT_PER_SECOND, batches->rate, "batched", 0});
    return 0;
}

int section_tasks(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("balanced empty tasks, 4 engines");
    mover_t frames = {.move = move_frames, .count = RAW_FRAMES};
    mover_t batches = {.move = move_batches, .count = RAW_RECORDS};
    if (measure_raw(bench, &frames, "one", error) ||
        measure_raw(bench, &batches, "batch", error))
        return -1;
    bench_row(bench, &(row_t){"raw ZeroMQ, one frame for each request, 4 workers",
                              frames.rate, UNIT_PER_SECOND, 0, NULL, 0});
    bench_row(bench, &(row_t){"bare batched model: 500 records of 32 bytes in a message",
                              batches.rate, UNIT_PER_SECOND, frames.rate, "one frame", 0});
    return bench->raw ? 0 : measure_cluster(bench, &frames, &batches, error);
}
