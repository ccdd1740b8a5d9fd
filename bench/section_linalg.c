//  Products on one engine (case A3 of the lecture), beside the bandwidth of memory and
//  NumPy, which the same machine runs in the same minute.
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/python.h"
#include "bench/stream.h"
#include "common/fail.h"

enum { VECTOR_N = 2048, MATRIX_N = 1024, RUNS = 20, THREADS_MAX = 64 };

static const char numpy_script[] = BENCH_PYTHON_MEDIAN
    "import numpy\n"
    "a, x, b = numpy.ones((2048, 2048)), numpy.ones(2048), numpy.ones((1024, 1024))\n"
    "print(median(lambda: a @ x, 20))\n"
    "print(median(lambda: b @ b, 20))\n";

//  NumPy's seconds; 0 where there is no NumPy.
typedef struct numpy {
    double matvec, matmul;
} numpy_t;

static numpy_t run_numpy(const bench_t *bench)
{
    double seconds[2];
    if (!bench_python(bench, "NumPy (python3-numpy)", numpy_script, seconds, 2))
        return (numpy_t){0};
    bench_row(bench, &(row_t){"NumPy, matrix x vector, n = 2048, float64", seconds[0],
                              UNIT_SECONDS, 0, NULL, 0});
    bench_row(bench, &(row_t){"NumPy, matrix x matrix, n = 1024, float64", seconds[1],
                              UNIT_SECONDS, 0, NULL, 0});
    return (numpy_t){.matvec = seconds[0], .matmul = seconds[1]};
}

//  Pushes n x n ones and n ones; 0, or -1 with *error.
static int push_ones(ipc_view_t *view, size_t n, ipc_error_t *error)
{
    ipc_array_t *a = ipc_array_new(IPC_F64, 2, (const size_t[]){n, n}, error);
    if (!a)
        return -1;
    for (size_t i = 0; i < n * n; i++) ipc_array_f64(a)[i] = 1;
    ipc_push(view, "a", a);
    ipc_result_t *pushed = ipc_push(view, "x", ipc_f64(ipc_array_f64(a), n));
    int failed = bench_finish(pushed, BENCH_WAIT_MS, error);
    ipc_result_destroy(&pushed);
    ipc_array_destroy(&a);
    return failed;
}

//  The kept product of ones must hold n everywhere.
static int check_product(ipc_view_t *view, double n, ipc_error_t *error)
{
    ipc_result_t *result = ipc_pull(view, "y");
    if (bench_finish(result, BENCH_WAIT_MS, error))
        return -1;
    const ipc_array_t *y = ipc_result_array(result, 0);
    bool right = y && ipc_array_count(y) > 0;
    for (size_t i = 0; right && i < ipc_array_count(y); i++)
        right = ipc_array_f64(y)[i] == n;
    ipc_result_destroy(&result);
    return right ? 0 : ipc_fail(error, IPC_E_SYSTEM, "a product of ones is wrong");
}

//  Multiplies again and again; gives the median time on the engine, and until it was known
//  here in *wall; -1 with *error.
static double multiply(ipc_view_t *view, const char *function, ipc_value_t keywords,
                       double *wall, ipc_error_t *error)
{
    samples_t times = {0}, walls = {0};
    bool failed = false;
    for (int i = 0; i <= RUNS && !failed; i++) {
        ipc_result_t *result = ipc_apply_named(view, function, keywords);
        failed = bench_finish(result, BENCH_WAIT_MS, error);
        if (i > 0) { // the first one starts threads
            samples_add(&times, ipc_result_serial_time(result));
            samples_add(&walls, ipc_result_wall_time(result));
        }
        ipc_result_destroy(&result);
    }
    double median = failed ? -1 : samples_median(&times);
    *wall = failed ? -1 : samples_median(&walls);
    samples_free(&times);
    samples_free(&walls);
    return median;
}

static int measure_matvec(const bench_t *bench, ipc_view_t *view, const numpy_t *numpy,
                          double bandwidth, ipc_error_t *error)
{
    double wall, time = -1;
    if (!push_ones(view, VECTOR_N, error))
        time = multiply(view, "linalg.matvec",
                        ipc_dict("a", ipc_ref("a"), "x", ipc_ref("x"), "keep", "y"), &wall,
                        error);
    if (time < 0 || check_product(view, VECTOR_N, error))
        return -1;
    const double bytes = 8.0 * VECTOR_N * VECTOR_N;
    bench_row(bench, &(row_t){"linalg.matvec, n = 2048, float64, on the engine", time,
                              UNIT_SECONDS, bytes / bandwidth, "moving its bytes", 0});
    bench_row(bench, &(row_t){"  the same, beside NumPy", time, UNIT_SECONDS, numpy->matvec,
                              "NumPy", 0});
    bench_row(bench, &(row_t){"  the same, until the answer was here", wall, UNIT_SECONDS,
                              time, "on the engine", 0});
    return 0;
}

static int measure_matmul(const bench_t *bench, ipc_view_t *view, const numpy_t *numpy,
                          ipc_error_t *error)
{
    double wall, time = -1;
    if (!push_ones(view, MATRIX_N, error))
        time = multiply(view, "linalg.matmul",
                        ipc_dict("a", ipc_ref("a"), "b", ipc_ref("a"), "keep", "y"), &wall,
                        error);
    if (time < 0 || check_product(view, MATRIX_N, error))
        return -1;
    bench_row(bench, &(row_t){"linalg.matmul, n = 1024, float64, on the engine", time,
                              UNIT_SECONDS, numpy->matmul, "NumPy", 0});
    return 0;
}

int section_linalg(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("products on one engine, host");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = cores > THREADS_MAX ? THREADS_MAX : cores < 1 ? 1 : (int) cores;
    double bandwidth = stream_triad(8 << 20, threads);
    bench_row(bench, &(row_t){"stream triad, arrays of 64 MiB, all cores", bandwidth,
                              UNIT_BANDWIDTH, 0, NULL, 0});
    numpy_t numpy = run_numpy(bench);
    if (bench->raw)
        return 0;
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *one =
        client ? ipc_direct_view(client, "0", error) : NULL;
    if (!one)
        return -1;
    ipc_result_t *module = ipc_require(one, "linalg");
    ipc_error_t why;
    int missing = bench_finish(module, BENCH_WAIT_MS, &why);
    ipc_result_destroy(&module);
    if (missing)
        return bench_note("no linalg module here: %s", why.text), 0;
    return measure_matvec(bench, one, &numpy, bandwidth, error) ||
                   measure_matmul(bench, one, &numpy, error)
               ? -1
               : 0;
}
