//  Push, scatter, gather and pull of 64 MiB (push of 1 GiB too, with --slow), beside a memcpy of as much.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/cluster.h"
#include "bench/crossover.h"
#include "bench/process.h"
#include "common/fail.h"

enum { COUNT = 8 << 20, LARGE_COUNT = 128 << 20, LATER = 5, COPIES = 7 };

//  What an engine sees of an array: that it is all there, and this round's.
static IPC_REMOTE(double, ends, (const ipc_array_t *x))
{
    const double *v = ipc_array_f64(x);
    return v[0] + v[ipc_array_count(x) - 1];
}

//  Reads every page.
static IPC_REMOTE(double, touch, (const ipc_array_t *x))
{
    double sum = 0;
    for (size_t i = 0; i < ipc_array_count(x); i += 512) sum += ipc_array_f64(x)[i];
    return sum;
}

//  Computes it anew, in the engine's own pages.
static IPC_REMOTE(void, compute, (ipc_array_t * x, double mark))
{
    for (size_t i = 0; i < ipc_array_count(x); i++) ipc_array_f64(x)[i] = mark;
}

//  A measured operation: the first time, and the median of the later ones.
typedef struct timing {
    double first, later;
    double copy; // a memcpy, timed in turns with it
} timing_t;

//  What the operations work on.
typedef struct arrays {
    size_t count, size; // of elements, of bytes
    ipc_view_t *all, *one;
    double *source, *target;  // memory of the program's own, and where a memcpy puts it
    ipc_array_t *shared;      // made by ipc_array_new()
    double copy, copy_fresh;  // seconds of a memcpy
    double fill, fill_shared; // seconds to write it once more after a push
    double fill_first;        // the same of the array, after its first push
} arrays_t;

//  An operation on them: seconds, or -1 with *error. Verified outside of the measured time.
typedef double (*operation_fn)(arrays_t *self, double mark, ipc_error_t *error);

//  One memcpy to pages that were written before; to fresh ones.
static double copy_used(const arrays_t *self)
{
    double start = bench_now();
    memcpy(self->target, self->source, self->size);
    return bench_now() - start;
}

static double copy_fresh(const arrays_t *self)
{
    double start = bench_now();
    void *target =
        mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (target == MAP_FAILED)
        return NAN;
    memcpy(target, self->source, self->size);
    double time = bench_now() - start;
    munmap(target, self->size);
    return time;
}

static double median_of(double (*copy)(const arrays_t *), const arrays_t *self)
{
    samples_t times = {0};
    for (int i = 0; i < COPIES; i++) samples_add(&times, copy(self));
    double median = samples_median(&times);
    samples_free(&times);
    return median;
}

//  Writes an array as a program would that computes anew before each push.
static double fill(const arrays_t *self, double *values, double mark)
{
    double start = bench_now();
    for (size_t i = 0; i < self->count; i++) values[i] = mark;
    return bench_now() - start;
}

//  Whether each engine has this round's values under the name.
static int check_engines(arrays_t *self, const char *name, double mark, ipc_error_t *error)
{
    ipc_result_t *seen = ipc_apply(self->all, ends, ipc_ref(name));
    int failed = bench_finish(seen, BENCH_WAIT_MS, error);
    for (size_t i = 0; i < ipc_result_count(seen) && !failed; i++)
        if (ipc_result_f64(seen, i) != 2 * mark)
            failed = ipc_fail(error, IPC_E_PROTOCOL,
                              "engine %zu has another array than was sent", i);
    ipc_result_destroy(&seen);
    return failed;
}

static int check_array(const arrays_t *self, const ipc_array_t *array, double mark,
                       ipc_error_t *error)
{
    const double *v = array ? ipc_array_f64(array) : NULL;
    size_t count = self->count;
    if (!v || ipc_array_count(array) != count || v[0] != mark || v[count - 1] != mark)
        return ipc_fail(error, IPC_E_PROTOCOL, "another array came back than was sent");
    return 0;
}

