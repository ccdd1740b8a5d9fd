//  Synchronous empty calls, one at a time, beside the round trip of one frame through a
//  bare broker.
#include "bench/bench.h"
#include "bench/raw.h"
#include "common/fail.h"

enum { WARM_UP = 200, ROUNDS = 5, CALLS = 1000 };

static const double ROUND_LIMIT = 0.8; // seconds: a slow one makes fewer calls

// clang-format off
static IPC_REMOTE(void, nothing, (void)) {}
// clang-format on

//  Something that is called again and again: the raw round trip where there is no view.
typedef struct caller {
    const char *name;
    ipc_view_t *view;
    samples_t times;
} caller_t;

enum { RAW, DIRECT, BALANCED, ALL, CALLERS };

//  Seconds of one call, or -1 with *error.
static double call_once(const caller_t *self, raw_t *raw, ipc_error_t *error)
{
    if (!self->view) {
        double time = raw_round_trip(raw);
        return time < 0 ? ipc_fail(error, IPC_E_TIMEOUT, "the raw broker does not answer")
                        : time;
    }
    double start = bench_now();
    ipc_result_t *result = ipc_apply_sync(self->view, nothing);
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    double time = bench_now() - start;
    ipc_result_destroy(&result);
    return failed ? -1 : time;
}

//  All take turns, so that whatever else the machine does hits each of them.
static int measure(caller_t *callers, int count, raw_t *raw, ipc_error_t *error)
{
    for (int round = -1; round < ROUNDS; round++)
        for (caller_t *caller = callers; caller < callers + count; caller++) {
            double start = bench_now();
            int calls = round < 0 ? WARM_UP : CALLS;
            for (int i = 0; i < calls && bench_now() - start < ROUND_LIMIT; i++) {
                double time = call_once(caller, raw, error);
                if (time < 0)
                    return -1;
                if (round >= 0)
                    samples_add(&caller->times, time);
            }
        }
    return 0;
}

static void print(const bench_t *bench, caller_t *callers, int count)
{
    double p50 = samples_median(&callers[RAW].times);
    double p99 = samples_percentile(&callers[RAW].times, 99);
    for (caller_t *caller = callers; caller < callers + count; caller++) {
        char name[80];
        bool raw = caller == &callers[RAW];
        bool one_engine = caller == &callers[DIRECT] || caller == &callers[BALANCED];
        snprintf(name, sizeof name, "%s, p50", caller->name);
        bench_row(bench, &(row_t){name, samples_median(&caller->times), UNIT_SECONDS,
                                  raw ? 0 : p50, "raw p50", one_engine ? 1.25 * p50 : 0});
        bench_row(bench, &(row_t){"  p99", samples_percentile(&caller->times, 99),
                                  UNIT_SECONDS, raw ? 0 : p99, "raw p99", 0});
    }
}

//  Opens the views and measures them beside the raw round trip.
static int measure_cluster(const bench_t *bench, caller_t *callers, raw_t *raw,
                           ipc_error_t *error)
{
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    if (!client)
        return -1;
    callers[DIRECT].view = ipc_direct_view(client, "0", error);
    callers[BALANCED].view = ipc_balanced_view(client, NULL, error);
    callers[ALL].view = ipc_direct_view(client, "all", error);
    int result = -1;
    if (callers[DIRECT].view && callers[BALANCED].view && callers[ALL].view)
        result = measure(callers, CALLERS, raw, error);
    for (int i = DIRECT; i < CALLERS; i++) ipc_view_destroy(&callers[i].view);
    return result;
}

int section_calls(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("synchronous empty calls");
    caller_t callers[CALLERS] = {
        [RAW] = {.name = "raw ZeroMQ round trip through a broker process"},
        [DIRECT] = {.name = "empty call, one engine, direct"},
        [BALANCED] = {.name = "empty call, balanced"},
        [ALL] = {.name = "empty call, on all 4 engines"},
    };
    raw_t raw;
    if (raw_start(&raw, "one", bench->directory, 1, error))
        return -1;
    int result = bench->raw ? measure(callers, 1, &raw, error)
                            : measure_cluster(bench, callers, &raw, error);
    raw_stop(&raw);
    if (!result)
        print(bench, callers, bench->raw ? 1 : CALLERS);
    for (int i = 0; i < CALLERS; i++) samples_free(&callers[i].times);
    return result;
}
