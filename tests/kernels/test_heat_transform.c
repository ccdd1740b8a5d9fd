//  Transforms of lines, beside the sums that define them, and back.
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "kernels/heat/transform.h"
#include "tests/common/run_suite.h"

static const heat_boundary_t boundaries[] = {HEAT_FIXED, HEAT_PERIODIC, HEAT_INSULATED};

//  What stands at k of a line's transform.
static double wave_of(heat_boundary_t boundary, size_t n, const double *line, size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        const double at = (double) j;
        switch (boundary) {
        case HEAT_FIXED: sum += 2 * line[j] * sin(M_PI * (at + 1) * (double) (k + 1) / (double) (n + 1)); break;
        case HEAT_INSULATED: sum += 2 * line[j] * cos(M_PI * (at + 0.5) * (double) k / (double) n); break;
        case HEAT_PERIODIC:
            sum += k <= n / 2 ? line[j] * cos(2 * M_PI * at * (double) k / (double) n)
                              : -line[j] * sin(2 * M_PI * at * (double) (n - k) / (double) n);
            break;
        }
    }
    return sum;
}

typedef struct memory {
    void *line, *scratch, *table;
} memory_t;

static void *some(size_t numbers)
{
    void *at = aligned_alloc(64, (numbers * sizeof(double) + 127) / 64 * 64);
    ck_assert_ptr_nonnull(at);
    return at;
}

static void put(ipc_dtype_t dtype, void *line, size_t j, double number)
{
    if (dtype == IPC_F32)
        ((float *) line)[j] = (float) number;
    else
        ((double *) line)[j] = number;
}

static double get(ipc_dtype_t dtype, const void *line, size_t j)
{
    return dtype == IPC_F32 ? ((const float *) line)[j] : ((const double *) line)[j];
}

static void check(heat_plans_t *plans, size_t n, heat_boundary_t boundary, ipc_dtype_t dtype, double bound)
{
    const size_t period = heat_period(n, boundary);
    memory_t memory = {some(period), some(period + 2), some(heat_transform_table(n, boundary))};
    double *line = some(n);
    unsigned seed = 9;
    heat_transform_t transform;
    ipc_error_t error;
    ck_assert_int_eq(heat_transform_set(&transform, plans, n, dtype, boundary, false, memory.table, memory.line,
                                        memory.scratch, &error),
                     0);
    for (size_t j = 0; j < n; j++) line[j] = 1.0 * rand_r(&seed) / RAND_MAX;
    for (size_t j = 0; j < n; j++) put(dtype, memory.line, j, line[j]);
    heat_transform_forward(&transform, memory.line, memory.scratch);
    for (size_t k = 0; k < n; k++)
        ck_assert_double_eq_tol(get(dtype, memory.line, k), wave_of(boundary, n, line, k), bound * (double) n);
    heat_transform_backward(&transform, memory.line, memory.scratch);
    for (size_t j = 0; j < n; j++)
        ck_assert_double_eq_tol(transform.scale * get(dtype, memory.line, j), line[j], bound);
    free(line);
    free(memory.line);
    free(memory.scratch);
    free(memory.table);
}

START_TEST(lines_of_all_lengths_are_sums_of_waves)
{
    heat_plans_t *plans = heat_plans_new();
    for (size_t n = 1; n <= 64; n++)
        for (size_t b = 0; b < sizeof boundaries / sizeof *boundaries; b++) {
            check(plans, n, boundaries[b], IPC_F64, 1e-14);
            check(plans, n, boundaries[b], IPC_F32, 1e-6);
        }
    heat_plans_destroy(&plans);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("transform");
    tcase_add_test(tests, lines_of_all_lengths_are_sums_of_waves);
    return run_suite("heat_transform", tests);
}
