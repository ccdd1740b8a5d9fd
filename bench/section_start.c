//  Start to ready.
#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/process.h"

enum { STARTS = 10, PROGRAM_STARTS = 50 };

//  The median time to start a program that does nothing, and to see its end.
static double time_program(const bench_t *bench, const char *name, char *argument,
                           ipc_error_t *error)
{
    char path[IPC_PATH_MAX], log[IPC_PATH_MAX + 16];
    if (process_beside(name, path, sizeof path, error))
        return -1;
    snprintf(log, sizeof log, "%s/program.log", bench->directory);
    samples_t times = {0};
    for (int i = 0; i < PROGRAM_STARTS; i++) {
        double start = bench_now();
        if (process_run((char *[]){path, argument, NULL}, log, BENCH_WAIT_MS, error))
            return samples_free(&times), -1;
        samples_add(&times, bench_now() - start);
    }
    double median = samples_median(&times);
    samples_free(&times);
    return median;
}

static int time_starts(const bench_t *bench, samples_t *starts, samples_t *stops,
                       ipc_error_t *error)
{
    for (int i = 0; i < STARTS; i++) {
        double start = bench_now();
        if (cluster_start(bench, error))
            return -1;
        samples_add(starts, bench_now() - start);
        start = bench_now();
        if (cluster_stop(bench, error))
            return -1;
        samples_add(stops, bench_now() - start);
    }
    return 0;
}

int section_start(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("start to ready");
    double empty = time_program(bench, "ipcbench-empty", NULL, error);
    double zmq = empty < 0 ? -1 : time_program(bench, "ipcbench-raw", "nothing", error);
    if (zmq < 0)
        return -1;
    bench_row(bench, &(row_t){"an empty program, started and ended", empty, UNIT_SECONDS, 0,
                              NULL, 0});
    bench_row(bench, &(row_t){"the same, linked with libzmq", zmq, UNIT_SECONDS, empty,
                              "empty", 0});
    if (bench->raw)
        return 0;
    samples_t starts = {0}, stops = {0};
    int result = time_starts(bench, &starts, &stops, error);
    if (!result) {
        bench_row(bench, &(row_t){"ipcluster start -n 4 --daemonize, median of 10",
                                  samples_median(&starts), UNIT_SECONDS, zmq,
                                  "libzmq program", 60e-3});
        bench_row(bench, &(row_t){"  the fastest of them", samples_percentile(&starts, 0),
                                  UNIT_SECONDS, zmq, "libzmq program", 0});
        bench_row(bench, &(row_t){"  the slowest of them", samples_percentile(&starts, 100),
                                  UNIT_SECONDS, zmq, "libzmq program", 0});
        bench_row(bench, &(row_t){"ipcluster stop, median", samples_median(&stops),
                                  UNIT_SECONDS, zmq, "libzmq program", 0});
    }
    samples_free(&starts);
    samples_free(&stops);
    return result;
}
