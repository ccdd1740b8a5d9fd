//  Mixtures of short and long tasks over engines of equal and of unequal speed, without any setting: how
//  long they take beside the ideal schedule. The tasks wait, so that four engines on two cores are four.
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/mixtures.h"
#include "common/fail.h"

enum { RUNS = 3, MS = 1000000, SPIN_NS = 500000 }; // shorter waits are spun

static const double CLOSE = 1.05;

//  A slow engine is one on which everything takes so many times as long.
static const speeds_t equal = {"equal", BENCH_ENGINES, {1, 1, 1, 1}};
static const speeds_t unequal = {"1, 1, 1/2, 1/4", BENCH_ENGINES, {1, 1, 2, 4}};

static int64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 * MS + now.tv_nsec;
}

//  Waits for so long, and gives for how long it really was.
static int64_t wait_for(int64_t ns)
{
    int64_t start = clock_now(), end = start + ns;
    struct timespec until = {end / (1000 * MS), end % (1000 * MS)};
    if (ns >= SPIN_NS)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    int64_t now = clock_now();
    while (now < end) now = clock_now();
    return now - start;
}

//  An item is the number of a mixture and of a task in it.
enum { ITEM_SHIFT = 32 };

//  The length of an item's task. Engines work the lengths out once for each mixture, so that only numbers
//  travel.
static int64_t length_of(int64_t item)
{
    static int64_t lengths[MIXTURE_TASKS_MAX];
    static int64_t of = -1;
    if (of != item >> ITEM_SHIFT) {
        of = item >> ITEM_SHIFT;
        mixture_lengths(&mixtures[of], lengths);
    }
    return lengths[item & (((int64_t) 1 << ITEM_SHIFT) - 1)];
}

static IPC_REMOTE(int64_t, wait_equal, (int64_t item))
{
    return wait_for(length_of(item));
}

static IPC_REMOTE(int64_t, wait_unequal, (int64_t item))
{
    return wait_for(length_of(item) * (int64_t) unequal.factors[ipc_engine_id()]);
}

//  A mixture on engines of some speeds.
typedef struct trial {
    const mixture_t *mixture;
    const speeds_t *speeds;
    size_t count;
    int64_t first;    // item
    int64_t *lengths; // nanoseconds, as asked for
    double *waited;   // of the last run: as they were, over the factor of the engine
    // Of one run, seconds: how long it took; the ideal schedule of the tasks as they were, and that in the
    // order given; what a task took too long.
    double time, ideal, in_order, overhead;
} trial_t;

//  Each item was on an engine and waited for as long as it should there, at least.
static int check_item(trial_t *self, const ipc_item_t *item, size_t i, ipc_error_t *error)
{
    if (item->error || item->engine < 0 || item->engine >= BENCH_ENGINES)
        return ipc_fail(error, IPC_E_REMOTE, "item %zu has no result", i);
    double factor = self->speeds->factors[item->engine],
           waited = (double) ipc_value_i64(item->value);
    if (waited < factor * (double) self->lengths[i])
        return ipc_fail(error, IPC_E_PROTOCOL,
                        "item %zu waited %.0f ns on engine %d, not %.0f", i, waited,
                        item->engine, factor * (double) self->lengths[i]);
    self->waited[i] = waited / factor;
    return 0;
}

//  Checks all items of a result, the first of which is that of length number first.
static int check_result(trial_t *self, ipc_result_t *result, size_t first, size_t *checked,
                        ipc_error_t *error)
{
    for (const ipc_item_t *item; (item = ipc_result_next(result)); ++*checked)
        if (check_item(self, item, first + item->index, error))
            return -1;
    return 0;
}

static int run_map(trial_t *self, ipc_view_t *view, size_t *checked, ipc_error_t *error)
{
    double start = bench_now();
    ipc_value_t items = ipc_range(self->first, self->first + (int64_t) self->count);
    ipc_result_t *result = self->speeds == &equal ? ipc_map(view, wait_equal, items)
                                                  : ipc_map(view, wait_unequal, items);
    int failed = bench_finish(result, BENCH_WAIT_MS, error);
    self->time = bench_now() - start;
    failed = failed || check_result(self, result, 0, checked, error);
    ipc_result_destroy(&result);
    return failed;
}

