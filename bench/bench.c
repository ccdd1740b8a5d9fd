#include "bench/bench.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fail.h"

//  A figure within this factor of its budget is near it.
static const double NEAR = 2.5;

void samples_add(samples_t *self, double value)
{
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->values = ipc_xrealloc(self->values, self->room * sizeof *self->values);
    }
    self->values[self->count++] = value;
}

void samples_free(samples_t *self)
{
    free(self->values);
    *self = (samples_t){0};
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

double samples_percentile(samples_t *self, double percent)
{
    if (!self->count)
        return NAN;
    qsort(self->values, self->count, sizeof *self->values, compare_doubles);
    double rank = ceil(percent / 100 * (double) self->count);
    return self->values[rank < 1 ? 0 : (size_t) rank - 1];
}

double samples_median(samples_t *self)
{
    return samples_percentile(self, 50);
}

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

//  The scales of each unit, the largest first; the last one takes what is left.
typedef struct scale {
    double size;
    const char *name;
} scale_t;

static const scale_t scales[UNIT_COUNT][4] = {
    [UNIT_SECONDS] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}},
    [UNIT_PER_SECOND] = {{1e6, "M/s"}, {1e3, "k/s"}, {1, "/s"}, {1, "/s"}},
    [UNIT_BANDWIDTH] = {{1e9, "GB/s"}, {1e6, "MB/s"}, {1e3, "kB/s"}, {1, "B/s"}},
    [UNIT_BYTES] = {{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "B"}},
    [UNIT_NUMBER] = {{1, ""}, {1, ""}, {1, ""}, {1, ""}},
};

static const char *figure_text(char *text, size_t size, double value, unit_t unit)
{
    const scale_t *scale = scales[unit];
    const scale_t *last = scale + sizeof scales[0] / sizeof *scale - 1;
    while (scale < last && fabs(value) < scale->size) scale++;
    snprintf(text, size, "%.3g %s", value / scale->size, scale->name);
    return text;
}

static bool more_is_better(unit_t unit)
{
    return unit == UNIT_PER_SECOND || unit == UNIT_BANDWIDTH;
}

//  How far past the budget a figure is: at most 1 when it is met. One that is no number is
//  missed.
static double overrun(const row_t *row)
{
    double factor =
        more_is_better(row->unit) ? row->budget / row->value : row->value / row->budget;
    return isnan(factor) ? INFINITY : factor;
}

void bench_heading(const char *title)
{
    printf("\n%-58s %10s  %-24s %s\n", title, "measured", "ratio", "budget");
    fflush(stdout); // a section that crashes leaves its name
}

void bench_row(const bench_t *bench, const row_t *row)
{
    char value[32], budget[32], ratio[64] = "";
    if (row->beside > 0)
        snprintf(ratio, sizeof ratio, "%.3g x %s", row->value / row->beside, row->of);
    printf("  %-56s %10s  %-24s", row->name,
           figure_text(value, sizeof value, row->value, row->unit), ratio);
    if (row->budget > 0) {
        double factor = overrun(row);
        printf(" %s %-10s", more_is_better(row->unit) ? ">=" : "<=",
               figure_text(budget, sizeof budget, row->budget, row->unit));
        if (factor <= 1)
            printf(" met"), bench->tally->met++;
        else if (factor <= NEAR)
            printf(" near, %.2f x over", factor), bench->tally->near++;
        else
            printf(" MISSED, %.3g x over", factor), bench->tally->missed++;
    }
    putchar('\n');
    fflush(stdout);
}

void bench_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("    ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    fflush(stdout);
}

ipc_client_t *bench_client(ipc_error_t *error)
{
    ipc_client_t *client = ipc_client_new(NULL, error);
    if (client && ipc_client_wait(client, BENCH_ENGINES, BENCH_WAIT_MS, error))
        ipc_client_destroy(&client);
    return client;
}

int bench_finish(ipc_result_t *result, int timeout_ms, ipc_error_t *error)
{
    if (!ipc_result_wait(result, timeout_ms))
        return ipc_fail(error, IPC_E_TIMEOUT, "%zu of %zu were done after %d ms",
                        ipc_result_done(result), ipc_result_count(result), timeout_ms);
    if (ipc_result_ok(result))
        return 0;
    // The copy outlives the result, what hangs on it does not.
    *error = *ipc_result_error(result);
    error->more = NULL;
    return -1;
}