static double timed(ipc_result_t *result, double start, ipc_error_t *error)
{
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    double time = bench_now() - start;
    ipc_result_destroy(&result);
    return failed ? -1 : time;
}

static double push(arrays_t *self, double mark, ipc_error_t *error)
{
    self->fill = fill(self, self->source, mark);
    double start = bench_now();
    double time =
        timed(ipc_push(self->all, "a", ipc_f64(self->source, self->count)), start, error);
    return time < 0 || check_engines(self, "a", mark, error) ? -1 : time;
}

static double push_shared(arrays_t *self, double mark, ipc_error_t *error)
{
    self->fill_shared = fill(self, ipc_array_f64(self->shared), mark);
    if (mark == 2) // its pages are shared with the engines until they are written
        self->fill_first = self->fill_shared;
    double start = bench_now();
    double time = timed(ipc_push(self->all, "s", self->shared), start, error);
    return time < 0 || check_engines(self, "s", mark, error) ? -1 : time;
}

//  An array that is made and filled for one push, as results of a computation are.
static double push_made(arrays_t *self, double mark, ipc_error_t *error)
{
    ipc_array_t *made = ipc_array_new(IPC_F64, 1, &self->count, error);
    if (!made)
        return -1;
    fill(self, ipc_array_f64(made), mark);
    double start = bench_now();
    double time = timed(ipc_push(self->all, "m", made), start, error);
    ipc_array_destroy(&made);
    return time < 0 || check_engines(self, "m", mark, error) ? -1 : time;
}

static double scatter(arrays_t *self, double mark, ipc_error_t *error)
{
    fill(self, self->source, mark);
    double start = bench_now();
    double time = timed(ipc_scatter(self->all, "x", ipc_f64(self->source, self->count)),
                        start, error);
    return time < 0 || check_engines(self, "x", mark, error) ? -1 : time;
}

//  Gathers or pulls what is there; the array is complete in this process when the clock
//  stops.
static double fetch(const arrays_t *self, ipc_result_t *result, double start, bool joined,
                    double mark, ipc_error_t *error)
{
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    const ipc_array_t *array = NULL;
    if (!failed)
        array = joined ? ipc_result_joined(result) : ipc_result_array(result, 0);
    double time = bench_now() - start;
    failed = failed || check_array(self, array, mark, error);
    ipc_result_destroy(&result);
    return failed ? -1 : time;
}

static double gather(arrays_t *self, double mark, ipc_error_t *error)
{
    if (scatter(self, mark, error) < 0)
        return -1;
    double start = bench_now();
    return fetch(self, ipc_gather(self->all, "x"), start, true, mark, error);
}

static double pull(arrays_t *self, double mark, ipc_error_t *error)
{
    if (push(self, mark, error) < 0)
        return -1;
    double start = bench_now();
    return fetch(self, ipc_pull(self->one, "a"), start, false, mark, error);
}

//  What the engine has computed since: it is copied there, as the engine may go on writing.
static double pull_computed(arrays_t *self, double mark, ipc_error_t *error)
{
    if (push(self, mark - 1, error) < 0)
        return -1;
    ipc_auto(ipc_result_destroy) ipc_result_t *done =
        ipc_apply(self->one, compute, ipc_ref("a"), mark);
    if (bench_finish(done, BENCH_WAIT_MS, error))
        return -1;
    double start = bench_now();
    return fetch(self, ipc_pull(self->one, "a"), start, false, mark, error);
}

//  Into memory of the program's own.
static double pull_into(arrays_t *self, double mark, ipc_error_t *error)
{
    if (push(self, mark, error) < 0)
        return -1;
    double start = bench_now();
    ipc_result_t *result = ipc_pull(self->one, "a");
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    if (!failed)
        memcpy(self->target, ipc_array_data(ipc_result_array(result, 0)), self->size);
    double time = bench_now() - start;
    failed = failed || check_array(self, ipc_result_array(result, 0), mark, error);
    ipc_result_destroy(&result);
    if (!failed && (self->target[0] != mark || self->target[self->count - 1] != mark))
        failed = ipc_fail(error, IPC_E_PROTOCOL, "another array came back than was sent");
    return failed ? -1 : time;
}