static int run_apply(trial_t *self, ipc_view_t *view, size_t *checked, ipc_error_t *error)
{
    ipc_result_t **results = ipc_xalloc(self->count * sizeof *results);
    double start = bench_now();
    for (size_t i = 0; i < self->count; i++)
        results[i] = self->speeds == &equal
                         ? ipc_apply(view, wait_equal, self->first + (int64_t) i)
                         : ipc_apply(view, wait_unequal, self->first + (int64_t) i);
    int failed = 0;
    for (size_t i = 0; i < self->count && !failed; i++)
        failed = bench_finish(results[i], BENCH_WAIT_MS, error);
    self->time = bench_now() - start;
    for (size_t i = 0; i < self->count; i++) {
        failed = failed || check_result(self, results[i], i, checked, error);
        ipc_result_destroy(&results[i]);
    }
    free(results);
    return failed ? -1 : 0;
}

typedef int run_fn(trial_t *self, ipc_view_t *view, size_t *checked, ipc_error_t *error);

//  Seconds of the schedule that begins with the longest task; what each task waited too long goes into it,
//  since that is the machine's.
static void find_ideal(trial_t *self)
{
    double over = 0;
    for (size_t i = 0; i < self->count; i++)
        over += self->waited[i] - (double) self->lengths[i];
    self->overhead = over / (double) self->count * 1e-9;
    self->ideal = schedule_longest_first(self->waited, self->count, self->speeds) * 1e-9;
    self->in_order = schedule_in_order(self->waited, self->count, self->speeds) * 1e-9;
}

static int compare_trials(const void *a, const void *b)
{
    const trial_t *x = a, *y = b;
    double p = x->time / x->ideal, q = y->time / y->ideal;
    return (p > q) - (p < q);
}

//  Runs a trial some times and gives the one in the middle.
static int measure(trial_t *self, run_fn *run, ipc_view_t *view, ipc_error_t *error)
{
    trial_t runs[RUNS];
    for (int i = 0; i < RUNS; i++) {
        size_t checked = 0;
        if (run(self, view, &checked, error))
            return -1;
        if (checked != self->count)
            return ipc_fail(error, IPC_E_PROTOCOL, "%zu of %zu items were there", checked,
                            self->count);
        find_ideal(self);
        runs[i] = *self;
    }
    qsort(runs, RUNS, sizeof *runs, compare_trials);
    *self = runs[RUNS / 2];
    return 0;
}

static void print(const bench_t *bench, const trial_t *self, const char *how)
{
    char name[96];
    bool tiny = mixture_longest(self->mixture) < MS;
    snprintf(name, sizeof name, "%s%s, speeds %s", self->mixture->name, how,
             self->speeds->name);
    bench_row(bench, &(row_t){name, self->time, UNIT_SECONDS, tiny ? 0 : self->ideal,
                              "ideal", tiny ? 0 : CLOSE * self->ideal});
    if (tiny)
        bench_note("%.3g M tasks/s", (double) self->count / self->time * 1e-6);
    else
        bench_note("in the order given %.3f x ideal; a task waits %.0f us too long",
                   self->in_order / self->ideal, self->overhead * 1e6);
}

static int try_mixture(const bench_t *bench, const mixture_t *mixture,
                       const speeds_t *speeds, run_fn *run, ipc_view_t *view,
                       ipc_error_t *error)
{
    trial_t trial = {
        .mixture = mixture, .speeds = speeds, .first = (mixture - mixtures) << ITEM_SHIFT};
    trial.lengths = ipc_xalloc(MIXTURE_TASKS_MAX * sizeof *trial.lengths);
    trial.waited = ipc_xalloc(MIXTURE_TASKS_MAX * sizeof *trial.waited);
    trial.count = mixture_lengths(mixture, trial.lengths);
    int result = measure(&trial, run, view, error);
    if (!result)
        print(bench, &trial, run == run_apply ? ", one by one" : "");
    free(trial.lengths);
    free(trial.waited);
    return result;
}

int section_balance(const bench_t *bench, ipc_error_t *error)
{
    static const speeds_t *const all[] = {&equal, &unequal};
    if (bench->raw)
        return 0; // the ideal is computed
    bench_heading("mixtures of tasks over 4 engines");
    ipc_auto(ipc_client_destroy) ipc_client_t *client = bench_client(error);
    ipc_auto(ipc_view_destroy) ipc_view_t *view =
        client ? ipc_balanced_view(client, NULL, error) : NULL;
    if (!view)
        return -1;
    for (size_t i = 0; i < mixtures_count; i++)
        for (int k = 0; k < 2; k++)
            if (try_mixture(bench, &mixtures[i], all[k], run_map, view, error))
                return -1;
    for (int k = 0; k < 2; k++)
        if (try_mixture(bench, &mixtures[5], all[k], run_apply, view, error))
            return -1;
    return 0;
}
