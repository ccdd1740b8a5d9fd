//  The heat kernels through the cluster, beside the bandwidth of memory.
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/process.h"
#include "bench/stream.h"
#include "common/fail.h"

enum { N = 1024, STEPS = 1000, RUNS = 5, THREADS_MAX = 64 };

//  Bytes that must move at least, each point read once and written once: in a step of
//  finite differences; in a transform there, the factor, and the transform back.
static const double FD_BYTES = 16.0 * N * N * STEPS;
static const double FFT_BYTES = 48.0 * N * N;

//  Solves once and keeps the field on the engine, so that the kernel is measured and not
//  the transfer. Gives the run time on the engine, and until the answer was here in *wall;
//  -1 with *error.
static double solve(ipc_view_t *view, const char *method, double *wall, ipc_error_t *error)
{
    double start = bench_now();
    ipc_result_t *result =
        ipc_apply_named(view, "heat.solve",
                        ipc_dict("n", N, "steps", STEPS, "dt", 0.1, "method", method,
                                 "device", "cpu", "keep", "u"));
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    *wall = bench_now() - start;
    double time = failed ? -1 : ipc_result_serial_time(result);
    ipc_result_destroy(&result);
    return time;
}

static int measure(const bench_t *bench, ipc_view_t *view, const char *method, double bytes,
                   double bandwidth, ipc_error_t *error)
{
    char name[80];
    samples_t kernel = {0}, walls = {0};
    double wall, first = solve(view, method, &wall, error);
    bool failed = first < 0;
    for (int i = 0; i < RUNS && !failed; i++) {
        double time = solve(view, method, &wall, error);
        failed = time < 0;
        samples_add(&kernel, time);
        samples_add(&walls, wall);
    }
    if (!failed) {
        snprintf(name, sizeof name, "heat.solve, %s, %d x %d, t = 100, the first time",
                 method, N, N);
        bench_row(bench, &(row_t){name, first, UNIT_SECONDS, 0, NULL, 0});
        bench_row(bench, &(row_t){"  later ones, on the engine", samples_median(&kernel),
                                  UNIT_SECONDS, bytes / bandwidth, "moving its bytes", 0});
        bench_row(bench,
                  &(row_t){"  the same, until the answer was here", samples_median(&walls),
                           UNIT_SECONDS, samples_median(&kernel), "on the engine", 0});
    }
    samples_free(&kernel);
    samples_free(&walls);
    return failed ? -1 : 0;
}

//  FFTW's own plan for the two transforms, from a program of its own (FFTW is GPL: nothing
//  here links it).
static void print_plan(const bench_t *bench)
{
    char path[IPC_PATH_MAX], log[IPC_PATH_MAX + 16], text[64] = "";
    snprintf(log, sizeof log, "%s/fftw.log", bench->directory);
    ipc_error_t error;
    if (process_beside("ipcbench-fftw", path, sizeof path, &error) || access(path, X_OK) ||
        process_run((char *[]){path, NULL}, log, BENCH_WAIT_MS, &error)) {
        bench_note("no ipcbench-fftw here: FFTW's own time is not shown");
        return;
    }
    FILE *file = fopen(log, "re");
    if (file && fgets(text, sizeof text, file))
        bench_row(bench, &(row_t){"FFTW's own plan, there and back, 1 thread",
                                  strtod(text, NULL), UNIT_SECONDS, 0, NULL, 0});
    if (file)
        fclose(file);
}

int section_heat(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("heat kernels on one engine, host");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = cores > THREADS_MAX ? THREADS_MAX : cores < 1 ? 1 : (int) cores;
    double near = stream_triad((size_t) N * N, threads),
           far = stream_triad(8 << 20, threads);
    bench_row(bench, &(row_t){"stream triad, arrays of 8 MiB, all cores", near,
                              UNIT_BANDWIDTH, 0, NULL, 0});
    bench_row(bench, &(row_t){"stream triad, arrays of 64 MiB, all cores", far,
                              UNIT_BANDWIDTH, 0, NULL, 0});
    print_plan(bench);
    if (bench->raw)
        return 0;
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *one =
        client ? ipc_direct_view(client, "0", error) : NULL;
    if (!one)
        return -1;
    ipc_result_t *module = ipc_require(one, "heat");
    ipc_error_t why;
    int missing = bench_finish(module, BENCH_WAIT_MS, &why);
    ipc_result_destroy(&module);
    if (missing)
        return bench_note("no heat module here: %s", why.text), 0;
    return measure(bench, one, "fd", FD_BYTES, near, error) ||
                   measure(bench, one, "fft", FFT_BYTES, near, error)
               ? -1
               : 0;
}