static int measure(arrays_t *self, operation_fn operation, timing_t *timing,
                   ipc_error_t *error)
{
    samples_t later = {0}, copies = {0};
    timing->first = operation(self, 1, error);
    int failed = timing->first < 0;
    for (int i = 0; i < LATER && !failed; i++) {
        double time = operation(self, 2 + i, error);
        failed = time < 0;
        samples_add(&later, time);
        samples_add(&copies, copy_used(self));
    }
    timing->later = samples_median(&later);
    timing->copy = samples_median(&copies);
    samples_free(&later);
    samples_free(&copies);
    return failed ? -1 : 0;
}

//  A line for the first time, one for the later ones; the budget is a multiple of a memcpy.
static void print(const bench_t *bench, const char *name, timing_t timing, double budget)
{
    char text[80];
    snprintf(text, sizeof text, "%s, the first time", name);
    bench_row(bench, &(row_t){text, timing.first, UNIT_SECONDS, timing.copy, "memcpy", 0});
    bench_row(bench, &(row_t){"  later ones", timing.later, UNIT_SECONDS, timing.copy,
                              "memcpy", budget * timing.copy});
}

//  One operation of the table; a budget is a multiple of the time of a memcpy.
typedef struct line {
    const char *name;
    operation_fn operation;
    double budget;
} line_t;

static const line_t lines[] = {
    {"push of the program's memory to 4 engines", push, 2},
    {"push of a new ipc_array_new(): no copy", push_made, 0.5},
    {"push of an ipc_array_new() that is written anew", push_shared, 2},
    {"scatter over 4 engines", scatter, 1 / 0.7},
    {"gather from 4 engines, joined", gather, 1 / 0.7},
    {"pull from one engine", pull, 0},
    {"pull of what the engine computed", pull_computed, 0},
    {"pull into the program's memory: one copy", pull_into, 1 / 0.7},
};

static const line_t large_lines[] = {
    {"push of the program's memory to 4 engines", push, 2},
    {"push of a new ipc_array_new(): no copy", push_made, 0.5},
};

static int measure_lines(const bench_t *bench, arrays_t *self, const line_t *line,
                         size_t count, ipc_error_t *error)
{
    for (const line_t *end = line + count; line < end; line++) {
        timing_t timing;
        if (measure(self, line->operation, &timing, error))
            return -1;
        print(bench, line->name, timing, line->budget);
    }
    return 0;
}

//  The memory of all processes of the cluster and of this one, without what they share twice.
static int total_memory(const bench_t *bench, double *total, ipc_error_t *error)
{
    member_t members[CLUSTER_MEMBERS_MAX];
    memory_t memory;
    size_t count = cluster_members(bench, members, CLUSTER_MEMBERS_MAX);
    if (process_memory(getpid(), &memory, error))
        return -1;
    *total = memory.pss;
    for (size_t i = 0; i < count; i++) {
        if (members[i].pid == getpid())
            continue;
        if (process_memory(members[i].pid, &memory, error))
            return -1;
        *total += memory.pss;
    }
    return 0;
}

//  What a first push adds once every engine has read all of the array.
static int measure_memory(const bench_t *bench, arrays_t *self, ipc_error_t *error)
{
    double before, after;
    ipc_auto(ipc_result_destroy) ipc_result_t *warm =
        ipc_apply(self->all, touch, ipc_f64(self->source, 4));
    if (bench_finish(warm, BENCH_WAIT_MS, error) || total_memory(bench, &before, error) ||
        push(self, 0.5, error) < 0)
        return -1;
    ipc_auto(ipc_result_destroy) ipc_result_t *read =
        ipc_apply(self->all, touch, ipc_ref("a"));
    if (bench_finish(read, BENCH_WAIT_MS, error) || total_memory(bench, &after, error))
        return -1;
    double size = (double) self->size;
    bench_row(bench, &(row_t){"memory that a push to 4 engines adds (PSS)", after - before,
                              UNIT_BYTES, size, "array", 1.1 * size});
    return 0;
}

