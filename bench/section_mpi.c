//  One grid on the engines of an MPI world: strong scaling (the same grid on more engines) and weak
//  scaling (as many rows for each engine), beside the one-engine solver in the same run.
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"
#include "common/fail.h"

enum { COLUMNS = 1024, ROWS = 2048, STEPS = 96, RUNS = 3, WAVES = 1024, COUNTS = 3 };

static const int counts[COUNTS] = {1, 2, 4};

static int run_cluster(const bench_t *bench, const char *engines, ipc_error_t *error)
{
    char path[IPC_PATH_MAX], log[IPC_PATH_MAX + 16];
    snprintf(log, sizeof log, "%s/ipcluster.log", bench->directory);
    if (cluster_program(path, error))
        return -1;
    char *start[] = {path, "start", "-n", (char *) engines, "--daemonize", "--engines", "mpi", NULL};
    return process_run(engines ? start : (char *[]){path, "stop", NULL}, log, BENCH_WAIT_MS, error);
}

//  Solves, and keeps the grid where it is, so that the solver is measured and not the transfer. Gives the
//  median of the seconds until all had done, -1 with *error. The first run makes plans, and is not counted.
static double solve(ipc_view_t *view, const char *method, int rows, int columns, bool together, int threads,
                    ipc_error_t *error)
{
    samples_t samples = {0};
    bool failed = false;
    for (int i = 0; i <= RUNS && !failed; i++) {
        const double start = bench_now();
        ipc_value_t extent = ipc_list(rows, columns);
        ipc_result_t *result =
            together ? ipc_apply_named(view, "heat.solve",
                                       ipc_dict("shape", extent, "steps", STEPS, "dt", 0.1, "method", method,
                                                "decompose", true, "keep", "u"))
                     : ipc_apply_named(view, "heat.solve",
                                       ipc_dict("shape", extent, "steps", STEPS, "dt", 0.1, "method", method,
                                                "device", "cpu", "threads", threads, "keep", "u"));
        failed = bench_finish(result, BENCH_WAIT_MS, error) != 0;
        ipc_result_destroy(&result);
        if (i > 0)
            samples_add(&samples, bench_now() - start);
    }
    const double median = failed ? -1 : samples_median(&samples);
    samples_free(&samples);
    return median;
}

//  What is measured, on each number of engines.
typedef struct figures {
    double one, all;             // the one-engine solver on one thread, and on all cores
    double strong[COUNTS], weak[COUNTS], waves[COUNTS];
    double waves_one;
} figures_t;

static int measure(figures_t *figures, int k, ipc_error_t *error)
{
    ipc_auto(ipc_client_destroy) ipc_client_t *client = ipc_client_new(NULL, error);
    if (!client || ipc_client_wait(client, (size_t) counts[k], BENCH_WAIT_MS, error))
        return -1;
    ipc_auto(ipc_view_destroy) ipc_view_t *all = ipc_direct_view(client, "all", error);
    ipc_auto(ipc_view_destroy) ipc_view_t *one = all ? ipc_direct_view(client, "0", error) : NULL;
    if (!one)
        return -1;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (k == 0) {
        figures->one = solve(one, "fd", ROWS, COLUMNS, false, 1, error);
        figures->all = figures->one < 0 ? -1 : solve(one, "fd", ROWS, COLUMNS, false, (int) cores, error);
        figures->waves_one = figures->all < 0 ? -1 : solve(one, "fft", WAVES, WAVES, false, 1, error);
        if (figures->waves_one < 0)
            return -1;
    }
    figures->strong[k] = solve(all, "fd", ROWS, COLUMNS, true, 1, error);
    figures->weak[k] = figures->strong[k] < 0 ? -1 : solve(all, "fd", ROWS / 2 * counts[k], COLUMNS, true, 1, error);
    figures->waves[k] = figures->weak[k] < 0 ? -1 : solve(all, "fft", WAVES, WAVES, true, 1, error);
    return figures->waves[k] < 0 ? -1 : 0;
}

static void print(const bench_t *bench, const figures_t *figures)
{
    char name[96];
    snprintf(name, sizeof name, "fd, %d x %d, %d steps, one engine, 1 thread", ROWS, COLUMNS, STEPS);
    bench_row(bench, &(row_t){name, figures->one, UNIT_SECONDS, 0, NULL, 0});
    bench_row(bench, &(row_t){"  the same, all cores", figures->all, UNIT_SECONDS, figures->one, "1 thread", 0});
    for (int k = 0; k < COUNTS; k++) {
        snprintf(name, sizeof name, "  strong scaling: split over %d engine%s", counts[k], k > 0 ? "s" : "");
        bench_row(bench, &(row_t){name, figures->strong[k], UNIT_SECONDS, figures->one, "1 thread", 0});
    }
    for (int k = 0; k < COUNTS; k++) {
        snprintf(name, sizeof name, "  weak scaling: %d rows on each of %d engine%s", ROWS / 2, counts[k],
                 k > 0 ? "s" : "");
        bench_row(bench, &(row_t){name, figures->weak[k], UNIT_SECONDS, figures->weak[0], "1 engine", 0});
    }
    snprintf(name, sizeof name, "fft, %d x %d, one engine, 1 thread", WAVES, WAVES);
    bench_row(bench, &(row_t){name, figures->waves_one, UNIT_SECONDS, 0, NULL, 0});
    for (int k = 0; k < COUNTS; k++) {
        snprintf(name, sizeof name, "  strong scaling: split over %d engine%s", counts[k], k > 0 ? "s" : "");
        bench_row(bench, &(row_t){name, figures->waves[k], UNIT_SECONDS, figures->waves_one, "1 thread", 0});
    }
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < counts[COUNTS - 1])
        bench_note("there are %ld cores: more engines than that take turns on them", cores);
}

int section_mpi(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("one grid on the engines of an MPI world");
    if (bench->raw)
        return 0;
    figures_t figures = {0};
    setenv("IPC_CLUSTER_ID", "mpi", 1); // of this section's process alone
    for (int k = 0; k < COUNTS; k++) {
        char engines[16];
        ipc_error_t why;
        snprintf(engines, sizeof engines, "%d", counts[k]);
        if (run_cluster(bench, engines, &why))
            return bench_note("no MPI world here: %s", why.text), 0;
        const int failed = measure(&figures, k, error);
        if (run_cluster(bench, NULL, &why) || failed)
            return failed ? -1 : (*error = why, -1);
    }
    print(bench, &figures);
    return 0;
}
