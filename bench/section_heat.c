//  The heat kernels through the cluster, beside the bandwidth of memory.
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/process.h"
#include "bench/python.h"
#include "bench/stream.h"
#include "common/fail.h"

enum { N = 1024, STEPS = 1000, RUNS = 5, TURNS = 3, THREADS_MAX = 64 };

//  Bytes that must move at least, each point read once and written once: in a step of
//  finite differences; in a transform there, the factor, and the transform back.
static const double FD_BYTES = 16.0 * N * N * STEPS;
static const double FFT_BYTES = 48.0 * N * N;

//  Solves once and keeps the field on the engine, so that the kernel is measured and not
//  the transfer. Gives the run time on the engine, and until the answer was here in *wall;
//  -1 with *error.
static double solve(ipc_view_t *view, const char *method, const char *boundary, double *wall,
                    ipc_error_t *error)
{
    double start = bench_now();
    ipc_result_t *result =
        ipc_apply_named(view, "heat.solve",
                        ipc_dict("n", N, "steps", STEPS, "dt", 0.1, "method", method, "boundary", boundary,
                                 "device", "cpu", "keep", "u"));
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    *wall = bench_now() - start;
    double time = failed ? -1 : ipc_result_serial_time(result);
    ipc_result_destroy(&result);
    return time;
}