static void print_writing(const bench_t *bench, const arrays_t *self)
{
    bench_row(bench, &(row_t){"writing the program's memory anew after its push",
                              self->fill, UNIT_SECONDS, self->copy, "memcpy", 0});
    bench_row(bench, &(row_t){"writing the ipc_array_new() anew, the first time",
                              self->fill_first, UNIT_SECONDS, self->fill, "own memory", 0});
    bench_row(bench, &(row_t){"  later ones", self->fill_shared, UNIT_SECONDS, self->fill,
                              "own memory", 0});
}

//  The program's memory and the memcpy, which is what all is held against.
static int measure_copies(const bench_t *bench, arrays_t *self, ipc_error_t *error)
{
    self->source = aligned_alloc(64, self->size);
    self->target = aligned_alloc(64, self->size);
    if (!self->source || !self->target)
        return ipc_fail(error, IPC_E_MEMORY, "no memory for two arrays of %zu bytes",
                        self->size);
    fill(self, self->source, 0);
    fill(self, self->target, 0);
    bool large = self->count == LARGE_COUNT; // fresh pages take seconds
    self->copy = median_of(copy_used, self);
    self->copy_fresh = large ? NAN : median_of(copy_fresh, self);
    bench_row(bench, &(row_t){"memcpy to pages that were used before", self->copy,
                              UNIT_SECONDS, 0, NULL, 0});
    bench_row(bench, &(row_t){"  its bandwidth", (double) self->size / self->copy,
                              UNIT_BANDWIDTH, 0, NULL, 0});
    if (!large)
        bench_row(bench, &(row_t){"memcpy to fresh pages", self->copy_fresh, UNIT_SECONDS,
                                  self->copy, "memcpy", 0});
    return 0;
}

static int measure_all(const bench_t *bench, arrays_t *self, ipc_error_t *error)
{
    if (self->count == LARGE_COUNT)
        return measure_lines(bench, self, large_lines,
                             sizeof large_lines / sizeof *large_lines, error);
    self->shared = ipc_array_new(IPC_F64, 1, &self->count, error);
    if (!self->shared || measure_memory(bench, self, error) ||
        measure_lines(bench, self, lines, sizeof lines / sizeof *lines, error))
        return -1;
    print_writing(bench, self);
    return crossover_measure(bench, self->all, error);
}

//  The cluster's part, with the memcpy measured.
static int measure_cluster(const bench_t *bench, arrays_t *self, ipc_error_t *error)
{
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    if (!client)
        return -1;
    self->all = ipc_direct_view(client, "all", error);
    self->one = self->all ? ipc_direct_view(client, "0", error) : NULL;
    int result = self->one ? measure_all(bench, self, error) : -1;
    ipc_array_destroy(&self->shared);
    ipc_view_destroy(&self->one);
    ipc_view_destroy(&self->all);
    return result;
}

static int measure_size(const bench_t *bench, size_t count, ipc_error_t *error)
{
    arrays_t self = {.count = count, .size = count * sizeof(double)};
    int result = measure_copies(bench, &self, error);
    if (!result && !bench->raw)
        result = measure_cluster(bench, &self, error);
    free(self.source);
    free(self.target);
    return result;
}

int section_arrays(const bench_t *bench, ipc_error_t *error)
{
    bench_heading("arrays of 64 MiB");
    if (measure_size(bench, COUNT, error))
        return -1;
    if (!bench->slow)
        return 0;
    bench_heading("arrays of 1 GiB");
    return measure_size(bench, LARGE_COUNT, error);
}
