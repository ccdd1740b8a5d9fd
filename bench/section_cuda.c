//  The kernels on a CUDA device, beside a copy from device to device in the same run. All
//  arrays are on the device before and after, so that nothing but the device is measured.
//      IPC_CUDA_N   of the environment: the length of the large grid, of which the small one
//                   has a sixteenth, the solid a thirty-second; the budgets are for 16384
#include <stdlib.h>

#include "bench/bench.h"
#include "common/fail.h"

enum { LARGE = 16384, LEAST = 128, STEPS = 200, SMALL_STEPS = 1000, RUNS = 5 };

static int large_length(void)
{
    const char *text = getenv("IPC_CUDA_N");
    const long given = text ? strtol(text, NULL, 10) : LARGE;
    return given < LEAST ? LEAST : given > 4 * LARGE ? 4 * LARGE : (int) given;
}

//  Bytes of a grid, read and written once.
static double pass_bytes(double points)
{
    return 16 * points;
}

//  Seconds of the last solve on the engine, as its module tells; -1 with *error.
static double last_seconds(ipc_view_t *view, ipc_error_t *error)
{
    ipc_result_t *info = ipc_apply_named(view, "heat.info");
    double seconds = -1;
    if (!bench_finish(info, BENCH_WAIT_MS, error))
        seconds = ipc_value_f64(
            ipc_value_get(ipc_value_get(ipc_result_value(info, 0), "last"), "seconds"));
    ipc_result_destroy(&info);
    return seconds;
}

static int call(ipc_view_t *view, const char *function, ipc_value_t keywords,
                ipc_error_t *error)
{
    ipc_result_t *result = ipc_apply_named(view, function, keywords);
    const int failed = bench_finish(result, BENCH_WAIT_MS, error);
    ipc_result_destroy(&result);
    return failed;
}

//  The median time of a solve that begins with u and leaves v; -1 with *error.
static double solve(ipc_view_t *view, const char *method, int steps, ipc_error_t *error)
{
    samples_t times = {0};
    bool failed = false;
    for (int i = 0; i <= RUNS && !failed; i++) {
        failed = call(view, "heat.solve",
                      ipc_dict("initial", ipc_ref("u"), "steps", steps, "method", method,
                               "keep", "v"),
                      error);
        const double seconds = failed ? -1 : last_seconds(view, error);
        failed = seconds < 0;
        if (i > 0) // the first one makes plans and memory
            samples_add(&times, seconds);
    }
    const double median = failed ? -1 : samples_median(&times);
    samples_free(&times);
    return median;
}

static int make_grid(ipc_view_t *view, ipc_value_t shape, ipc_error_t *error)
{
    return call(view, "random.uniform", ipc_dict("shape", shape, "device", "cuda", "keep", "u"), error);
}

//  A step in three dimensions. 0, or -1 with *error.
static int measure_solid(const bench_t *bench, ipc_view_t *view, double bandwidth, ipc_error_t *error)
{
    const int n = large_length() / 32;
    const double pass = pass_bytes((double) n * n * n) / bandwidth;
    char name[80];
    if (make_grid(view, ipc_list(n, n, n), error))
        return -1;
    const double fd = solve(view, "fd", STEPS, error);
    if (fd < 0)
        return -1;
    snprintf(name, sizeof name, "a step of fd, %d x %d x %d, float64", n, n, n);
    bench_row(bench, &(row_t){name, fd / STEPS, UNIT_SECONDS, pass, "one pass over the grid", pass / 2});
    return 0;
}

static int measure(const bench_t *bench, ipc_view_t *view, double bandwidth,
                   ipc_error_t *error)
{
    const int large = large_length(), little = large / 16;
    const double pass = pass_bytes((double) large * large) / bandwidth;
    double fd = -1, fft = -1, small = -1;
    char name[80];
    if (!make_grid(view, ipc_list(large, large), error)) {
        fd = solve(view, "fd", STEPS, error);
        fft = fd < 0 ? -1 : solve(view, "fft", STEPS, error);
    }
    if (fft >= 0 && !make_grid(view, ipc_list(little, little), error))
        small = solve(view, "fd", SMALL_STEPS, error);
    if (small < 0)
        return -1;
    snprintf(name, sizeof name, "a step of fd, %d x %d, float64", large, large);
    bench_row(bench, &(row_t){name, fd / STEPS, UNIT_SECONDS, pass, "one pass over the grid",
                              pass / 3});
    snprintf(name, sizeof name, "1,000 steps of fd, %d x %d, float64", little, little);
    bench_row(bench, &(row_t){name, small, UNIT_SECONDS, 0, NULL, 3e-3});
    // There, each axis reads and writes the grid once, and back.
    snprintf(name, sizeof name, "fft, %d x %d, float64", large, large);
    bench_row(bench, &(row_t){name, fft, UNIT_SECONDS, 4 * pass,
                              "moving what its transforms must", 1.3 * 4 * pass});
    return measure_solid(bench, view, bandwidth, error);
}

int section_cuda(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("kernels on one engine, CUDA device");
    if (bench->raw)
        return 0;
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *one =
        client ? ipc_direct_view(client, "0", error) : NULL;
    if (!one)
        return -1;
    ipc_error_t why;
    ipc_result_t *copy =
        ipc_apply_named(one, "linalg.bandwidth", (uint64_t) (pass_bytes((double) large_length() * large_length()) / 2));
    const double bandwidth =
        bench_finish(copy, BENCH_WAIT_MS, &why) ? 0 : ipc_result_f64(copy, 0);
    ipc_result_destroy(&copy);
    if (bandwidth == 0)
        return bench_note("%s", why.text), 0;
    bench_row(bench, &(row_t){"a copy of the large grid on the device", bandwidth,
                              UNIT_BANDWIDTH, 0, NULL, 0});
    return measure(bench, one, bandwidth, error);
}
