//  What the parts of the benchmark share: a clock, samples and their percentiles, the
//  table, a client.
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "client/ipclient.h"
#include "common/paths.h"

enum {
    BENCH_ENGINES = 4,
    BENCH_WAIT_MS = 20000 // for what takes well under a second when all is well
};

//  Measurements of one thing.
typedef struct samples {
    double *values; // seconds, rates, bytes: the caller knows
    size_t count, room;
} samples_t;

void samples_add(samples_t *self, double value);
void samples_free(samples_t *self);

//  The value that percent of the samples do not exceed (nearest rank), NaN if there are
//  none. Sorts them.
double samples_percentile(samples_t *self, double percent);
double samples_median(samples_t *self);

//  Seconds of the monotonic clock.
double bench_now(void);

//  How a figure is written, and whether more or less of it is better.
typedef enum unit {
    UNIT_SECONDS,
    UNIT_PER_SECOND,
    UNIT_BANDWIDTH,
    UNIT_BYTES,
    UNIT_NUMBER,
    UNIT_COUNT
} unit_t;

//  One line of the table.
typedef struct row {
    const char *name;
    double value;
    unit_t unit;
    double beside;  // what the ratio is taken of, in the same unit; 0: no ratio
    const char *of; // its name
    double budget;  // the most (rates and bandwidths: the least) it should be; 0: none
} row_t;

//  What the whole run found: in memory that the sections' processes share.
typedef struct tally {
    unsigned met, near, missed, failed;
} tally_t;

//  What a section is given.
typedef struct bench {
    char directory[IPC_PATH_MAX]; // private: sockets, the cluster's runtime directory,
                                  // output
    bool slow;                    // what takes many seconds, too
    bool raw;                     // the baselines alone, without a cluster
    tally_t *tally;
} bench_t;

//  A part of the benchmark, run in a process of its own. 0, or -1 with *error.
typedef int (*section_fn)(const bench_t *bench, ipc_error_t *error);

int section_start(const bench_t *bench, ipc_error_t *error);
int section_memory(const bench_t *bench, ipc_error_t *error);
int section_calls(const bench_t *bench, ipc_error_t *error);
int section_tasks(const bench_t *bench, ipc_error_t *error);
int section_queue(const bench_t *bench, ipc_error_t *error);
int section_arrays(const bench_t *bench, ipc_error_t *error);
int section_sleep(const bench_t *bench, ipc_error_t *error);
int section_balance(const bench_t *bench, ipc_error_t *error);
int section_cells(const bench_t *bench, ipc_error_t *error);
int section_heat(const bench_t *bench, ipc_error_t *error);
int section_random(const bench_t *bench, ipc_error_t *error);
int section_linalg(const bench_t *bench, ipc_error_t *error);
int section_mpi(const bench_t *bench, ipc_error_t *error);
int section_cuda(const bench_t *bench, ipc_error_t *error);
int section_journal(const bench_t *bench, ipc_error_t *error);
int section_many(const bench_t *bench, ipc_error_t *error);
int section_soak(const bench_t *bench, ipc_error_t *error);

//  Prints a section's heading; a line, with its ratio and verdict, which is counted; a
//  remark below.
void bench_heading(const char *title);
void bench_row(const bench_t *bench, const row_t *row);
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

//  Connects to the benchmark's cluster and waits for its engines, or gives NULL with
//  *error.
ipc_client_t *bench_client(ipc_error_t *error);

//  Waits for a result. 0 when all of it is there and well, or -1 with *error: TIMEOUT, or
//  its own.
int bench_finish(ipc_result_t *result, int timeout_ms, ipc_error_t *error);

#endif
