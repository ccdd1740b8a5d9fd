//  Synchronous empty calls, one at a time, beside the round trip of one frame through a
//  bare broker: on an idle cluster, and while another client has it do a million tasks.
#include "bench/bench.h"
#include "bench/raw.h"
#include "bench/rival.h"
#include "common/fail.h"

enum { WARM_UP = 200, ROUNDS = 5, CALLS = 1000, CORES = 2 };

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

//  The same calls beside a rival: what counts is the time that hardly any of them exceeds.
static void print_beside(const bench_t *bench, caller_t *callers, int count)
{
    static const double limit = 1e-3;
    double p99 = samples_percentile(&callers[RAW].times, 99);
    for (caller_t *caller = callers; caller < callers + count; caller++) {
        bool raw = caller == &callers[RAW];
        char name[80];
        snprintf(name, sizeof name, "  %s, p99", caller->name);
        bench_row(bench, &(row_t){name, samples_percentile(&caller->times, 99),
                                  UNIT_SECONDS, raw ? 0 : p99, "raw p99", raw ? 0 : limit});
        bench_note("p50 %.0f us, longest %.2f ms, of %zu",
                   samples_median(&caller->times) * 1e6,
                   samples_percentile(&caller->times, 100) * 1e3, caller->times.count);
    }
}

static void name_callers(caller_t callers[CALLERS])
{
    callers[RAW].name = "raw ZeroMQ round trip through a broker process";
    callers[DIRECT].name = "empty call, one engine, direct";
    callers[BALANCED].name = "empty call, balanced";
    callers[ALL].name = "empty call, on all 4 engines";
}

static void free_samples(caller_t callers[CALLERS])
{
    for (int i = 0; i < CALLERS; i++) samples_free(&callers[i].times);
}

//  The calls while nothing else goes on.
static int measure_idle(const bench_t *bench, caller_t callers[CALLERS], int count,
                        raw_t *raw, ipc_error_t *error)
{
    int result = measure(callers, count, raw, error);
    if (!result)
        print(bench, callers, count);
    free_samples(callers);
    return result;
}

enum { COMPUTE, STREAM = CORES, RIVALS };

//  The raw round trip while each core has something to compute: the machine's own part.
static int measure_busy(const bench_t *bench, caller_t callers[CALLERS],
                        rival_t rivals[RIVALS], raw_t *raw, ipc_error_t *error)
{
    for (int i = COMPUTE; i < STREAM; i++) rival_begin(&rivals[i]);
    int result = measure(callers, 1, raw, error);
    for (int i = COMPUTE; i < STREAM; i++) rival_end(&rivals[i]);
    if (!result) {
        bench_note("while %d processes compute:", CORES);
        print_beside(bench, callers, 1);
    }
    free_samples(callers);
    return result;
}

//  The calls while another client streams tasks.
static int measure_beside_stream(const bench_t *bench, caller_t callers[CALLERS],
                                 rival_t *rival, raw_t *raw, ipc_error_t *error)
{
    rival_begin(rival);
    if (!rival_progress(rival, BENCH_WAIT_MS))
        return ipc_fail(error, IPC_E_TIMEOUT, "the other client gets nothing done");
    double start = bench_now();
    int result = measure(callers, ALL, raw, error);
    double time = bench_now() - start;
    size_t maps = rival_progress(rival, BENCH_WAIT_MS);
    rival_end(rival);
    if (!result) {
        bench_note("while another client does a million tasks again and again, %.2f M/s:",
                   (double) maps / time);
        print_beside(bench, callers, ALL);
    }
    free_samples(callers);
    return result;
}

//  Opens the views and measures them beside the raw round trip.
static int measure_cluster(const bench_t *bench, caller_t callers[CALLERS],
                           rival_t rivals[RIVALS], raw_t *raw, ipc_error_t *error)
{
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    if (!client)
        return -1;
    callers[DIRECT].view = ipc_direct_view(client, "0", error);
    callers[BALANCED].view = ipc_balanced_view(client, NULL, error);
    callers[ALL].view = ipc_direct_view(client, "all", error);
    int result = -1;
    if (callers[DIRECT].view && callers[BALANCED].view && callers[ALL].view)
        result = measure_idle(bench, callers, CALLERS, raw, error) ||
                         measure_busy(bench, callers, rivals, raw, error) ||
                         measure_beside_stream(bench, callers, &rivals[STREAM], raw, error)
                     ? -1
                     : 0;
    for (int i = DIRECT; i < CALLERS; i++) ipc_view_destroy(&callers[i].view);
    return result;
}

static int make_rivals(rival_t rivals[RIVALS], ipc_error_t *error)
{
    for (int i = 0; i < RIVALS; i++)
        if (rival_make(&rivals[i], i < STREAM ? rival_computes : rival_streams, error))
            return -1;
    return 0;
}

int section_calls(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("synchronous empty calls");
    caller_t callers[CALLERS] = {0};
    rival_t rivals[RIVALS] = {0};
    raw_t raw;
    name_callers(callers);
    int result = make_rivals(rivals, error);
    if (!result && !(result = raw_start(&raw, "one", bench->directory, 1, error))) {
        result = bench->raw ? measure_idle(bench, callers, 1, &raw, error)
                            : measure_cluster(bench, callers, rivals, &raw, error);
        raw_stop(&raw);
    }
    for (int i = 0; i < RIVALS; i++) rival_end(&rivals[i]);
    return result;
}