static int measure(const bench_t *bench, ipc_view_t *view, const char *method, const char *boundary,
                   double bytes, double bandwidth, ipc_error_t *error)
{
    char name[80];
    samples_t kernel = {0}, walls = {0};
    double wall, first = solve(view, method, boundary, &wall, error);
    bool failed = first < 0;
    for (int i = 0; i < RUNS && !failed; i++) {
        double time = solve(view, method, boundary, &wall, error);
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

//  --- Finite differences, kind by kind --------------------------------------------------

//  What is stepped through, and how many bytes a point a pass over memory must move at least
//  in a step: itself, read and written; its source; the face before it along each axis.
typedef struct kind {
    const char *name;
    int64_t shape[3]; // 0: there is no such axis
    const char *boundary, *dtype;
    bool source, varies;
    int steps;
    double bytes;
} kind_t;

static const kind_t kinds[] = {
    {"fixed edges", {2048, 2048}, "fixed", "float64", false, false, 60, 16},
    {"periodic", {2048, 2048}, "periodic", "float64", false, false, 60, 16},
    {"insulated", {2048, 2048}, "insulated", "float64", false, false, 60, 16},
    {"with a source", {2048, 2048}, "fixed", "float64", true, false, 60, 24},
    {"alpha varies", {2048, 2048}, "fixed", "float64", false, true, 60, 32},
    {"float32", {2048, 2048}, "fixed", "float32", false, false, 60, 8},
    {"one dimension, 4,194,304", {4194304}, "fixed", "float64", false, false, 60, 16},
    {"the same, periodic", {4194304}, "periodic", "float64", false, false, 60, 16},
    {"three, 160 x 160 x 160", {160, 160, 160}, "fixed", "float64", false, false, 60, 16},
    {"the same, periodic", {160, 160, 160}, "periodic", "float64", false, false, 60, 16},
};

//  Numbers of 0.5, kept on the engine: a source, or an alpha.
static int push_field(ipc_view_t *view, const kind_t *kind, ipc_error_t *error)
{
    const size_t shape[] = {(size_t) kind->shape[0], (size_t) kind->shape[1]};
    ipc_array_t *field = ipc_array_new(IPC_F64, 2, shape, error);
    if (!field)
        return -1;
    for (size_t i = 0; i < ipc_array_count(field); i++) ipc_array_f64(field)[i] = 0.5;
    ipc_result_t *pushed = ipc_push(view, "field", field);
    int failed = bench_finish(pushed, BENCH_WAIT_MS, error);
    ipc_result_destroy(&pushed);
    ipc_array_destroy(&field);
    return failed;
}

//  The time on the engine of one solve, or -1 with *error.
static double step_through(ipc_view_t *view, const kind_t *kind, int steps,
                           ipc_error_t *error)
{
    const int ndim = kind->shape[2] ? 3 : kind->shape[1] ? 2 : 1;
    ipc_result_t *result = ipc_apply_named(
        view, "heat.solve",
        ipc_dict("shape", ipc_i64(kind->shape, (size_t) ndim), "steps", steps, "dt", 0.1,
                 "boundary", kind->boundary, "dtype", kind->dtype, "source",
                 kind->source ? ipc_ref("field") : ipc_none(), "alpha",
                 kind->varies ? ipc_ref("field") : ipc_value_from_i64(1), "device", "cpu",
                 "keep", "u"));
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    double time = failed ? -1 : ipc_result_serial_time(result);
    ipc_result_destroy(&result);
    return time;
}

//  The least of several, without what a solve of no steps takes.
static int measure_kind(const bench_t *bench, ipc_view_t *view, const kind_t *kind,
                        double bandwidth, ipc_error_t *error)
{
    double best[2] = {1e9, 1e9}, points = 1;
    if ((kind->source || kind->varies) && push_field(view, kind, error))
        return -1;
    for (int i = 0; i < 2 * TURNS; i++) {
        const double time = step_through(view, kind, i % 2 ? kind->steps : 0, error);
        if (time < 0)
            return -1;
        best[i % 2] = time < best[i % 2] ? time : best[i % 2];
    }
    for (int k = 0; k < 3; k++) points *= kind->shape[k] ? (double) kind->shape[k] : 1;
    const double pass = kind->bytes * points / bandwidth;
    bench_row(bench, &(row_t){kind->name, (best[1] - best[0]) / kind->steps, UNIT_SECONDS,
                              pass, "a pass a step", pass / 2});
    return 0;
}

static int measure_kinds(const bench_t *bench, ipc_view_t *view, double bandwidth,
                         ipc_error_t *error)
{
    bench_heading("a step of finite differences, 2048 x 2048, beyond the cache");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (measure_kind(bench, view, &kinds[k], bandwidth, error))
            return -1;
    return 0;
}

//  --- Waves, kind by kind ----------------------------------------------------------------

//  What SciPy has for the same edges; and the seconds that it takes there and back.
typedef struct wave_kind {
    const char *name, *boundary, *rival;
    double seconds; // 0: SciPy is not here
} wave_kind_t;

enum { WAVE_KINDS = 3 };

static int measure_waves(const bench_t *bench, ipc_view_t *view, const wave_kind_t *kind,
                         ipc_error_t *error)
{
    samples_t kernel = {0};
    double wall, time = solve(view, "fft", kind->boundary, &wall, error); // makes the plans
    for (int i = 0; i < RUNS && time >= 0; i++) {
        time = solve(view, "fft", kind->boundary, &wall, error);
        samples_add(&kernel, time);
    }
    if (time >= 0)
        bench_row(bench, &(row_t){kind->name, samples_median(&kernel), UNIT_SECONDS, kind->seconds,
                                  kind->rival, kind->seconds});
    samples_free(&kernel);
    return time < 0 ? -1 : 0;
}

//  --- Python ----------------------------------------------------------------------------

static const char python_script[] = BENCH_PYTHON_MEDIAN
    "import numpy, scipy.fft\n"
    "u = numpy.random.default_rng(1).random((1024, 1024))\n"
    "def step():\n"
    "    u[1:-1, 1:-1] += 0.1 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]\n"
    "                            - 4 * u[1:-1, 1:-1])\n"
    "k = numpy.fft.fftfreq(1024)[:, None] ** 2 + numpy.fft.rfftfreq(1024) ** 2\n"
    "factor = numpy.exp(-400 * numpy.pi ** 2 * k)\n"
    "print(1000 * median(step, 5))\n"
    "print(median(lambda: numpy.fft.irfft2(factor * numpy.fft.rfft2(u), (1024, 1024))))\n"
    "print(median(lambda: scipy.fft.irfft2(factor * scipy.fft.rfft2(u, workers=-1),\n"
    "                                      (1024, 1024), workers=-1)))\n"
    "v, left = u[1:-1, 1:-1].copy(), numpy.ones((1022, 1022))\n"
    "print(median(lambda: scipy.fft.idstn(left * scipy.fft.dstn(v, type=1, workers=-1),\n"
    "                                     type=1, workers=-1)))\n"
    "left = numpy.ones((1024, 1024))\n"
    "print(median(lambda: scipy.fft.idctn(left * scipy.fft.dctn(u, workers=-1), workers=-1)))\n";

//  Fills in what SciPy takes for each kind of edges.
static void print_python(const bench_t *bench, wave_kind_t kinds[WAVE_KINDS])
{
    static const char *const names[] = {"NumPy, finite differences, 1,000 steps",
                                        "NumPy, fft, there and back",
                                        "SciPy, fft, there and back, all cores",
                                        "SciPy, sine transform (dstn), the same",
                                        "SciPy, cosine transform (dctn), the same"};
    enum { ROWS = sizeof names / sizeof *names, OTHERS = ROWS - WAVE_KINDS };
    double seconds[ROWS];
    if (!bench_python(bench, "NumPy and SciPy (python3-scipy)", python_script, seconds, ROWS))
        return;
    for (int k = 0; k < ROWS; k++)
        bench_row(bench, &(row_t){names[k], seconds[k], UNIT_SECONDS, 0, NULL, 0});
    for (int k = 0; k < WAVE_KINDS; k++) kinds[k].seconds = seconds[OTHERS + k];
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
    wave_kind_t waves[WAVE_KINDS] = {{"  spectral, periodic edges", "periodic", "SciPy's fft", 0},
                                     {"  spectral, fixed edges", "fixed", "SciPy's dstn", 0},
                                     {"  spectral, insulated edges", "insulated", "SciPy's dctn", 0}};
    print_python(bench, waves);
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
    if (measure(bench, one, "fd", "fixed", FD_BYTES, near, error) ||
        measure(bench, one, "fft", "periodic", FFT_BYTES, near, error))
        return -1;
    for (int k = 0; k < WAVE_KINDS; k++)
        if (measure_waves(bench, one, &waves[k], error))
            return -1;
    return measure_kinds(bench, one, far, error);
}
