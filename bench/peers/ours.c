//  ipcbench-ours: what `run` measures of peers, of the running cluster of the environment.
#include <stdbool.h>
#include <stdlib.h>

#include "bench/peers/figures.h"
#include "client/ipclient.h"

enum { ENGINES = 4, WAIT_MS = 20000, CALLS = 3000, TASKS = 100000, ITEMS = 200000, DOUBLES = 8 << 20, REPEATS = 5 };

// clang-format off
static IPC_REMOTE(void, nothing, (void)) {}
static IPC_REMOTE(int64_t, same, (int64_t item)) { return item; }
static IPC_REMOTE(double, last_of, (const ipc_array_t *x)) { return ipc_array_f64(x)[ipc_array_count(x) - 1]; }
// clang-format on

//  The views that everything works on.
typedef struct views {
    ipc_view_t *all, *any;
} views_t;

static void give_up(const char *what, const ipc_error_t *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? error->text : "another answer than was due");
    exit(1);
}

//  Waits until all of a result is there, and well.
static void finish(ipc_result_t *result, const char *what)
{
    if (!ipc_result_wait(result, WAIT_MS))
        give_up(what, &(ipc_error_t){.text = "no answer in time"});
    if (!ipc_result_ok(result))
        give_up(what, ipc_result_error(result));
}

static void measure_calls(const views_t *views)
{
    static double times[CALLS];
    for (int i = -1; i < CALLS; i++) { // the first one ships the program
        double start = figures_now();
        ipc_result_t *result = ipc_apply_sync(views->any, nothing);
        finish(result, "call");
        if (i >= 0)
            times[i] = figures_now() - start;
        ipc_result_destroy(&result);
    }
    figures_print("call_p50", figures_percentile(times, CALLS, 50));
    figures_print("call_p99", figures_percentile(times, CALLS, 99));
}

static void measure_tasks(const views_t *views)
{
    static ipc_result_t *results[TASKS];
    double start = figures_now();
    for (int i = 0; i < TASKS; i++) results[i] = ipc_apply(views->any, nothing);
    for (int i = 0; i < TASKS; i++) finish(results[i], "tasks");
    figures_print("calls", TASKS / (figures_now() - start));
    for (int i = 0; i < TASKS; i++) ipc_result_destroy(&results[i]);
}

static void measure_map(const views_t *views)
{
    double start = figures_now();
    ipc_result_t *result = ipc_map_with(views->any, same, ipc_range(0, ITEMS), &(ipc_options_t){.chunk = 1});
    finish(result, "map");
    figures_print("map", ITEMS / (figures_now() - start));
    for (size_t i = 0; i < ITEMS; i++)
        if (ipc_result_i64(result, i) != (int64_t) i)
            give_up("map", NULL);
    ipc_result_destroy(&result);
}

//  Every engine must have this round's array, or its own part of it.
static void check_engines(const views_t *views, double mark)
{
    ipc_result_t *seen = ipc_apply(views->all, last_of, ipc_ref("a"));
    finish(seen, "arrays");
    for (size_t i = 0; i < ENGINES; i++)
        if (ipc_result_f64(seen, i) != mark)
            give_up("arrays", NULL);
    ipc_result_destroy(&seen);
}

static double push(const views_t *views, double *values)
{
    double start = figures_now();
    ipc_result_t *result = ipc_push(views->all, "a", ipc_f64(values, DOUBLES));
    finish(result, "push");
    double time = figures_now() - start;
    ipc_result_destroy(&result);
    return time;
}

static double scatter(const views_t *views, double *values)
{
    double start = figures_now();
    ipc_result_t *result = ipc_scatter(views->all, "a", ipc_f64(values, DOUBLES));
    finish(result, "scatter");
    double time = figures_now() - start;
    ipc_result_destroy(&result);
    return time;
}

//  The array is complete in this process when the clock stops.
static double gather(const views_t *views, double *values)
{
    scatter(views, values);
    double start = figures_now();
    ipc_result_t *result = ipc_gather(views->all, "a");
    finish(result, "gather");
    const ipc_array_t *array = ipc_result_joined(result);
    double time = figures_now() - start;
    if (!array || ipc_array_count(array) != DOUBLES || ipc_array_f64(array)[DOUBLES - 1] != values[DOUBLES - 1])
        give_up("gather", NULL);
    ipc_result_destroy(&result);
    return time;
}

//  The median of the runs after the first one. Each writes the array anew, as a program does that computes.
static void measure_arrays(const views_t *views, const char *name, double (*move)(const views_t *, double *),
                           double *values)
{
    double times[REPEATS];
    for (int round = -1; round < REPEATS; round++) {
        for (size_t i = 0; i < DOUBLES; i++) values[i] = round;
        double time = move(views, values);
        check_engines(views, round);
        if (round >= 0)
            times[round] = time;
    }
    figures_print(name, figures_percentile(times, REPEATS, 50));
}

//  The median time on the engine of the runs after the first one, or how many a second that is of so many (of > 0);
//  nothing where the module was not built.
static void measure_kernel(ipc_view_t *one, const char *name, const char *function, ipc_value_t keywords, double of)
{
    double times[REPEATS];
    for (int round = -1; round < REPEATS; round++) {
        ipc_result_t *result = ipc_apply_named(one, function, keywords);
        const bool well = ipc_result_wait(result, WAIT_MS) && ipc_result_ok(result);
        const double time = ipc_result_serial_time(result);
        ipc_result_error(result); // a module that is missing is told by - in the table
        ipc_result_destroy(&result);
        if (!well)
            return;
        if (round >= 0)
            times[round] = time;
    }
    const double time = figures_percentile(times, REPEATS, 50);
    figures_print(name, of > 0 ? of / time : time);
}

static void measure_kernels(ipc_view_t *one, double *values)
{
    static const int64_t points = 100000000;
    for (size_t i = 0; i < DOUBLES; i++) values[i] = 1;
    ipc_push(one, "m", ipc_view2(IPC_F64, values, 2048, 2048));
    ipc_push(one, "x", ipc_f64(values, 2048));
    measure_kernel(one, "heat_fd", "heat.solve",
                   ipc_dict("n", 1024, "steps", 1000, "dt", 0.1, "device", "cpu", "keep", "u"), 0);
    measure_kernel(one, "heat_fft", "heat.solve",
                   ipc_dict("n", 1024, "t", 100, "method", "fft", "device", "cpu", "keep", "u"), 0);
    measure_kernel(one, "matvec", "linalg.matvec", ipc_dict("a", ipc_ref("m"), "x", ipc_ref("x"), "keep", "y"), 0);
    measure_kernel(one, "points", "random.pi", ipc_dict("samples", points), (double) points);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client || ipc_client_wait(client, ENGINES, WAIT_MS, &error))
        give_up("cluster", &error);
    views_t views = {ipc_direct_view(client, "all", &error), ipc_balanced_view(client, NULL, &error)};
    double *values = malloc(DOUBLES * sizeof *values);
    if (!views.all || !views.any || !values)
        give_up("views", &error);
    measure_calls(&views);
    measure_tasks(&views);
    measure_map(&views);
    measure_arrays(&views, "push", push, values);
    measure_arrays(&views, "scatter", scatter, values);
    measure_arrays(&views, "gather", gather, values);
    ipc_view_t *one = ipc_direct_view(client, "0", &error);
    if (!one)
        give_up("view of engine 0", &error);
    measure_kernels(one, values);
    free(values);
    ipc_client_destroy(&client);
    return 0;
}
